/**
 * How many inner downloads of a torrent are expected within a day, from the inner peers that the tracker counts. It remembers the
 * evening, because caches are filled at night, when few clients are online.
 */

export interface Demand {
  /** The most inner leechers of late; it decays. */
  readonly waiting: number;
  /** Inner clients that have joined of late; it decays. */
  readonly joined: number;
  /** Inner peers, seeds included, when it was last counted. */
  readonly peers: number;
  readonly atMs: number;
}

export interface InnerCounts {
  readonly seeds: number;
  readonly leechers: number;
}

const DAY_MS = 24 * 3_600_000;
/** Of what was seen: after a day it counts half. */
const HALF_LIFE_MS = DAY_MS;
/** A sum that decays with this half-life is larger than what came in one day. */
const DAY_SHARE = (Math.LN2 * DAY_MS) / HALF_LIFE_MS;
/** Less than this is forgotten. */
const NEGLIGIBLE = 0.05;

/** @param before undefined for a torrent that was not counted yet: its peers may have been there for long */
export function countDemand(before: Demand | undefined, { seeds, leechers }: InnerCounts, nowMs: number): Demand {
  const peers = seeds + leechers;
  if (before === undefined) return { waiting: leechers, joined: 0, peers, atMs: nowMs };
  const decay = 2 ** (-Math.max(0, nowMs - before.atMs) / HALF_LIFE_MS);
  return {
    waiting: Math.max(leechers, before.waiting * decay),
    joined: before.joined * decay + Math.max(0, peers - before.peers),
    peers,
    atMs: nowMs,
  };
}

/** Clients that wait have mostly joined of late, so the larger number counts, not the sum. */
export function expectedDownloads({ waiting, joined }: Demand): number {
  return Math.max(waiting, joined * DAY_SHARE);
}

export function isNegligible(demand: Demand): boolean {
  return demand.peers === 0 && expectedDownloads(demand) < NEGLIGIBLE;
}
