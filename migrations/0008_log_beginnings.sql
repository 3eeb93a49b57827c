-- A rotated log is known again by its beginning: copytruncate and compression give it another inode.
ALTER TABLE crawler_log_position ADD COLUMN head TEXT NOT NULL DEFAULT '';          -- SHA-256 of its first bytes
ALTER TABLE crawler_log_position ADD COLUMN head_bytes INTEGER NOT NULL DEFAULT 0;  -- 0: known by its inode alone
ALTER TABLE crawler_log_position ADD COLUMN modified_ms REAL NOT NULL DEFAULT 0;
