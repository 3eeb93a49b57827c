/** What one run of the load generator counts. */
export interface Tally {
  answers: number;
  lost: number;
  errors: number;
  bytes: number;
  peers: number;
  /** The longest time without any answer while requests were unanswered; up to the time after which they count as lost. */
  longestGapMs: number;
  longGaps: number;
  /** As {@link longestGapMs}, without the time that server or load generator waited for a processor. */
  longestOwnGapMs: number;
}

export function emptyTally(): Tally {
  return { answers: 0, lost: 0, errors: 0, bytes: 0, peers: 0, longestGapMs: 0, longGaps: 0, longestOwnGapMs: 0 };
}

export function differenceOf(later: Tally, earlier: Tally): Tally {
  return {
    answers: later.answers - earlier.answers,
    lost: later.lost - earlier.lost,
    errors: later.errors - earlier.errors,
    bytes: later.bytes - earlier.bytes,
    peers: later.peers - earlier.peers,
    longestGapMs: later.longestGapMs,
    longGaps: later.longGaps - earlier.longGaps,
    longestOwnGapMs: later.longestOwnGapMs,
  };
}
