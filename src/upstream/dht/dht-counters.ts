/** Counters of the DHT, as numbers that only rise. */
export interface DhtCounters {
  /** Look-ups of a torrent. */
  lookups: number;
  /** Look-ups that were dropped because too many were waiting, or over `lookupsPerMinute`. */
  overloaded: number;
  /** Torrents that needed none: not in the catalogue, an inner seed, nobody inside, or looked up shortly before. */
  notNeeded: number;
  queries: number;
  answers: number;
  timeouts: number;
  /** Packets that were not an answer to a query. */
  dropped: number;
  /** Peers found, and those of them that were imported. */
  found: number;
  peers: number;
}

export function createDhtCounters(): DhtCounters {
  return {
    lookups: 0,
    overloaded: 0,
    notNeeded: 0,
    queries: 0,
    answers: 0,
    timeouts: 0,
    dropped: 0,
    found: 0,
    peers: 0,
  };
}
