-- Which entries of the catalogue have changed, in order: searches hold what lists are filtered and sorted by in memory, and
-- read here what is new. Each entry has at most one row, also after it was deleted.
CREATE TABLE catalogue_change (
  sequence  INTEGER PRIMARY KEY AUTOINCREMENT,
  entry_id  INTEGER NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER catalogue_entry_added AFTER INSERT ON catalogue_entry BEGIN
  DELETE FROM catalogue_change WHERE entry_id = new.entry_id;
  INSERT INTO catalogue_change (entry_id) VALUES (new.entry_id);
END;
CREATE TRIGGER catalogue_entry_changed AFTER UPDATE ON catalogue_entry BEGIN
  DELETE FROM catalogue_change WHERE entry_id = new.entry_id;
  INSERT INTO catalogue_change (entry_id) VALUES (new.entry_id);
END;
CREATE TRIGGER catalogue_entry_removed AFTER DELETE ON catalogue_entry BEGIN
  DELETE FROM catalogue_change WHERE entry_id = old.entry_id;
  INSERT INTO catalogue_change (entry_id) VALUES (old.entry_id);
END;

-- On which sites a torrent is, is changed by these tables.
CREATE TRIGGER catalogue_origin_added AFTER INSERT ON catalogue_origin BEGIN
  DELETE FROM catalogue_change
    WHERE entry_id = (SELECT entry_id FROM catalogue_entry WHERE info_hash = new.info_hash);
  INSERT INTO catalogue_change (entry_id) SELECT entry_id FROM catalogue_entry WHERE info_hash = new.info_hash;
END;
CREATE TRIGGER catalogue_origin_moved AFTER UPDATE OF info_hash ON catalogue_origin
WHEN old.info_hash <> new.info_hash BEGIN
  DELETE FROM catalogue_change
    WHERE entry_id IN (SELECT entry_id FROM catalogue_entry WHERE info_hash IN (old.info_hash, new.info_hash));
  INSERT INTO catalogue_change (entry_id)
    SELECT entry_id FROM catalogue_entry WHERE info_hash IN (old.info_hash, new.info_hash);
END;
CREATE TRIGGER catalogue_origin_removed AFTER DELETE ON catalogue_origin BEGIN
  DELETE FROM catalogue_change
    WHERE entry_id = (SELECT entry_id FROM catalogue_entry WHERE info_hash = old.info_hash);
  INSERT INTO catalogue_change (entry_id) SELECT entry_id FROM catalogue_entry WHERE info_hash = old.info_hash;
END;
CREATE TRIGGER catalogue_offer_added AFTER INSERT ON catalogue_offer BEGIN
  DELETE FROM catalogue_change
    WHERE entry_id = (SELECT entry_id FROM catalogue_entry WHERE info_hash = new.info_hash);
  INSERT INTO catalogue_change (entry_id) SELECT entry_id FROM catalogue_entry WHERE info_hash = new.info_hash;
END;
CREATE TRIGGER catalogue_offer_removed AFTER DELETE ON catalogue_offer BEGIN
  DELETE FROM catalogue_change
    WHERE entry_id = (SELECT entry_id FROM catalogue_entry WHERE info_hash = old.info_hash);
  INSERT INTO catalogue_change (entry_id) SELECT entry_id FROM catalogue_entry WHERE info_hash = old.info_hash;
END;

-- Words are found by their beginning, too: terms of one or two characters are too short for the index of parts. Scripts
-- without spaces have their words in search_pairs: every two neighbouring characters. It fills when torrents are stored again.
ALTER TABLE catalogue_torrent ADD COLUMN search_pairs TEXT NOT NULL DEFAULT '';
DROP TRIGGER catalogue_torrent_added;
DROP TRIGGER catalogue_torrent_renamed;
DROP TABLE catalogue_vocabulary;
DROP TABLE catalogue_words;
CREATE VIRTUAL TABLE catalogue_words USING fts5(text, content = '', contentless_delete = 1, detail = none,
  prefix = '1 2', tokenize = 'unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE catalogue_vocabulary USING fts5vocab('catalogue_words', 'row');
INSERT INTO catalogue_words (rowid, text) SELECT rowid, text FROM catalogue_text;
INSERT INTO catalogue_words (catalogue_words) VALUES ('optimize');

CREATE TRIGGER catalogue_torrent_added AFTER INSERT ON catalogue_torrent BEGIN
  INSERT INTO catalogue_entry (info_hash, name, category, total_bytes, seeds, leechers, rank, score, first_seen_ms)
    VALUES (new.info_hash, new.name, new.category, new.total_bytes, new.seeds, new.leechers, new.rank, new.score,
      new.first_seen_ms);
  INSERT INTO catalogue_text (rowid, text)
    SELECT entry_id, new.search_text FROM catalogue_entry WHERE info_hash = new.info_hash;
  INSERT INTO catalogue_words (rowid, text)
    SELECT entry_id, new.search_text || char(10) || new.search_pairs FROM catalogue_entry
    WHERE info_hash = new.info_hash;
END;
CREATE TRIGGER catalogue_torrent_renamed AFTER UPDATE OF search_text, search_pairs ON catalogue_torrent BEGIN
  UPDATE catalogue_text SET text = new.search_text
    WHERE rowid = (SELECT entry_id FROM catalogue_entry WHERE info_hash = new.info_hash);
  UPDATE catalogue_words SET text = new.search_text || char(10) || new.search_pairs
    WHERE rowid = (SELECT entry_id FROM catalogue_entry WHERE info_hash = new.info_hash);
END;

-- Sorting by them and filtering happens in memory; only names are read in their order.
DROP INDEX catalogue_entry_best;
DROP INDEX catalogue_entry_added;
DROP INDEX catalogue_entry_seeds;
DROP INDEX catalogue_entry_size;
DROP INDEX catalogue_entry_category;
DROP INDEX catalogue_entry_kind;
