/** Limits on what strangers can make this process fetch, resolve and remember, with the reason for each. */

/** Characters of a URL in a document or a redirect. Servers accept at most 8,000. */
export const MAX_URL_CHARACTERS = 4_000;
/** RFC 9110 sets no limit. Browsers follow 20 redirects; honest sites need two. */
export const MAX_REDIRECTS = 5;
/** Tries of one request that the site answers with 429 or 503. */
export const MAX_TRIES = 3;
/** The longest Retry-After that a fetch waits for. A site that asks for more is asked again at the next crawl. */
export const MAX_RETRY_AFTER_MS = 60_000;

/** RFC 9309 section 2.5 asks for at least 500 kibibytes. */
export const MAX_ROBOTS_BYTES = 512_000;
/** Each rule costs time on every URL. Sites with thousands of rules have them for other crawlers. */
export const MAX_ROBOTS_RULES = 5_000;
/**
 * Rules with a `*`, and their characters in all. To match one takes up to a scan of the URL for each of its literal parts, on
 * the thread that crawls; others cost one comparison of a prefix. The largest sites have some hundred of about 20 characters.
 */
export const MAX_ROBOTS_WILDCARD_RULES = 500;
export const MAX_ROBOTS_WILDCARD_CHARACTERS = 10_000;
/** The longest Crawl-delay that the fetcher respects. A site that asks for more is not fetched. */
export const MAX_CRAWL_DELAY_MS = 30_000;
/** Origins whose robots.txt is remembered. A crawl of a hundred torrents needs fewer. */
export const MAX_REMEMBERED_HOSTS = 1_000;

/** Clients whose rate is remembered, about 10 MB; beyond that, those that were silent for longest are forgotten. */
export const MAX_RATE_KEYS = 100_000;

/** For one try at one resolver. */
export const DNS_TIMEOUT_MS = 2_000;
/** The bounds of a time to live: a dead name costs one query in 30 s, a moved tracker is found within 5 minutes. */
export const DNS_CACHE_MIN_SECONDS = 30;
export const DNS_CACHE_MAX_SECONDS = 300;
export const MAX_DNS_CACHE_ENTRIES = 2_000;
