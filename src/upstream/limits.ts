/** Every limit of the exchange with original trackers: what they may send, and how little we bother them. */

/** 2,000 peers in dictionary form stay below this; more than that nobody asked for. */
export const MAX_HTTP_ANSWER_BYTES = 262_144;
/** A compressed answer may not unpack into more. */
export const MAX_UNPACKED_ANSWER_BYTES = 1_048_576;
export const MAX_HTTP_REDIRECTS = 3;
export const HTTP_TIMEOUT_MS = 15_000;
/** BEP 15 waits 15 s before the first repetition; a tracker that is worth asking answers within a few. */
export const UDP_TRY_TIMEOUTS_MS = [3_000, 5_000, 7_000] as const;
/** Leaving is a courtesy: one try. */
export const FAREWELL_TIMEOUT_MS = 3_000;

/** When stopping, what is under way gets so long before it is cut off: a service ends within two seconds. */
export const STOP_GRACE_MS = 1_000;

/** What one answer may bring; more than a client could ever use from one tracker. */
export const MAX_PEERS_PER_ANSWER = 1_000;
/** What one push of an original tracker may bring: its whole swarm, in a body of 500 kB. */
export const MAX_PUSHED_PEERS = 5_000;
/** numwant that trackers usually grant; asking for more is refused by some. */
export const MAX_NUMWANT = 200;
/** Trackers asked for one request; torrents that list hundreds exist. */
export const MAX_TRACKERS_PER_REQUEST = 4;
/** Looked at, in the torrent's order, to find those. */
export const MAX_TRACKERS_CONSIDERED = 50;

export const MAX_CONCURRENT_REQUESTS = 16;
/** Requests beyond are dropped: the swarm asks again with its next announce. */
export const MAX_WAITING_REQUESTS = 2_000;

export const DEFAULT_INTERVAL_SECONDS = 1_800;
/** A tracker that states less than this is asked no more often anyway. */
export const MIN_INTERVAL_SECONDS = 300;
/** One that states more than a day has made a mistake. */
export const MAX_INTERVAL_SECONDS = 86_400;
/** Foreign peers older than this are mostly gone. */
export const MAX_PEER_TTL_SECONDS = 7_200;

/** After a tracker failed: 1 min, 2 min, 4 min … 1 h. */
export const FIRST_BACKOFF_SECONDS = 60;
export const MAX_BACKOFF_SECONDS = 3_600;
/** "Not registered" and the like concern the one torrent, and do not change soon. */
export const REFUSED_TORRENT_SECONDS = 3_600;
/** BEP 31 "never". */
export const RETRY_NEVER_SECONDS = 86_400;
/** Remembered (tracker, torrent) pairs; those whose time has come are forgotten first. */
export const MAX_SCHEDULE_ENTRIES = 200_000;

/** Info-hashes per HTTP scrape: 50 escaped hashes make a URL of about 3.5 kB, which servers take. */
export const HTTP_SCRAPE_MAX_HASHES = 50;
