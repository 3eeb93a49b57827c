-- Alarms, open and past.
CREATE TABLE alarm (
  alarm_id  INTEGER PRIMARY KEY,
  id        TEXT NOT NULL,
  subject   TEXT NOT NULL,                  -- '': the alarm concerns the whole program
  severity  TEXT NOT NULL,
  text      TEXT NOT NULL,
  remedy    TEXT NOT NULL,
  begun_ms  INTEGER NOT NULL,
  ended_ms  INTEGER                         -- NULL: open
) STRICT;
CREATE INDEX alarm_open ON alarm (id, subject) WHERE ended_ms IS NULL;
CREATE INDEX alarm_begun ON alarm (begun_ms);
