-- What the savings estimate needs, so that a restart loses at most a minute. Bytes are what the operator's own clients announced.
-- The key puts each household into its group; with another key all households would change theirs.
CREATE TABLE household_key (
  id  INTEGER PRIMARY KEY CHECK (id = 1),
  key BLOB NOT NULL
) STRICT;
CREATE TABLE savings_hour (
  hour_ms          INTEGER NOT NULL,
  period           TEXT NOT NULL,       -- of billing.schedule; empty outside of all periods
  bytes            BLOB NOT NULL,       -- 32-bit floats: class × replicate × measure, see src/selection/traffic-classes.ts
  localised_bytes  REAL NOT NULL,       -- downloaded by localised households
  random_cost      REAL NOT NULL,       -- the same × the mean rate of foreign peers in random answers
  localised_share  REAL NOT NULL,       -- their foreign bytes by the share of peers
  localised_cost   REAL NOT NULL,       -- the same × the mean rate of foreign peers in localised answers
  PRIMARY KEY (hour_ms, period)
) STRICT, WITHOUT ROWID;
-- By sub-domain ('subdomain'), foreign network ('source') or torrent ('torrent').
CREATE TABLE savings_day (
  day_ms     INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  name       TEXT NOT NULL,
  downloaded REAL NOT NULL,             -- bytes; of a source: bytes that it would have sent if all downloads were foreign
  foreign_by_share REAL NOT NULL,
  PRIMARY KEY (day_ms, kind, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE savings_five_minutes (
  at_ms          INTEGER PRIMARY KEY,
  foreign_bytes  REAL NOT NULL,
  baseline_bytes REAL                   -- null: there was no baseline
) STRICT;
