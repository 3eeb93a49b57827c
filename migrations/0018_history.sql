-- Time series (src/history). Times are seconds since the Unix epoch, UTC.
CREATE TABLE history_series (
  series_key INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  label TEXT NOT NULL,                  -- the value of its label, '' if it has none
  UNIQUE (name, label)
) STRICT;

-- All series at one minute, until they are transposed into blocks: a 32-bit float for each series_key.
CREATE TABLE history_slice (
  at_seconds INTEGER PRIMARY KEY,
  data BLOB NOT NULL
) STRICT;

-- One series over one period, compressed. block_id = number of the period × 2^20 + series_key, so that a new period is appended.
CREATE TABLE history_minute (block_id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
CREATE TABLE history_five_minutes (block_id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
CREATE TABLE history_hour (block_id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;

-- The periods whose blocks are complete. The others are read from the finer table.
CREATE TABLE history_period (
  step_seconds INTEGER NOT NULL,
  period INTEGER NOT NULL,
  PRIMARY KEY (step_seconds, period)
) STRICT, WITHOUT ROWID;

-- Events beside the plots: reloads, restarts, billing periods.
CREATE TABLE history_mark (
  mark_id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX history_mark_at ON history_mark (at_ms);
