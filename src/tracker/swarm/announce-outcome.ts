/**
 * The result of an announce: a mutable record that every listener owns once, like the request, so that an answer
 * allocates nothing. The counts are those of BEP 3 and BEP 15: both families, with the announcer, without peers from original
 * trackers.
 */

/** The peer is stored (or removed, if it stopped). */
export const STATUS_STORED = 0;
/** Its address has reached its limit of peers, in this swarm or in all: answered, but not stored. */
export const STATUS_ADDRESS_LIMIT = 1;
/** The store is full: answered, but not stored. */
export const STATUS_STORE_FULL = 2;
/** Only the share reserved for the operator's own clients is left, and this is not one: answered, but not stored. */
export const STATUS_FULL_FOR_FOREIGN = 3;
/** It is the exchange of an alias tracker, which serves nothing: answered, but not stored. */
export const STATUS_EXCHANGE = 4;

/** The torrent is announced under another tracker's name and is not known here: refused. */
export const STATUS_UNKNOWN_TORRENT = 5;

/** What an announce of one of the operator's own clients says about the bytes since its last one: nothing. */
export const TRAFFIC_NONE = 0;
/** The growth of its totals. */
export const TRAFFIC_COUNTED = 1;
/** Its first announce. */
export const TRAFFIC_FIRST = 2;
/** It has restarted, so that its totals count from zero. */
export const TRAFFIC_RESTARTED = 3;
/** A total is lower than before. */
export const TRAFFIC_BACKWARD = 4;
/** A total has grown faster than a line can carry. */
export const TRAFFIC_IMPOSSIBLE = 5;

export class AnnounceOutcome {
  status = STATUS_STORED;
  /** The swarm knew this peer before. */
  known = false;
  /** A known peer announced before the minimum interval without an event: it gets peers, but its activity does not count. */
  earlyRepeat = false;
  /** This announce counted as a completed download. */
  countedCompleted = false;
  seeds = 0;
  leechers = 0;
  completed = 0;
  /** The operator's clients in the swarm need foreign peers: ask original trackers now. At most once per period and swarm. */
  needsUpstream = false;
  /** What can be said about its bytes since the last announce: one of `TRAFFIC_…`. */
  traffic = TRAFFIC_NONE;
  /** The growth, if it is {@link TRAFFIC_COUNTED}. */
  downloadedBytes = 0;
  uploadedBytes = 0;
  /** Of the last answer with peers: see answer-mix. */
  answerMix = 0;
  /** How much of the growth is counted as foreign, 0 … 1. */
  foreignShare = 0;
  /** Everything that it uploaded went to inner clients, because the swarm has never had a foreign leecher. */
  uploadsInside = false;
  /** It is one of the operator's caches. */
  isCache = false;
  /** The locality group of the last announce. */
  trafficGroup = 0;
}

/** The counts of one swarm for a scrape (BEP 48). */
export class ScrapeOutcome {
  found = false;
  seeds = 0;
  leechers = 0;
  completed = 0;
}
