/** Limits on what a cache can make this process wait for and remember, with the reason for each. */

/** How often each cache is asked for its state. */
export const POLL_EVERY_MS = 5_000;
/**
 * A cache is down after so many consecutive failures: one lost answer does not take it out of answers. With a client that accepts
 * connections and never answers, that is after 20 s at most: two waits and two calls of `CALL_TIMEOUT_MS`.
 */
export const FAILURES_UNTIL_DOWN = 2;
/** Of one answer. A state of 10,000 torrents has about 4 MB. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Of what a client says itself, in an error. */
export const MAX_QUOTED_BYTES = 200;
/** Of a whole message of an error. */
export const MAX_MESSAGE_BYTES = 500;
/** After a refused login. qBittorrent bans an address for an hour after five of them. */
export const REFUSED_LOGIN_PAUSE_MS = 15 * 60_000;
