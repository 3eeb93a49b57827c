/** Limits on what the crawler takes from sites and logs that strangers write. */

/** A feed or list page. The largest public feeds have a few hundred kilobytes. */
export const MAX_DOCUMENT_BYTES = 8_000_000;
/** RFC 9309 section 2.5 asks for at least 500 kibibytes. */
export const MAX_ROBOTS_BYTES = 512_000;
/** Each rule costs time on every address; sites with thousands of rules have them for other crawlers. */
export const MAX_ROBOTS_RULES = 5_000;
/** Hosts whose robots.txt is remembered; a crawl of a hundred torrents meets fewer. */
export const MAX_REMEMBERED_HOSTS = 1_000;
/** Nesting of elements in a feed or list page: browsers stop at 512 too. */
export const MAX_ELEMENT_DEPTH = 512;
/** Elements, attributes and texts of one document. A feed of 8 MB has about 600,000. */
export const MAX_DOCUMENT_NODES = 1_000_000;
/** Items within items of a list page, which tables within tables make. Each level costs another pass over what is inside. */
export const MAX_ITEM_NESTING = 4;
/** Characters of one field of a feed that are looked at; swarm sizes stand at the start of a description. */
export const MAX_FIELD_CHARACTERS = 20_000;
/** Entries taken from one source in one crawl, most popular feeds having 100 to 1,000. */
export const MAX_CANDIDATES_PER_SOURCE = 5_000;
/** Bytes of UTF-8 of a site's title for a torrent; the rest is cut off. Those with years, formats and names have up to 500. */
export const MAX_TITLE_BYTES = 1_000;
/** Files of one torrent that the catalogue lists; more rows make a page that browsers struggle with. */
export const MAX_LISTED_FILES = 1_000;
/** Characters of an address found in a document. */
export const MAX_URL_CHARACTERS = 4_000;
/** The largest swarm ever seen had a few hundred thousand peers; a feed that says more is lying. */
export const MAX_SWARM_COUNT = 10_000_000;
/** Characters of a number, with its separators. */
export const MAX_COUNT_CHARACTERS = 32;
/** RFC 9110 leaves it open; browsers follow 20, and honest sites need two. */
export const MAX_REDIRECTS = 5;
/** Tries of one request that is answered by 429 or 503. */
export const MAX_TRIES = 3;
/** The longest Retry-After that is waited for; a site that wants more is asked again at the next crawl. */
export const MAX_RETRY_AFTER_MS = 60_000;
/** The longest Crawl-delay of a robots.txt that is kept to; above it the site does not want to be crawled at all. */
export const MAX_CRAWL_DELAY_MS = 30_000;
/** Bytes of one access log read in one crawl; the rest is read at the next. */
export const MAX_LOG_BYTES_PER_CRAWL = 512_000_000;
/** Squid and nginx cut request lines at 8 to 64 kibibytes. */
export const MAX_LOG_LINE_BYTES = 65_536;
/** Different torrents counted in one pass over a log. */
export const MAX_LOG_TARGETS = 200_000;
/** Trackers of one torrent that are scraped: the first ones, which its clients ask too. */
export const MAX_SCRAPED_TRACKERS = 3;
