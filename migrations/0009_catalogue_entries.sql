-- What lists sort, filter and search by, apart from the torrents with their files: a page of a catalogue of 100,000
-- torrents reads these rows alone. Triggers keep them in step, whoever writes the torrents.

CREATE TABLE catalogue_entry (
  entry_id         INTEGER PRIMARY KEY,
  info_hash        TEXT NOT NULL UNIQUE,
  name             TEXT NOT NULL,
  category         TEXT,
  total_bytes      INTEGER,
  seeds            INTEGER,
  leechers         INTEGER,
  rank             INTEGER,
  score            REAL NOT NULL,
  first_seen_ms    INTEGER NOT NULL,
  -- Peers inside the network, as the tracker last counted them.
  inside_seeds     INTEGER NOT NULL DEFAULT 0,
  inside_leechers  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX catalogue_entry_best ON catalogue_entry (inside_seeds DESC, rank IS NULL, rank, score DESC, info_hash);
CREATE INDEX catalogue_entry_rank ON catalogue_entry (rank IS NULL, rank, score DESC, info_hash);
CREATE INDEX catalogue_entry_added ON catalogue_entry (first_seen_ms DESC, info_hash);
CREATE INDEX catalogue_entry_seeds ON catalogue_entry (seeds DESC, info_hash);
CREATE INDEX catalogue_entry_size ON catalogue_entry (total_bytes DESC, info_hash);
CREATE INDEX catalogue_entry_name ON catalogue_entry (name COLLATE NOCASE, info_hash);
CREATE INDEX catalogue_entry_category ON catalogue_entry (category);

-- Parts of words, for searches.
CREATE VIRTUAL TABLE catalogue_text USING fts5(text, tokenize = 'trigram remove_diacritics 1');
-- Words, to find the one that a misspelt word means.
CREATE VIRTUAL TABLE catalogue_words USING fts5(text, content = '', contentless_delete = 1, detail = none,
  tokenize = 'unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE catalogue_vocabulary USING fts5vocab('catalogue_words', 'row');

INSERT INTO catalogue_entry (info_hash, name, category, total_bytes, seeds, leechers, rank, score, first_seen_ms)
  SELECT info_hash, name, category, total_bytes, seeds, leechers, rank, score, first_seen_ms FROM catalogue_torrent;
INSERT INTO catalogue_text (rowid, text)
  SELECT entry_id, search_text FROM catalogue_entry JOIN catalogue_torrent USING (info_hash);
INSERT INTO catalogue_words (rowid, text) SELECT rowid, text FROM catalogue_text;

CREATE TRIGGER catalogue_torrent_added AFTER INSERT ON catalogue_torrent BEGIN
  INSERT INTO catalogue_entry (info_hash, name, category, total_bytes, seeds, leechers, rank, score, first_seen_ms)
    VALUES (new.info_hash, new.name, new.category, new.total_bytes, new.seeds, new.leechers, new.rank, new.score,
      new.first_seen_ms);
  INSERT INTO catalogue_text (rowid, text)
    SELECT entry_id, new.search_text FROM catalogue_entry WHERE info_hash = new.info_hash;
  INSERT INTO catalogue_words (rowid, text)
    SELECT entry_id, new.search_text FROM catalogue_entry WHERE info_hash = new.info_hash;
END;

CREATE TRIGGER catalogue_torrent_changed
AFTER UPDATE OF name, category, total_bytes, seeds, leechers, rank, score ON catalogue_torrent BEGIN
  UPDATE catalogue_entry SET name = new.name, category = new.category, total_bytes = new.total_bytes,
      seeds = new.seeds, leechers = new.leechers, rank = new.rank, score = new.score
    WHERE info_hash = new.info_hash;
END;

CREATE TRIGGER catalogue_torrent_renamed AFTER UPDATE OF search_text ON catalogue_torrent BEGIN
  UPDATE catalogue_text SET text = new.search_text
    WHERE rowid = (SELECT entry_id FROM catalogue_entry WHERE info_hash = new.info_hash);
  UPDATE catalogue_words SET text = new.search_text
    WHERE rowid = (SELECT entry_id FROM catalogue_entry WHERE info_hash = new.info_hash);
END;

CREATE TRIGGER catalogue_torrent_removed AFTER DELETE ON catalogue_torrent BEGIN
  DELETE FROM catalogue_text WHERE rowid = (SELECT entry_id FROM catalogue_entry WHERE info_hash = old.info_hash);
  DELETE FROM catalogue_words WHERE rowid = (SELECT entry_id FROM catalogue_entry WHERE info_hash = old.info_hash);
  DELETE FROM catalogue_entry WHERE info_hash = old.info_hash;
END;
