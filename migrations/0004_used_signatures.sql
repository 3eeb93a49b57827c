-- Signatures of requests that were used and are not too old to be used again; deleted once they expire.

CREATE TABLE used_signature (
  signature BLOB PRIMARY KEY,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX used_signature_expires ON used_signature (expires_ms);
