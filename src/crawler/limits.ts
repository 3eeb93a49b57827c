/** Limits on what the crawler reads from sites and logs that strangers write. */

/** A feed or list page. The largest public feeds have a few hundred kilobytes. */
export const MAX_DOCUMENT_BYTES = 8_000_000;
/** Nesting of elements in a feed or list page; browsers stop at 512 too. */
export const MAX_ELEMENT_DEPTH = 512;
/** Elements, attributes and texts of one document. A feed of 8 MB has about 600,000. */
export const MAX_DOCUMENT_NODES = 1_000_000;
/** Items within items of a list page, as in nested tables. Each level costs another pass over the content. */
export const MAX_ITEM_NESTING = 4;
/** Characters that are read of one field of a feed; swarm sizes are at the start of a description. */
export const MAX_FIELD_CHARACTERS = 20_000;
/** Candidates of one source in one crawl, those with the highest score; about 20 MB. All entries of a document are read. */
export const MAX_CANDIDATES_PER_SOURCE = 20_000;
/** Links that are read of one entry of a feed. */
export const MAX_LINKS_PER_ITEM = 100;
/** What a compressed document may become. A sitemap has up to 50 MB. */
export const MAX_UNPACKED_BYTES = 64_000_000;
/** Cells of one row of a CSV file. */
export const MAX_CSV_COLUMNS = 1_000;
/** Sitemaps that one crawl reads of one source; each has up to 50,000 addresses. */
export const MAX_SITEMAPS = 100;
/** Bytes of UTF-8 of a site's title for a torrent, truncated above. Titles with years, formats and names reach 500. */
export const MAX_TITLE_BYTES = 1_000;
/** Bytes of UTF-8 of a category, truncated above. */
export const MAX_CATEGORY_BYTES = 200;
/** Addresses of one torrent file that an item of a source may name: the site, its mirrors, a cache of files. */
export const MAX_TORRENT_URLS = 8;
/** Files of one torrent that the catalogue lists; more rows make a page that browsers struggle with. */
export const MAX_LISTED_FILES = 1_000;
/** The largest known swarm had a few hundred thousand peers; larger numbers are false and taken as unknown. */
export const MAX_SWARM_COUNT = 10_000_000;
/** Characters of a number, with its separators. */
export const MAX_COUNT_CHARACTERS = 32;
/** Bytes of one access log read in one crawl; the next crawl reads the rest. */
export const MAX_LOG_BYTES_PER_CRAWL = 512_000_000;
/** Squid and nginx limit request lines to 8 to 64 kibibytes. */
export const MAX_LOG_LINE_BYTES = 65_536;
/** Different torrents counted in one pass over a log. */
export const MAX_LOG_TARGETS = 200_000;
/** Of lines that were sent over UDP and wait to be counted; some seconds of the busiest caches. */
export const MAX_LOG_QUEUE_BYTES = 8_000_000;
/** Of one part of a log, about a megabyte, that is read at once. */
export const MAX_LOG_URLS_PER_CHUNK = 50_000;
/** Failures of a site in a row (unreachable, too slow, an error of its own) after which a crawl asks it no more. */
export const MAX_HOST_FAILURES = 3;
/** Answers of a site in a row that cannot be used (404, not a torrent, private). Old lists have a few dead links in a row. */
export const MAX_DEAD_LINKS = 12;
/** Candidates of one source that a crawl tries in vain, for each place in the top. */
export const TRIES_PER_PLACE = 3;
/** And at least this many, so that a small top survives a page of dead links. */
export const MIN_TRIES = 30;
/** The best candidates of one source that a crawl compares, for each place in the top, and at least. */
export const CANDIDATES_PER_PLACE = 20;
export const MIN_CANDIDATES = 5_000;
/** Torrents of one push, and of one site in all. */
export const MAX_TORRENTS_PER_PUSH = 1_000;
export const MAX_PUSHED_PER_SOURCE = 50_000;
/** A site pushes a torrent again within this time, or it is forgotten. */
export const PUSH_LIFETIME_MS = 7 * 86_400_000;
/** Places of one torrent that are stored; popular ones lie on dozens of sites. */
export const MAX_OFFERS = 32;
/** Items of one source that name the same torrent: a site may list its newest and its best torrents. */
export const MAX_PLACES_PER_SOURCE = 2;
/** Trackers of one torrent that are scraped: the first ones, which its clients contact too. */
export const MAX_SCRAPED_TRACKERS = 3;
/** Trackers that are scraped at the same time. Strangers name them: a top of 300 torrents may have 900, each with a socket. */
export const MAX_CONCURRENT_SCRAPES = 50;
