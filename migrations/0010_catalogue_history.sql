-- What lists are filtered by besides, and what feeds and pages say of a torrent. torrent_kind() is src/domain/torrent-kind.ts.
ALTER TABLE catalogue_entry ADD COLUMN kind TEXT;
-- Of its file without the announce keys: with them, the length of any rewritten file. NULL until the file is fetched again.
ALTER TABLE catalogue_entry ADD COLUMN untracked_bytes INTEGER;
-- What the peers inside the network may send to one more, in bits per second. NULL: unknown.
ALTER TABLE catalogue_entry ADD COLUMN inside_bps INTEGER;
UPDATE catalogue_entry SET kind =
  (SELECT torrent_kind(name, files_json) FROM catalogue_torrent AS torrent WHERE torrent.info_hash = catalogue_entry.info_hash);
CREATE INDEX catalogue_entry_kind ON catalogue_entry (kind);

-- Seeds and leechers over the last day. Rows of one time lie together: they are written and deleted together. A row that is
-- older than the torrent (first_seen_ms) belongs to an earlier one with the same number.
CREATE TABLE catalogue_swarm_sample (
  slot             INTEGER NOT NULL,          -- quarters of an hour since 1970
  entry_id         INTEGER NOT NULL,
  inside_seeds     INTEGER NOT NULL,
  inside_leechers  INTEGER NOT NULL,
  outside_seeds    INTEGER,
  PRIMARY KEY (slot, entry_id)
) STRICT, WITHOUT ROWID;

-- Popularity after crawls: by the hour for two days, by six hours for a month; the latest crawl of that time counts.
CREATE TABLE catalogue_popularity_sample (
  hours       INTEGER NOT NULL,               -- 1 or 6
  slot        INTEGER NOT NULL,               -- of so many hours since 1970
  entry_id    INTEGER NOT NULL,
  popularity  REAL NOT NULL,
  rank        INTEGER NOT NULL,
  PRIMARY KEY (hours, slot, entry_id)
) STRICT, WITHOUT ROWID;
