-- Torrents that the controller has put into a cache. What the client says is the truth; this is since when, and what it was.
CREATE TABLE cache_holding (
  cache        TEXT NOT NULL,
  info_hash    TEXT NOT NULL CHECK (length(info_hash) = 40),
  name         TEXT NOT NULL,
  source       TEXT NOT NULL,
  since_ms     INTEGER NOT NULL,
  complete_ms  INTEGER,
  PRIMARY KEY (cache, info_hash)
) STRICT, WITHOUT ROWID;

-- Caches that the operator has taken out.
CREATE TABLE cache_drain (
  cache  TEXT PRIMARY KEY,
  actor  TEXT NOT NULL,
  at_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Torrents that the operator has asked for, until a cache has them.
CREATE TABLE cache_request (
  info_hash  TEXT NOT NULL CHECK (length(info_hash) = 40),
  cache      TEXT NOT NULL,                 -- '': any one
  now        INTEGER NOT NULL CHECK (now IN (0, 1)),
  actor      TEXT NOT NULL,
  at_ms      INTEGER NOT NULL,
  PRIMARY KEY (info_hash, cache)
) STRICT, WITHOUT ROWID;

-- Inner demand, which decays over days.
CREATE TABLE cache_demand (
  info_hash  TEXT PRIMARY KEY CHECK (length(info_hash) = 40),
  waiting    REAL NOT NULL,
  joined     REAL NOT NULL,
  peers      INTEGER NOT NULL,
  at_ms      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Everything that was done to a cache, and why.
CREATE TABLE cache_log (
  log_id     INTEGER PRIMARY KEY,
  at_ms      INTEGER NOT NULL,
  cache      TEXT NOT NULL,
  info_hash  TEXT,
  name       TEXT,
  action     TEXT NOT NULL,
  reason     TEXT NOT NULL,
  actor      TEXT NOT NULL,                 -- "controller", or who used the API
  saving     REAL,                          -- expected per day when it was done
  currency   TEXT
) STRICT;
