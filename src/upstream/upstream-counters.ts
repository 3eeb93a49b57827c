/** What the exchange counts, as plain numbers that only rise; `src/app` shows them as metrics. */
export interface UpstreamCounters {
  requests: number;
  /** Requests that joined one in flight for the same torrent. */
  joined: number;
  /** Requests turned away because too many were waiting. */
  overloaded: number;
  /** Trackers that answered, refused, or gave nothing usable. */
  answered: number;
  refused: number;
  failed: number;
  /** Trackers passed over because their time had not come. */
  tooSoon: number;
  /** Trackers that would have been this installation. */
  ownAddress: number;
  /** Usable peers they named. */
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
