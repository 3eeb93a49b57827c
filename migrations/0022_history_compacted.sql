-- Minutes whose values are in blocks. Their slices are deleted a few at a time; until then nobody reads them.
CREATE TABLE history_slice_compacted (at_seconds INTEGER PRIMARY KEY) STRICT;
