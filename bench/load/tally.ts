/** What one run of the load generator counts. */
export interface Tally {
  answers: number;
  lost: number;
  errors: number;
  bytes: number;
  peers: number;
  /** The longest time without any answer while requests were unanswered; up to the time after which they count as lost. */
  longestGapMs: number;
}

export function emptyTally(): Tally {
  return { answers: 0, lost: 0, errors: 0, bytes: 0, peers: 0, longestGapMs: 0 };
}
