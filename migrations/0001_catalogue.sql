-- The catalogue: what the crawler found and the mirror site serves. Times are milliseconds since the Unix epoch.

-- A torrent as it was found. It is rewritten when it is served, so that a changed announce URL holds at once for all.
CREATE TABLE catalogue_torrent (
  info_hash         TEXT PRIMARY KEY CHECK (length(info_hash) = 40),
  -- The second hash under which clients of a hybrid torrent announce (BEP 52).
  hybrid_info_hash  TEXT CHECK (length(hybrid_info_hash) = 40),
  info_hash_v2      TEXT CHECK (length(info_hash_v2) = 64),
  name              TEXT NOT NULL,
  total_bytes       INTEGER,
  piece_bytes       INTEGER,
  files_json        TEXT NOT NULL,          -- [{"path": …, "bytes": …}]
  file_count        INTEGER NOT NULL,
  tracker_tiers_json TEXT NOT NULL,         -- [[url, …], …], the original ones
  torrent_bytes     BLOB,                   -- the original file, or
  magnet            TEXT,                   -- the original link, where the site has no file
  source            TEXT NOT NULL,
  page_url          TEXT,
  torrent_url       TEXT,
  seeds             INTEGER,
  leechers          INTEGER,
  score             REAL NOT NULL,
  rank              INTEGER,                -- NULL: no longer in the top, kept until its time is up
  first_seen_ms     INTEGER NOT NULL,
  last_seen_ms      INTEGER NOT NULL,       -- last time it was in the top
  fetched_ms        INTEGER NOT NULL,
  search_text       TEXT NOT NULL,          -- folded name and file names, bounded: what a search looks through
  CHECK (torrent_bytes IS NOT NULL OR magnet IS NOT NULL)
) STRICT;
CREATE INDEX catalogue_torrent_hybrid ON catalogue_torrent (hybrid_info_hash) WHERE hybrid_info_hash IS NOT NULL;
CREATE INDEX catalogue_torrent_last_seen ON catalogue_torrent (last_seen_ms);

-- Where on the original sites a torrent lies, so that the same address under redirected DNS leads to it.
CREATE TABLE catalogue_origin (
  host       TEXT NOT NULL,                 -- lower case, without port
  path       TEXT NOT NULL,                 -- with the query
  kind       TEXT NOT NULL CHECK (kind IN ('torrent', 'page')),
  info_hash  TEXT NOT NULL REFERENCES catalogue_torrent ON DELETE CASCADE,
  PRIMARY KEY (host, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX catalogue_origin_info_hash ON catalogue_origin (info_hash);

-- The lists and feeds of the original sites that the crawler reads.
CREATE TABLE catalogue_listing (
  host    TEXT NOT NULL,
  path    TEXT NOT NULL,
  kind    TEXT NOT NULL CHECK (kind IN ('feed', 'html')),
  source  TEXT NOT NULL,
  PRIMARY KEY (host, path)
) STRICT, WITHOUT ROWID;

-- Documents with their validators, for conditional requests (RFC 9110 section 13).
CREATE TABLE crawler_document (
  url            TEXT PRIMARY KEY,
  etag           TEXT,
  last_modified  TEXT,
  content_type   TEXT,
  body           BLOB NOT NULL,
  fetched_ms     INTEGER NOT NULL
) STRICT;

-- How far each access log has been read; the inode tells a rotated file from a grown one.
CREATE TABLE crawler_log_position (
  file    TEXT PRIMARY KEY,
  inode   INTEGER NOT NULL,
  offset  INTEGER NOT NULL
) STRICT;

-- Requests counted from access logs by day. Counts only: nothing about who asked is kept.
CREATE TABLE crawler_request_count (
  source  TEXT NOT NULL,
  target  TEXT NOT NULL,                    -- the URL of a .torrent file, or urn:btih:…
  day     INTEGER NOT NULL,                 -- days since the Unix epoch
  count   INTEGER NOT NULL,
  PRIMARY KEY (source, target, day)
) STRICT, WITHOUT ROWID;
