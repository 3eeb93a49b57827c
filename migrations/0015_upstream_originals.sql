-- What the exchange knows of original trackers, so that a restart asks none of them too early or too often.
CREATE TABLE upstream_original (
  name             TEXT PRIMARY KEY,    -- protocol, host and port
  asked_ms         INTEGER NOT NULL,
  answered_ms      INTEGER NOT NULL,
  interval_seconds INTEGER,
  failures         INTEGER NOT NULL,    -- consecutive
  retry_ms         INTEGER NOT NULL,
  failure          TEXT,
  budget_start_ms  INTEGER NOT NULL,
  budget_used      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX upstream_original_asked ON upstream_original (asked_ms);
CREATE TABLE upstream_due (
  pair   TEXT PRIMARY KEY,              -- original, info-hash and address family
  due_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX upstream_due_ms ON upstream_due (due_ms);
