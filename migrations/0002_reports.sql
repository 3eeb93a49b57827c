-- Traffic density and node capability (ATTP draft 4.3.1, 4.3.2). Times are milliseconds since the Unix epoch, UTC.

CREATE TABLE probe (
  probe_key INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  highest_sequence INTEGER NOT NULL,
  last_received_ms INTEGER NOT NULL,
  last_period_seconds INTEGER NOT NULL,
  -- The newest delays between the end of a period and its arrival, a JSON array: what the clock skew is estimated from.
  delays_ms TEXT NOT NULL,
  accepted INTEGER NOT NULL,
  duplicates INTEGER NOT NULL,
  quarantined INTEGER NOT NULL
) STRICT;

CREATE TABLE reporting_subdomain (
  subdomain_key INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- Raw reports, kept for a day after they came in; ids rise with arrival, so pruning walks them from the lowest.
CREATE TABLE density_report (
  report_id INTEGER PRIMARY KEY,
  probe_key INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  period_start_ms INTEGER NOT NULL,
  period_seconds INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  UNIQUE (probe_key, sequence)
) STRICT;

CREATE TABLE density_sample (
  report_id INTEGER NOT NULL,
  subdomain_key INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  users INTEGER,
  quarantine_reason TEXT,
  PRIMARY KEY (report_id, subdomain_key)
) STRICT, WITHOUT ROWID;

-- What each probe last said of each sub-domain, and the rates its next value is judged by.
CREATE TABLE density_latest (
  probe_key INTEGER NOT NULL,
  subdomain_key INTEGER NOT NULL,
  reading TEXT NOT NULL,
  PRIMARY KEY (probe_key, subdomain_key)
) STRICT, WITHOUT ROWID;

-- Roll-ups hold sums over the covered time, so that overlapping or repeated periods leave the mean as it is:
-- bytes per second = bytes / covered_seconds, users = user_seconds / user_covered_seconds.
CREATE TABLE density_five_minutes (
  subdomain_key INTEGER NOT NULL,
  bucket_start_seconds INTEGER NOT NULL,
  probe_key INTEGER NOT NULL,
  bytes REAL NOT NULL,
  covered_seconds REAL NOT NULL,
  user_seconds REAL NOT NULL,
  user_covered_seconds REAL NOT NULL,
  PRIMARY KEY (subdomain_key, bucket_start_seconds, probe_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE density_hour (
  subdomain_key INTEGER NOT NULL,
  bucket_start_seconds INTEGER NOT NULL,
  probe_key INTEGER NOT NULL,
  bytes REAL NOT NULL,
  covered_seconds REAL NOT NULL,
  user_seconds REAL NOT NULL,
  user_covered_seconds REAL NOT NULL,
  PRIMARY KEY (subdomain_key, bucket_start_seconds, probe_key)
) STRICT, WITHOUT ROWID;

-- Users of a sub-domain as the BRAS counts them, for probes that do not know.
CREATE TABLE subdomain_users (
  subdomain_key INTEGER PRIMARY KEY,
  users INTEGER NOT NULL,
  received_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE capability (
  address TEXT PRIMARY KEY,
  port INTEGER,
  cpu_utilisation REAL,
  memory_utilisation REAL,
  available_uplink_bps REAL,
  role TEXT NOT NULL,
  received_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Tokens are 256 random bits; only their SHA-256 is kept.
CREATE TABLE access_token (
  token_id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('probe', 'control', 'upstream')),
  subject TEXT NOT NULL,
  -- A JSON array of sub-domain ids; only for probes.
  subdomains TEXT NOT NULL,
  token_sha256 TEXT NOT NULL UNIQUE,
  created_ms INTEGER NOT NULL,
  revoked_ms INTEGER
) STRICT;
