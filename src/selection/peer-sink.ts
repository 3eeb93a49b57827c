/**
 * Where chosen candidates go: the answer, as selection sees it. A candidate is the position of its record in memory; only the
 * sink knows what a record contains. The swarm store has the one implementation.
 */
export interface PeerSink {
  /** Peers in the answer. Those beyond do not count, so a choice can be taken back by lowering it. */
  written: number;
  /** The requester's own record, 0 if it has none. */
  readonly self: number;
  /** Peers of this group are skipped because they have been handed out already; −1: none. */
  skipGroup: number;
  /** Peers that a foreign requester cannot reach are skipped. */
  readonly skipsInnerOnly: boolean;
  /** How many more of them may be skipped in this answer. */
  readonly skipsLeft: number;
  /** To be set while inner peers are chosen for a foreign requester: sets {@link skipsInnerOnly} if there are such peers. */
  skipInnerOnly(skip: boolean): void;
  /** Writes the peer unless it is excluded. */
  offer(record: number): void;
  /** Writes a peer as number `index` of the answer. @param from of its record, or of a copy of its address and port */
  write(from: number, index: number): void;
  /** The locality group of a peer. */
  groupOf(record: number): number;
  /** Whether a foreign requester cannot reach the peer. @param at as in {@link write} */
  isOutOfReach(at: number): boolean;
}
