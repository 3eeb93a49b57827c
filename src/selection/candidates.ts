/**
 * The candidates of one swarm and family as selection sees them, however they are stored: two lists in the order of their
 * standing keys, leechers apart from serving peers (seeds and paused ones), which seeds are not offered.
 * Ranges are keys, [low, high). Everything is best first; among equal keys the draw is fair.
 */
import type { PeerSink } from './peer-sink.js';

export interface Candidates {
  /** Whether serving peers are offered: false while a seed or a paused peer asks. */
  offerServing: boolean;
  /** Whether leechers are offered: false while only peers that serve are taken. */
  offerLeechers: boolean;
  countLeechers(low: number, high: number): number;
  countServing(low: number, high: number): number;
  /** Hands out at most `quota` of a range. */
  take(low: number, high: number, quota: number, sink: PeerSink): void;
  /** As {@link take}, but the whole range counts as one class. */
  takeUniform(low: number, high: number, quota: number, sink: PeerSink): void;
  /** Hands out of all inner partitions below `partitions` but `ownPartition`, merged by what ranks within them. */
  takeSiblings(ownPartition: number, partitions: number, quota: number, sink: PeerSink): void;
  /** Hands out only peers of one locality group in a range. */
  takeGroup(group: number, low: number, high: number, quota: number, sink: PeerSink): void;
}
