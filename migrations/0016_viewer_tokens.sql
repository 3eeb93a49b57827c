-- Tokens of viewers, who may read everything and change nothing. SQLite cannot change a CHECK, so the table is made anew.

CREATE TABLE access_token_of_all_kinds (
  token_id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('probe', 'control', 'viewer', 'upstream')),
  subject TEXT NOT NULL,
  -- A JSON array of sub-domain ids; only for probes.
  subdomains TEXT NOT NULL,
  token_sha256 TEXT NOT NULL UNIQUE,
  created_ms INTEGER NOT NULL,
  revoked_ms INTEGER
) STRICT;

INSERT INTO access_token_of_all_kinds SELECT * FROM access_token;
DROP TABLE access_token;
ALTER TABLE access_token_of_all_kinds RENAME TO access_token;
