/** Every limit of the control API on what strangers send, with its reason. */

/** Before and after decompression. 2,000 sub-domains take 150 kB, a batch of 5,000 nodes 800 kB. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;
/** What a node without a token may send: one capability report. */
export const MAX_ANONYMOUS_BODY_BYTES = 4 * 1024;
export const MAX_BATCH_REPORTS = 10_000;
export const MAX_NAME_CHARACTERS = 100;
export const MAX_LIST_ROWS = 10_000;

/** The time for a whole request, so that slow senders do not hold connections. */
export const REQUEST_TIMEOUT_MS = 30_000;
export const HEADERS_TIMEOUT_MS = 10_000;
/** Longer than two periods of 30 s, so that agents that report every 30 s keep their connection. */
export const KEEP_ALIVE_TIMEOUT_MS = 65_000;
export const MAX_CONNECTIONS = 10_000;

/** Requests of one probe: several a second, and a burst while it empties its spool. */
export const PROBE_REQUESTS_PER_SECOND = 20;
export const PROBE_REQUEST_BURST = 200;
/**
 * Reports of one address (an IPv6 /64) without a token: one in five seconds, and a burst for a few restarts of its
 * agent.
 */
export const NODE_REQUESTS_PER_SECOND = 0.2;
export const NODE_REQUEST_BURST = 10;
/** Wrong credentials of an address or in a probe's name: a few typing errors, then one every ten seconds. */
export const WRONG_CREDENTIALS_BURST = 10;
export const WRONG_CREDENTIALS_PER_SECOND = 0.1;
/** One log line a minute for each address that tries. */
export const WRONG_CREDENTIALS_LOGGED_PER_SECOND = 1 / 60;

/** A signature is valid for this long before and after its timestamp. Clocks of probes are rarely worse. */
export const SIGNATURE_WINDOW_MS = 300_000;
/** Signatures remembered against replay: 100 probes with 10 requests a second, over the window of 10 minutes. */
export const MAX_REMEMBERED_SIGNATURES = 600_000;

/** A session ends after this long without a request. Updates of an open page are not requests of a person. */
export const SESSION_IDLE_MS = 12 * 3_600_000;
/** … and at the latest after this long. */
export const SESSION_LIFETIME_MS = 7 * 24 * 3_600_000;
/** Sessions at once: every operator of a large network on several devices. The one used longest ago ends first. */
export const MAX_SESSIONS = 1_000;
/** A form of the dashboard: a few names and a reason. */
export const MAX_FORM_BYTES = 16 * 1024;
