/** The counters of the exchange, as numbers that only rise. `src/app` shows them as metrics. */
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
  /** Trackers skipped because they were not due. */
  tooSoon: number;
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
    ownAddress: 0,
    peers: 0,
  };
}
