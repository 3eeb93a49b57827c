/** Limits of the exchange with original trackers: on what they send, and on how often they are asked. */

/** 2,000 peers in dictionary form are smaller. An announce never asks for more. */
export const MAX_HTTP_ANSWER_BYTES = 262_144;
/** The most that a compressed answer may decompress to. */
export const MAX_UNPACKED_ANSWER_BYTES = 1_048_576;
export const MAX_HTTP_REDIRECTS = 3;
export const HTTP_TIMEOUT_MS = 15_000;
/** BEP 15 waits 15 s before the first retry. A tracker that works answers within a few seconds. */
export const UDP_TRY_TIMEOUTS_MS = [3_000, 5_000, 7_000] as const;
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

export const MAX_CONCURRENT_REQUESTS = 16;
/** Further requests are dropped: the swarm requests again at its next announce. */
export const MAX_WAITING_REQUESTS = 2_000;

export const DEFAULT_INTERVAL_SECONDS = 1_800;
/** The shortest interval, also for a tracker that states less. */
export const MIN_INTERVAL_SECONDS = 300;
/** A tracker that states more than a day is mistaken. */
export const MAX_INTERVAL_SECONDS = 86_400;
/** Foreign peers older than this are mostly gone. */
export const MAX_PEER_TTL_SECONDS = 7_200;

/** After a tracker failed: 1 min, 2 min, 4 min … 1 h. */
export const FIRST_BACKOFF_SECONDS = 60;
export const MAX_BACKOFF_SECONDS = 3_600;
/** After a refusal. "Not registered" and the like concern one torrent, and do not change soon. */
export const REFUSED_TORRENT_SECONDS = 3_600;
/** BEP 31 "never". */
export const RETRY_NEVER_SECONDS = 86_400;
/** Remembered (tracker, torrent) pairs. Those that are due are forgotten first. */
export const MAX_SCHEDULE_ENTRIES = 200_000;

/** Info-hashes per HTTP scrape: 50 escaped hashes make a URL of about 3.5 kB, which servers take. */
export const HTTP_SCRAPE_MAX_HASHES = 50;
