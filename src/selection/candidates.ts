/**
 * The candidates of one swarm and family as selection sees them, however they are stored: two lists in the order of their
 * standing keys, one of leechers and one of serving peers (seeds and paused ones). Seeds are not offered serving peers.
 * Ranges are keys, [low, high). Order is best first; among equal keys the draw is fair.
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
  /**
   * Hands out at most `quota` of all offered peers, whatever their keys: a uniform draw, in random order.
   * @returns how many of them have keys of foreign peers
   */
  takeRandom(quota: number, sink: PeerSink): number;
  /** Hands out peers of all inner partitions below `partitions` except `ownPartition`, merged by their rank within a partition. */
  takeSiblings(ownPartition: number, partitions: number, quota: number, sink: PeerSink): void;
  /** Hands out only peers of one locality group in a range. */
  takeGroup(group: number, low: number, high: number, quota: number, sink: PeerSink): void;
}

/** Offered peers in a range of keys. */
export function countOffered(candidates: Candidates, low: number, high: number): number {
  return candidates.countLeechers(low, high) + (candidates.offerServing ? candidates.countServing(low, high) : 0);
}
