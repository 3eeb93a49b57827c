/** Options of a swarm store. Limits on strangers can be changed while it runs. */
import type { Random } from '../../domain/random.js';
import type { CostTable } from '../../selection/cost-table.js';
import type { WorkerShare } from '../workers/owner.js';
import type { IsInnerOnly } from './choice/compact-peer-sink.js';
import type { GroupTally } from './group-tally.js';
import type { Arena } from './memory/arena.js';

export interface SwarmStoreOptions {
  /** Only these swarms are taken from a snapshot. Default: all. */
  readonly share?: WorkerShare;
  readonly random: Random;
  readonly policy: CostTable;
  /** `HASH_KEY_WORDS` words that nobody else knows; only tests give them. Default: from the system's random source. */
  readonly hashSecret?: Uint32Array;
  /** Announce interval told to clients; a peer is dropped after 1.5 times that long in silence. At most 8 hours. */
  readonly intervalSeconds?: number;
  /** An event-less repeat within this many seconds is an early repeat. */
  readonly minIntervalSeconds?: number;
  /** The maximum memory of the store. Reserved as address space at once, used page by page. */
  readonly arenaBytes?: number;
  /** Replaces an arena of `arenaBytes`; tests give one that checks each access. */
  readonly arena?: Arena;
  readonly limits?: Partial<SwarmLimits>;
  /** Default: as much as fits into the arena, with no share reserved. */
  readonly storeLimits?: StoreLimits;
  /** A swarm with fewer peers than this asks for upstream peers. 0: never. */
  readonly upstreamWantedBelow?: number;
  readonly upstreamAskEverySeconds?: number;
  /** Whether a foreign requester cannot reach an address; default: it reaches all. */
  readonly isInnerOnly?: IsInnerOnly | null;
  /** Where peers are counted by locality group; default: nowhere. */
  readonly groupTally?: GroupTally;
  /** Up to this many peers of a family a swarm has the small layout, which is scanned rather than indexed. */
  readonly smallMax?: number;
  /** Up to this many peers of a family a swarm has the ranked layout (one sorted list); above it is bucketed. At most 12,000. */
  readonly rankedMax?: number;
}

/** Exact limits of the whole store. */
export interface StoreLimits {
  readonly maxPeers: number;
  readonly maxTorrents: number;
  /** Share of both, 0 … 1, that only peers of the operator's own networks may take. */
  readonly reservedForInner: number;
}

export const NO_STORE_LIMITS: StoreLimits = { maxPeers: Infinity, maxTorrents: Infinity, reservedForInner: 0 };

/** Limits on strangers. An IPv6 address counts as its /64. 0 switches one off. */
export interface SwarmLimits {
  /** Peers of one address in one swarm; at most 32. */
  readonly maxPeersPerAddressInSwarm: number;
  /** Peers of one address over all swarms. */
  readonly maxPeersPerAddress: number;
  /**
   * Peers of one IPv6 /48 in one swarm. A hoster or tunnel broker gives a /48 to any customer, who then has 65,536 networks, each
   * within the limits by address. Not for the operator's own networks, where one /48 may be a whole town.
   */
  readonly maxPeersPerSiteInSwarm: number;
  /** The same over all swarms. */
  readonly maxPeersPerSite: number;
  /** Peers of original trackers in one swarm, of both families together. */
  readonly maxImportedInSwarm: number;
}

export const NO_ADDRESS_LIMITS: SwarmLimits = {
  maxPeersPerAddressInSwarm: 0,
  maxPeersPerAddress: 0,
  maxPeersPerSiteInSwarm: 0,
  maxPeersPerSite: 0,
  maxImportedInSwarm: 0,
};
