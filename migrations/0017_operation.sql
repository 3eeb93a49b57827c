-- What an operator has switched off for a while, until it ends or is resumed. A restart does not end it.
CREATE TABLE operation_pause (
  what      TEXT PRIMARY KEY CHECK (what IN ('redirection', 'localisation', 'drain')),
  since_ms  INTEGER NOT NULL,
  until_ms  INTEGER,                        -- NULL: until resumed
  actor     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every change that an operator made, through the API or the command line.
CREATE TABLE operator_action (
  action_id  INTEGER PRIMARY KEY,
  at_ms      INTEGER NOT NULL,
  actor      TEXT NOT NULL,                 -- the name of the token, or the user of the command line
  address    TEXT,                          -- NULL: the command line on this machine
  action     TEXT NOT NULL,
  subject    TEXT,
  result     TEXT NOT NULL CHECK (result IN ('done', 'refused', 'failed')),
  details    TEXT NOT NULL                  -- JSON: the request without secrets, and what became of it
) STRICT;
CREATE INDEX operator_action_at ON operator_action (at_ms);
