/**
 * Everything that selection uses about locality groups, compiled into flat arrays. A locality group is a set of addresses that
 * the policy does not distinguish: a sub-domain of the operator, the rest of one of its AS, or a foreign AS.
 * Group identifiers are stable for the life of a data directory: the same name keeps its number from one compilation to
 * the next, so peers that are already stored keep a valid group when the policy is replaced.
 */

export { MAX_GROUPS, UNKNOWN_GROUP } from '../domain/locality-group.js';

/** Partitions 0 … 14 are the operator's own AS in the order of its configuration (the 15th and later share 14). */
export const FOREIGN_PARTITION = 15;

export const CAPABILITY_LEVELS = 8;
export const DENSITY_LEVELS = 16;
export const SCORE_LEVELS = 64;
/** The levels of a node without reports or observations, and of a sub-domain without fresh reports. */
export const NEUTRAL_CAPABILITY_LEVEL = 4;
export const NEUTRAL_DENSITY_LEVEL = 8;

/** Rules for how many inner and foreign peers an answer has (draft section 4.2 a and b, and rules that keep swarms connected). */
export interface MixRules {
  readonly enoughInnerPeers: number;
  readonly foreignPeersMin: number;
  readonly foreignPeersMax: number;
  readonly foreignPeersWhenNoInnerSeed: number;
  /** How many inner peers of a swarm may be given foreign ones while it lacks serving inner seeds; 0 switches gateways off. */
  readonly gatewaysMax: number;
  readonly grain: 'as' | 'subdomain';
}

/** All arrays are indexed by group; plain data, so that it crosses to the data-plane worker by structured clone. */
export interface CostTable {
  readonly version: number;
  readonly groupCount: number;
  /** 0 … 14 own AS, {@link FOREIGN_PARTITION} otherwise. */
  readonly partition: Uint8Array;
  /** Foreign groups: rank of the billing rate in force, 0 the cheapest; 0 for inner groups. At most 255. */
  readonly rateRank: Uint8Array;
  /** 0 the emptiest sub-domain … 15 the most congested; {@link NEUTRAL_DENSITY_LEVEL} without a fresh report. */
  readonly densityLevel: Uint8Array;
  /** [capabilityLevel * DENSITY_LEVELS + densityLevel] → 0 the best … SCORE_LEVELS − 1 the worst. */
  readonly scoreOf: Uint8Array;
  readonly mix: MixRules;
  /** Reported capability by address, as levels; the observed one is used if there is none. See capability-table. */
  readonly reportedCapability: ReportedCapability;
  /**
   * The operator's exceptions for pairs: requesterGroup * 65536 + peerGroup → the order that replaces the tier and rate
   * of that pair: `partitionRank * 256 + rateRank` (tier 0 = 0, tier 1 = 256, foreign = 512 + rateRank).
   */
  readonly overrides: ReadonlyMap<number, number>;
}

/**
 * Reported capability by address: an open-addressing table that `address-levels` writes and reads. It lies in shared memory
 * and its levels change in place, so nothing is copied to the data plane.
 */
export interface ReportedCapability {
  /** Differs for each table, because all its levels may differ. */
  readonly version: number;
  readonly slots: Int32Array;
  /** Where an address is in it: the key of an `AddressHash`. */
  readonly hashKey: Uint32Array;
}
