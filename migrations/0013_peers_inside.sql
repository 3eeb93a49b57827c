-- Counting peers inside reads the torrents that had some: usually few of many.
CREATE INDEX catalogue_entry_inside ON catalogue_entry (info_hash) WHERE inside_seeds + inside_leechers > 0;
