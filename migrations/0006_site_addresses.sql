-- Hosts are stored without "www.", and addresses in one spelling (src/domain/site-address.ts). Paths that were stored
-- before are stored again when their file is fetched again, within a day.
INSERT OR IGNORE INTO catalogue_origin
  SELECT substr(host, 5), path, kind, info_hash FROM catalogue_origin WHERE host LIKE 'www.%.%';
DELETE FROM catalogue_origin WHERE host LIKE 'www.%.%';
INSERT OR IGNORE INTO catalogue_listing
  SELECT substr(host, 5), path, kind, source FROM catalogue_listing WHERE host LIKE 'www.%.%';
DELETE FROM catalogue_listing WHERE host LIKE 'www.%.%';

-- Personal keys in addresses are no longer stored. What may hold one is fetched or counted anew.
DELETE FROM crawler_document;
DELETE FROM catalogue_origin
  WHERE path LIKE '%key=%' OR path LIKE '%pass=%' OR path LIKE '%token=%' OR path LIKE '%auth=%' OR path LIKE '%pid=%';
DELETE FROM catalogue_listing
  WHERE path LIKE '%key=%' OR path LIKE '%pass=%' OR path LIKE '%token=%' OR path LIKE '%auth=%' OR path LIKE '%pid=%';
DELETE FROM crawler_request_count
  WHERE target LIKE '%key=%' OR target LIKE '%pass=%' OR target LIKE '%token=%' OR target LIKE '%auth=%'
    OR target LIKE '%pid=%';
UPDATE catalogue_torrent SET torrent_url = NULL
  WHERE torrent_url LIKE '%key=%' OR torrent_url LIKE '%pass=%' OR torrent_url LIKE '%token=%'
    OR torrent_url LIKE '%auth=%' OR torrent_url LIKE '%pid=%' OR torrent_url LIKE '%://%@%';
