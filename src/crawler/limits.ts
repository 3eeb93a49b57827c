/** Limits on what the crawler takes from sites and logs that strangers write. */

/** A feed or list page. The largest public feeds have a few hundred kilobytes. */
export const MAX_DOCUMENT_BYTES = 8_000_000;
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
/** The largest swarm ever seen had a few hundred thousand peers; a feed that says more is lying. */
export const MAX_SWARM_COUNT = 10_000_000;
/** Characters of a number, with its separators. */
export const MAX_COUNT_CHARACTERS = 32;
/** Bytes of one access log read in one crawl; the rest is read at the next. */
export const MAX_LOG_BYTES_PER_CRAWL = 512_000_000;
/** Squid and nginx cut request lines at 8 to 64 kibibytes. */
export const MAX_LOG_LINE_BYTES = 65_536;
/** Different torrents counted in one pass over a log. */
export const MAX_LOG_TARGETS = 200_000;
/** Trackers of one torrent that are scraped: the first ones, which its clients ask too. */
export const MAX_SCRAPED_TRACKERS = 3;
