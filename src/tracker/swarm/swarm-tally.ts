/**
 * Counts the peers of a swarm by locality group, and those of the operator's own networks: for people, never for an answer.
 * A small or ranked swarm is counted peer by peer. A bucketed one is counted bucket by bucket, so a million peers cost a few
 * thousand steps; there partial seeds (BEP 21) count as seeds, withheld peers as leechers, and peers of original trackers like
 * others of their group. A client with both families counts once, by its IPv4 address, so IPv6 buckets are read peer by peer.
 */

import { FOREIGN_PARTITION } from '../../selection/cost-table.js';
import { type ForeignOfSwarm, foreignAllowance } from '../../selection/foreign-allowance.js';
import { gatewayRank } from '../../selection/gateways.js';
import type { StandingKeys } from '../../selection/standing-key.js';
import type { BucketedSwarm } from './layouts/bucketed-swarm.js';
import { type FamilySwarms, KIND_BUCKETED, kindOf, offsetOf } from './layouts/family-swarm.js';
import type { Arena } from './memory/arena.js';
import type { GatewayBlocks } from './memory/gateway-blocks.js';
import {
  addressWordsOf,
  FLAG_CACHE,
  FLAG_SEED,
  FLAG_UPSTREAM,
  flagsOf,
  groupOf,
  isCounted,
  LIST_LEECHERS,
  LIST_NONE,
  LIST_SERVING,
  listOfFlags,
} from './memory/peer-record.js';
import { evidenceWordOf, refWordOf } from './memory/torrent-table.js';

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
  /** Of the operator's own networks, its caches included. */
  readonly inner: PeerCounts;
  /** The caches among them. In a group of many peers they are not recognised. */
  readonly caches: PeerCounts;
  /** The largest first. */
  readonly groups: readonly GroupCounts[];
  readonly foreign: ForeignOfSwarm;
  /** Steps that it took, for callers with little time. */
  readonly steps: number;
}

/** Of a swarm that nobody announced. */
export const NOTHING_TALLIED = {
  inner: { seeds: 0, leechers: 0 },
  caches: { seeds: 0, leechers: 0 },
  foreign: { peersMax: 0, gateways: 0, gatewaysWanted: 0 },
} as const;

/** A cache is a locality group of its own, so buckets with more peers are not searched for caches. */
const MAX_OF_CACHE = 4;

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Counts = Writable<GroupCounts>;

export class SwarmTally {
  private readonly counts = new Map<number, Counts>();
  private steps = 0;
  private caches = { seeds: 0, leechers: 0 };
  /** By family, as the selection counts them: a client with both is in both. */
  private innerLists = { 4: { seeds: 0, leechers: 0 }, 6: { seeds: 0, leechers: 0 } };

  constructor(
    private readonly arena: Arena,
    private readonly swarms: FamilySwarms,
    private readonly keys: StandingKeys,
    private readonly blocks: GatewayBlocks,
  ) {}

  countTorrent(entry: number): TalliedSwarm {
    const words = this.arena.words;
    this.counts.clear();
    this.steps = 1;
    this.caches = { seeds: 0, leechers: 0 };
    this.innerLists = { 4: { seeds: 0, leechers: 0 }, 6: { seeds: 0, leechers: 0 } };
    this.addFamily(words[refWordOf(entry, 4)]!, 4);
    this.addFamily(words[refWordOf(entry, 6)]!, 6);
    const groups = [...this.counts.values()].sort((a, b) => total(b) - total(a) || a.group - b.group);
    const inner = { seeds: 0, leechers: 0 };
    for (const { group, seeds, leechers } of groups) {
      if (this.keys.partitionOf(group) === FOREIGN_PARTITION) continue;
      inner.seeds += seeds;
      inner.leechers += leechers;
    }
    const foreign = { peersMax: 0, gateways: 0, gatewaysWanted: 0 };
    for (const family of [4, 6] as const) this.addForeign(entry, family, foreign);
    return { inner, caches: this.caches, groups, foreign, steps: this.steps };
  }

  private addForeign(entry: number, family: 4 | 6, total: Writable<ForeignOfSwarm>): void {
    const { blocks } = this;
    const block = this.arena.words[evidenceWordOf(entry, family)]!;
    const { leechers, seeds } = this.innerLists[family];
    const { peersMax, gatewaysWanted } = foreignAllowance(this.keys.table.mix, {
      innerLeechers: leechers,
      innerSeeds: seeds,
      serving: blocks.servingSeeds(block),
      starved: blocks.starvedLeechers(block),
      cacheServes: blocks.hasGatewayOfRank(block, gatewayRank(0, true)),
    });
    total.peersMax += peersMax;
    total.gatewaysWanted += gatewaysWanted;
    total.gateways += blocks.gatewayCount(block);
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
      const flags = flagsOf(words, meta);
      this.addToList(family, listOfFlags(flags), groupOf(words, meta), 1);
      if (!isCounted(words, meta, family)) continue;
      const counts = this.countsOf(groupOf(words, meta));
      if ((flags & FLAG_CACHE) !== 0) this.caches[(flags & FLAG_SEED) !== 0 ? 'seeds' : 'leechers']++;
      if ((flags & FLAG_UPSTREAM) !== 0) counts.upstreamPeers++;
      else if ((flags & FLAG_SEED) !== 0) counts.seeds++;
      else counts.leechers++;
    }
  }

  private addBuckets(ref: number, family: 4 | 6): void {
    const swarm = this.swarms.bucketed.swarmOf(offsetOf(ref));
    for (let id = 1; id < swarm.nextId; id++) {
      this.steps++;
      this.addToList(family, swarm.kinds[id]! & 3, swarm.groups[id]!, swarm.sizes[id]!);
      const size = family === 4 ? swarm.sizes[id]! : this.countedIn(swarm, id);
      if (size === 0) continue;
      const counts = this.countsOf(swarm.groups[id]!);
      const role = (swarm.kinds[id]! & 3) === LIST_SERVING ? 'seeds' : 'leechers';
      counts[role] += size;
      this.caches[role] += this.cachesIn(swarm, id, family);
    }
  }

  private cachesIn(swarm: BucketedSwarm, id: number, family: 4 | 6): number {
    const { words } = this.arena;
    const size = swarm.sizes[id]!;
    if (size > MAX_OF_CACHE) return 0;
    let caches = 0;
    for (let i = 0; i < size; i++) {
      const meta = swarm.bases[id]! + i * swarm.stride + swarm.addressWords;
      if ((flagsOf(words, meta) & FLAG_CACHE) !== 0 && isCounted(words, meta, family)) caches++;
    }
    return caches;
  }

  private addToList(family: 4 | 6, list: number, group: number, count: number): void {
    if (list === LIST_NONE || this.keys.partitionOf(group) === FOREIGN_PARTITION) return;
    this.innerLists[family][list === LIST_LEECHERS ? 'leechers' : 'seeds'] += count;
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
