-- What the catalogue said of a torrent when a cache took it: decisions on either hash of a hybrid torrent (BEP 52) hold, and its
-- room is counted, also after the catalogue has forgotten it and before its client has answered.
ALTER TABLE cache_holding ADD COLUMN hybrid_info_hash TEXT CHECK (length(hybrid_info_hash) = 40);
ALTER TABLE cache_holding ADD COLUMN total_bytes INTEGER NOT NULL DEFAULT 0;   -- 0: not known
