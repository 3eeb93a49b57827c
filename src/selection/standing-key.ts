/**
 * The standing key of a candidate: everything about it that does not depend on who asks, as 18 bits that sort best first.
 *
 *   partition (4) | rate rank (8) | score (6: capability before density)
 *
 * Draft section 4.3.3: the AS comes first, then the node's capability, then congestion. The requester only decides the order
 * in which partitions are visited; where an operator's override binds the pair, {@link StandingKeys.pairKey} ranks it alone.
 */
import type { ForeignLimits } from './border-limits.js';
import {
  type CostTable,
  DENSITY_LEVELS,
  FOREIGN_PARTITION,
  NEUTRAL_DENSITY_LEVEL,
  UNKNOWN_GROUP,
} from './cost-table.js';

export const PARTITION_SHIFT = 14;
export const RATE_SHIFT = 6;
export const SCORE_MASK = 63;
/** What of a key ranks the peers of one partition; inner ones have a rate rank only where an override says so. */
export const RANK_MASK = (1 << PARTITION_SHIFT) - 1;
export const KEY_BITS = 18;
/** One past the largest key. */
export const KEY_END = 1 << KEY_BITS;
/** The least key of a foreign candidate; inner ones are all below. */
export const FOREIGN_KEY = FOREIGN_PARTITION << PARTITION_SHIFT;
/** Partitions of pair keys: as if the requester's own AS were 0 and the operator's others 1. */
export const OWN_TIER = 0;
export const SIBLING_TIER = 1;

const OVERRIDE_TIER_STEP = 256;
const OVERRIDE_FOREIGN = 2;

export class StandingKeys {
  /** Grows with each policy, so that sorted lists know when they are stale. */
  stamp = 0;
  /** One more than the largest own partition in use. */
  innerPartitions = 0;
  table: CostTable;
  private partition: Uint8Array;
  private rateRank: Uint8Array;
  private densityLevel: Uint8Array;
  private scoreOf: Uint8Array;
  private groupCount: number;
  private requestersWithOverrides: Uint8Array = new Uint8Array(0);

  constructor(table: CostTable) {
    this.table = table;
    this.partition = table.partition;
    this.rateRank = table.rateRank;
    this.densityLevel = table.densityLevel;
    this.scoreOf = table.scoreOf;
    this.groupCount = table.groupCount;
    this.setTable(table);
  }

  setTable(table: CostTable): void {
    this.table = table;
    this.partition = table.partition;
    this.rateRank = table.rateRank;
    this.densityLevel = table.densityLevel;
    this.scoreOf = table.scoreOf;
    this.groupCount = table.groupCount;
    this.stamp = (this.stamp + 1) >>> 0;
    this.innerPartitions = 0;
    for (let group = 0; group < table.groupCount; group++) {
      const partition = table.partition[group]!;
      if (partition < FOREIGN_PARTITION && partition >= this.innerPartitions) this.innerPartitions = partition + 1;
    }
    this.requestersWithOverrides = new Uint8Array(table.overrides.size === 0 ? 0 : table.groupCount);
    for (const pair of table.overrides.keys()) {
      const requester = Math.floor(pair / 65_536);
      if (requester < table.groupCount) this.requestersWithOverrides[requester] = 1;
    }
  }

  /** Other limits of foreign peers. They rank nothing, so lists stay sorted. */
  setLimits(limits: ForeignLimits): void {
    this.table = { ...this.table, mix: { ...this.table.mix, ...limits } };
  }

  /** Other levels of density: pairs of group and level, concatenated. The table's own array stays as it is. */
  setDensity(changes: Uint16Array): void {
    if (this.densityLevel === this.table.densityLevel) this.densityLevel = this.table.densityLevel.slice();
    for (let i = 0; i < changes.length; i += 2) this.densityLevel[changes[i]!] = changes[i + 1]!;
    this.stamp = (this.stamp + 1) >>> 0;
  }

  partitionOf(group: number): number {
    return group < this.groupCount ? this.partition[group]! : FOREIGN_PARTITION;
  }

  rateRankOf(group: number): number {
    return this.rateRank[group < this.groupCount ? group : UNKNOWN_GROUP]!;
  }

  densityLevelOf(group: number): number {
    return group < this.groupCount ? this.densityLevel[group]! : NEUTRAL_DENSITY_LEVEL;
  }

  scoreOfPeer(group: number, level: number): number {
    return this.scoreOf[level * DENSITY_LEVELS + this.densityLevelOf(group)]!;
  }

  /** @returns 18 bits; a group that the table does not know ranks as the unknown group */
  key(group: number, level: number): number {
    const known = group < this.groupCount ? group : UNKNOWN_GROUP;
    return (
      (this.partition[known]! << PARTITION_SHIFT) |
      (this.rateRank[known]! << RATE_SHIFT) |
      this.scoreOf[level * DENSITY_LEVELS + this.densityLevel[known]!]!
    );
  }

  hasOverrides(requesterGroup: number): boolean {
    return requesterGroup < this.requestersWithOverrides.length && this.requestersWithOverrides[requesterGroup] === 1;
  }

  /** The key of one pair: {@link OWN_TIER}, {@link SIBLING_TIER} or foreign in place of the partition; overrides applied. */
  pairKey(requesterGroup: number, requesterPartition: number, group: number, level: number): number {
    const standing = this.key(group, level);
    const override = this.hasOverrides(requesterGroup)
      ? this.table.overrides.get(requesterGroup * 65_536 + group)
      : undefined;
    if (override !== undefined) {
      const tier = Math.floor(override / OVERRIDE_TIER_STEP);
      const partition = tier >= OVERRIDE_FOREIGN ? FOREIGN_PARTITION : tier;
      // Within its tier; orders past the last foreign rate stay the last.
      const rate = Math.min(255, override - Math.min(tier, OVERRIDE_FOREIGN) * OVERRIDE_TIER_STEP);
      return (partition << PARTITION_SHIFT) | (rate << RATE_SHIFT) | (standing & SCORE_MASK);
    }
    if (standing >= FOREIGN_KEY) return standing;
    const tier = standing >>> PARTITION_SHIFT === requesterPartition ? OWN_TIER : SIBLING_TIER;
    return (tier << PARTITION_SHIFT) | (standing & SCORE_MASK);
  }
}
