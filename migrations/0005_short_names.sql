-- Names are cut to 255 bytes where they are read now. Those that were stored before are cut here: a page of names of
-- megabytes each takes minutes to send.
UPDATE catalogue_torrent SET name = substr(name, 1, 255) WHERE length(name) > 255;
