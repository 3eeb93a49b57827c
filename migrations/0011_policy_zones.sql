-- Response policy zones: their versions, so that serials only rise, and what each secondary has.
CREATE TABLE policy_zone (
  zone    TEXT PRIMARY KEY,
  history TEXT NOT NULL        -- JSON: the current version and the last differences
) STRICT;
CREATE TABLE policy_zone_secondary (
  zone      TEXT NOT NULL,
  secondary TEXT NOT NULL,     -- its address and port
  serial    INTEGER NOT NULL,
  PRIMARY KEY (zone, secondary)
) STRICT;
