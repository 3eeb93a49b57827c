-- What sites call a torrent and say of it, beside what its file says.
ALTER TABLE catalogue_torrent ADD COLUMN title TEXT;
ALTER TABLE catalogue_torrent ADD COLUMN category TEXT;
ALTER TABLE catalogue_torrent ADD COLUMN published_ms INTEGER;

-- Every place where a torrent is offered. URLs are stored without personal keys.
CREATE TABLE catalogue_offer (
  info_hash     TEXT NOT NULL REFERENCES catalogue_torrent ON DELETE CASCADE,
  source        TEXT NOT NULL,
  site          TEXT NOT NULL,              -- host without port and "www."; empty if the source names no site
  torrent_url   TEXT,
  page_url      TEXT,
  title         TEXT,
  last_seen_ms  INTEGER NOT NULL,
  PRIMARY KEY (info_hash, source, site)
) STRICT, WITHOUT ROWID;

-- What the operator has decided on a torrent, in the catalogue or not.
CREATE TABLE catalogue_decision (
  info_hash  TEXT PRIMARY KEY CHECK (length(info_hash) = 40),
  decision   TEXT NOT NULL CHECK (decision IN ('pin', 'deny')),
  reason     TEXT,
  actor      TEXT NOT NULL,
  at_ms      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every change of what the mirror site publishes. Nothing refers to a torrent that has to exist.
CREATE TABLE catalogue_log (
  log_id     INTEGER PRIMARY KEY,
  at_ms      INTEGER NOT NULL,
  info_hash  TEXT NOT NULL,
  name       TEXT NOT NULL,
  action     TEXT NOT NULL,
  actor      TEXT NOT NULL,                 -- "crawler", or who used the API or the command
  source     TEXT,
  details    TEXT NOT NULL                  -- JSON, by action
) STRICT;
CREATE INDEX catalogue_log_info_hash ON catalogue_log (info_hash);

-- Popularity over time, by which the top is chosen, and the numbers that it was last made of.
CREATE TABLE catalogue_popularity (
  info_hash          TEXT PRIMARY KEY CHECK (length(info_hash) = 40),
  popularity         REAL NOT NULL,
  updated_ms         INTEGER NOT NULL,
  downloads          INTEGER,               -- completed, as last reported
  downloads_ms       INTEGER,
  downloads_per_day  REAL,
  numbers            TEXT NOT NULL          -- JSON: what the latest crawl found
) STRICT, WITHOUT ROWID;

-- Sites that asked to be left alone for longer than a crawl waits.
CREATE TABLE crawler_host (
  host      TEXT PRIMARY KEY,
  until_ms  INTEGER NOT NULL,
  reason    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What cooperating sites have pushed and not withdrawn.
CREATE TABLE catalogue_push (
  source       TEXT NOT NULL,
  info_hash    TEXT NOT NULL CHECK (length(info_hash) = 40),
  candidate    TEXT NOT NULL,               -- JSON
  received_ms  INTEGER NOT NULL,
  PRIMARY KEY (source, info_hash)
) STRICT, WITHOUT ROWID;

-- Files that were fetched, but not good enough for the top: their trackers can be asked again without another fetch.
CREATE TABLE crawler_known_file (
  address    TEXT PRIMARY KEY,              -- host and path in their one spelling
  info_hash  TEXT NOT NULL,
  trackers   TEXT NOT NULL,                 -- JSON
  seen_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
