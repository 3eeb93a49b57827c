/** The counters of the exchange, as numbers that only rise. The part shows them as metrics. */
export interface UpstreamCounters {
  requests: number;
  /** Requests that joined one in flight for the same torrent. */
  joined: number;
  /** Requests dropped because too many were waiting. */
  overloaded: number;
  /** Trackers that answered, refused, or gave nothing usable. */
  answered: number;
  refused: number;
  failed: number;
  /** Trackers skipped because the torrent was not due. */
  tooSoon: number;
  /** Trackers skipped because they keep failing, because their budget is used up, or because too many requests wait. */
  postponed: number;
  /** Trackers that resolved to this installation. */
  ownAddress: number;
  /** Peers taken from their answers. */
  peers: number;
}

export function createUpstreamCounters(): UpstreamCounters {
  return {
    requests: 0,
    joined: 0,
    overloaded: 0,
    answered: 0,
    refused: 0,
    failed: 0,
    tooSoon: 0,
    postponed: 0,
    ownAddress: 0,
    peers: 0,
  };
}
