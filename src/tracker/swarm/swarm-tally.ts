/**
 * Counts the peers of a swarm by locality group, and those of the operator's own networks: for people, never for an answer.
 * A small or ranked swarm is counted peer by peer. A bucketed one is counted bucket by bucket, so a million peers cost a few
 * thousand steps; there partial seeds (BEP 21) count as seeds, withheld peers as leechers, and peers of original trackers like
 * others of their group. A client with both families counts once, by its IPv4 address, so IPv6 buckets are read peer by peer.
 */

import { FOREIGN_PARTITION } from '../../selection/cost-table.js';
import type { StandingKeys } from '../../selection/standing-key.js';
import type { BucketedSwarm } from './layouts/bucketed-swarm.js';
import { type FamilySwarms, KIND_BUCKETED, kindOf, offsetOf } from './layouts/family-swarm.js';
import type { Arena } from './memory/arena.js';
import {
  addressWordsOf,
  FLAG_SEED,
  FLAG_UPSTREAM,
  flagsOf,
  groupOf,
  isCounted,
  LIST_SERVING,
} from './memory/peer-record.js';
import { refWordOf } from './memory/torrent-table.js';

export interface PeerCounts {
  readonly seeds: number;
  readonly leechers: number;
}

export interface GroupCounts extends PeerCounts {
  readonly group: number;
  /** Known from original trackers only; not included in the other counts. */
  readonly upstreamPeers: number;
}

export interface TalliedSwarm {
  /** Of the operator's own networks. */
  readonly inner: PeerCounts;
  /** The largest first. */
  readonly groups: readonly GroupCounts[];
  /** Steps that it took, for callers with little time. */
  readonly steps: number;
}

type Counts = { -readonly [K in keyof GroupCounts]: GroupCounts[K] };

export class SwarmTally {
  private readonly counts = new Map<number, Counts>();
  private steps = 0;

  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly keys: StandingKeys,
  ) {}

  countTorrent(entry: number): TalliedSwarm {
    const words = this.arena.words;
    this.counts.clear();
    this.steps = 1;
    this.addFamily(words[refWordOf(entry, 4)]!, 4);
    this.addFamily(words[refWordOf(entry, 6)]!, 6);
    const groups = [...this.counts.values()].sort((a, b) => total(b) - total(a) || a.group - b.group);
    const inner = { seeds: 0, leechers: 0 };
    for (const { group, seeds, leechers } of groups) {
      if (this.keys.partitionOf(group) === FOREIGN_PARTITION) continue;
      inner.seeds += seeds;
      inner.leechers += leechers;
    }
    return { inner, groups, steps: this.steps };
  }

  private addFamily(ref: number, family: 4 | 6): void {
    const addressWords = addressWordsOf(family);
    if (kindOf(ref) === KIND_BUCKETED) {
      this.addBuckets(ref, family);
      return;
    }
    const words = this.arena.words;
    for (let slot = 0; ; slot++) {
      slot = this.swarms.nextUsedSlot(ref, slot, addressWords);
      if (slot < 0) return;
      this.steps++;
      const meta = this.swarms.recordInSlot(ref, slot, addressWords) + addressWords;
      if (!isCounted(words, meta, family)) continue;
      const flags = flagsOf(words, meta);
      const counts = this.countsOf(groupOf(words, meta));
      if ((flags & FLAG_UPSTREAM) !== 0) counts.upstreamPeers++;
      else if ((flags & FLAG_SEED) !== 0) counts.seeds++;
      else counts.leechers++;
    }
  }

  private addBuckets(ref: number, family: 4 | 6): void {
    const swarm = this.swarms.bucketed.swarmOf(offsetOf(ref));
    for (let id = 1; id < swarm.nextId; id++) {
      this.steps++;
      const size = family === 4 ? swarm.sizes[id]! : this.countedIn(swarm, id);
      if (size === 0) continue;
      const counts = this.countsOf(swarm.groups[id]!);
      if ((swarm.kinds[id]! & 3) === LIST_SERVING) counts.seeds += size;
      else counts.leechers += size;
    }
  }

  private countedIn(swarm: BucketedSwarm, id: number): number {
    const { words } = this.arena;
    let counted = 0;
    for (let i = 0; i < swarm.sizes[id]!; i++) {
      this.steps++;
      if (isCounted(words, swarm.bases[id]! + i * swarm.stride + swarm.addressWords, 6)) counted++;
    }
    return counted;
  }

  private countsOf(group: number): Counts {
    let counts = this.counts.get(group);
    if (counts === undefined) {
      counts = { group, seeds: 0, leechers: 0, upstreamPeers: 0 };
      this.counts.set(group, counts);
    }
    return counts;
  }
}

function total({ seeds, leechers, upstreamPeers }: GroupCounts): number {
  return seeds + leechers + upstreamPeers;
}
