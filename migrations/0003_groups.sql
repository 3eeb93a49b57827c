-- Numbers of locality groups: given once, kept for the life of the data directory.
CREATE TABLE locality_group (
  number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 65535),
  name   TEXT NOT NULL UNIQUE
) STRICT;
