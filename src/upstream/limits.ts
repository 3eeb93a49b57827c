/** Limits of the exchange with original trackers: on what they send, and on how often they are asked. */

/** 2,000 peers in dictionary form are smaller. An announce never asks for more. */
export const MAX_HTTP_ANSWER_BYTES = 262_144;
/** The most that a compressed answer may decompress to. */
export const MAX_UNPACKED_ANSWER_BYTES = 1_048_576;
export const MAX_HTTP_REDIRECTS = 3;
export const HTTP_TIMEOUT_MS = 15_000;
/** BEP 15 waits 15 s before the first retry. A tracker that works answers within a few seconds. */
export const UDP_TRY_TIMEOUTS_MS = [3_000, 5_000, 7_000] as const;
/** A client may use a connection id for one minute (BEP 15); trackers should take it for two. */
export const CONNECTION_ID_MS = 60_000;
/** How long a tracker that did not take an id a second time gets a fresh one for each request. */
export const NO_REUSE_MS = 3_600_000;
/** For an announce `stopped`, which is sent once: the tracker forgets the peer anyway if it is lost. */
export const STOPPED_TIMEOUT_MS = 3_000;

/** When the exchange stops, requests in flight get this long. A service has to end within two seconds. */
export const STOP_GRACE_MS = 1_000;

/** Peers read from one answer; more than a client can use from one tracker. */
export const MAX_PEERS_PER_ANSWER = 1_000;
/** Peers of one torrent in a push, and peers that it removes. */
export const MAX_PUSHED_PEERS = 5_000;
/** Torrents in one push. */
export const MAX_PUSHED_TORRENTS = 1_000;
/** Peers and removed peers of all torrents in one push: a body of about 1 MB. */
export const MAX_PUSHED_PEERS_TOGETHER = 20_000;
/**
 * Of one original tracker, over all its pushes: enough to name 18 million peers in half an hour. The data plane imports 250 in
 * a few hundred microseconds, so this is at most a few percent of its time.
 */
export const PUSHED_PEERS_PER_SECOND = 10_000;
export const PUSHED_PEERS_BURST = 40_000;
/** The numwant that trackers usually grant. Some refuse a larger one. */
export const MAX_NUMWANT = 200;
/** Trackers asked for one request. Some torrents list hundreds. */
export const MAX_TRACKERS_PER_REQUEST = 4;
/** Trackers considered for one request, in the torrent's order. */
export const MAX_TRACKERS_CONSIDERED = 50;

/** Names that are looked up at once. */
export const MAX_CONCURRENT_LOOKUPS = 32;
/** To all original trackers together: enough for 300 requests a second at trackers that take 400 ms. */
export const MAX_CONCURRENT_REQUESTS = 128;
/** Requests for torrents, in flight and waiting. Further ones are dropped: the swarm requests again. */
export const MAX_REQUESTS = 20_000;
/** At one original tracker. Further requests are turned away: {@link MAX_PACE_WAIT_MS} would not be enough for them. */
export const MAX_WAITING_AT_ORIGINAL = 2_000;
/** A request that would wait longer for its place in the pace of an original is turned away, and tried again later. */
export const MAX_PACE_WAIT_MS = 30_000;
/** If an original would let a request wait longer, the torrent's other originals are asked first. */
export const OTHERS_FIRST_WAIT_MS = 1_000;
/** Original trackers with a state of their own. */
export const MAX_ORIGINALS = 5_000;
/** Characters of the last failure that are shown. */
export const MAX_FAILURE_TEXT = 200;

export const DEFAULT_INTERVAL_SECONDS = 1_800;
/** The shortest interval, also for a tracker that states less. */
export const MIN_INTERVAL_SECONDS = 300;
/** A tracker that states more than a day is mistaken. */
export const MAX_INTERVAL_SECONDS = 86_400;
/** Foreign peers older than this are mostly gone. */
export const MAX_PEER_TTL_SECONDS = 7_200;

/** Consecutive failures after which an original tracker is left alone. */
export const FAILURES_TO_OPEN = 3;
/** Then for 1 min, 2 min, 4 min … 1 h. A torrent waits the first of these after each failure. */
export const FIRST_BACKOFF_SECONDS = 60;
export const MAX_BACKOFF_SECONDS = 3_600;
/** After a refusal. "Not registered" and the like concern one torrent, and do not change soon. */
export const REFUSED_TORRENT_SECONDS = 3_600;
/** BEP 31 "never". */
export const RETRY_NEVER_SECONDS = 86_400;
/** Remembered pairs of an original and a torrent. Those that are due are forgotten first. */
export const MAX_DUE_TIMES = 200_000;

/**
 * The longest path and query of an HTTP scrape, in characters: 56 escaped info-hashes. nginx and Apache take 8,190, opentracker
 * 8,192 with all headers.
 */
export const MAX_SCRAPE_PATH = 4_000;

/** Torrents in need that are remembered, so that they are asked for again as soon as an original may be asked. */
export const MAX_TORRENTS_IN_NEED = 50_000;
/** How often they are looked through. */
export const NEED_TICK_MS = 1_000;
/** The data plane judges this many torrents in one message: some ten microseconds for each. */
export const NEED_BATCH = 500;
/** A repeated request is late by up to this share of its interval, so that requests spread. */
export const SPREAD_SHARE = 0.1;
/** State is stored in batches of what has changed in this time. Killed in it, the process forgets these requests. */
export const STORE_EVERY_MS = 2_000;
export const PRUNE_EVERY_MS = 600_000;
/** An original that was not asked for this long is forgotten. */
export const FORGET_ORIGINAL_MS = 7 * 86_400_000;

/** Endpoints of caches that originals list because the exchange announced them. */
export const MAX_PRESENT_ENDPOINTS = 10_000;
/** An original may be reconfigured, so what it does with an announced address is observed again. */
export const OBSERVE_AGAIN_MS = 86_400_000;
/** Where neither address was among the peers, for example because the swarm is large. */
export const OBSERVE_UNSEEN_AGAIN_MS = 3_600_000;
/** How often it is checked that the announced caches still serve their torrents. */
export const REVIEW_ENDPOINTS_MS = 10_000;
