/**
 * What an announce did to the swarm: a mutable record that every listener owns once, like the request, so that answering
 * allocates nothing. The counts are those of BEP 3 and BEP 15: both families, the announcer included, peers from original
 * trackers left out.
 */

/** The peer is stored (or removed, where it stopped). */
export const STATUS_STORED = 0;
/** Its address already holds as many places in this swarm, or in all, as one address may: not stored, but answered. */
export const STATUS_ADDRESS_LIMIT = 1;
/** The store is full: a new peer is not stored, but answered. */
export const STATUS_STORE_FULL = 2;
/** Only the room that is kept for the operator's own clients is left, and this is not one: not stored, but answered. */
export const STATUS_FULL_FOR_FOREIGN = 3;

export class AnnounceOutcome {
  status = STATUS_STORED;
  /** The swarm knew this peer before. */
  known = false;
  /** A known peer that came back before the minimum interval without an event: it gets peers, its activity does not count. */
  earlyRepeat = false;
  /** This announce counted as a completed download. */
  countedCompleted = false;
  seeds = 0;
  leechers = 0;
  completed = 0;
  /** The swarm has too few peers to offer and original trackers have not been asked lately: ask them now. Set at most once a period. */
  needsUpstream = false;
}

/** What a scrape (BEP 48) tells of one swarm. */
export class ScrapeOutcome {
  found = false;
  seeds = 0;
  leechers = 0;
  completed = 0;
}
