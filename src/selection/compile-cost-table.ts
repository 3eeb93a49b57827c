/**
 * Compiles the configuration and the reports into the arrays that the data plane ranks by. Also describes each group, so that
 * people can see why it has its rank. Pure: the time is an input, and `nextChangeAtMs` says when to compile again.
 */
import type { AsRelationship, AsRelationships } from '../domain/as-relationships.js';
import type { LocalityGroup } from '../domain/locality-group.js';
import type { BillingPolicy } from './billing.js';
import { type ForeignRate, foreignRates, RELATIONSHIP_ORDER } from './billing-rates.js';
import { foreignLimits, type LimitsInForce, limitsAt } from './border-limits.js';
import { type CapabilityReading, compileCapability } from './compile-capability.js';
import { type DensityReading, densityLevels } from './compile-density.js';
import { type CachePreference, compileOverrides, FOREIGN_ORDER } from './compile-overrides.js';
import { compileScores, type ScoreWeights } from './compile-scores.js';
import {
  type CostTable,
  FOREIGN_PARTITION,
  type MixRules,
  NEUTRAL_DENSITY_LEVEL,
  type ReportedCapability,
  UNKNOWN_GROUP,
} from './cost-table.js';

const MAX_RATE_RANK = 255;

export interface CostInput {
  readonly version: number;
  readonly nowMs: number;
  /** Indexed by number, as `compileTopology` returns them. */
  readonly groups: readonly (LocalityGroup | undefined)[];
  /** The operator's AS: those of `operator.networks` in order, then its siblings by organisation. */
  readonly ownAsns: readonly number[];
  readonly billing: BillingPolicy;
  readonly relationships?: AsRelationships | undefined;
  readonly mix: MixRules;
  readonly weights: ScoreWeights;
  readonly caches: readonly CachePreference[];
  /** By sub-domain. */
  readonly density: ReadonlyMap<string, DensityReading>;
  /** Up to this age a reading counts in full. Then its weight decreases to none at twice this age. */
  readonly densityFreshnessSeconds: number;
  /** Valid readings by address as `formatIp` writes it; or a table of them that includes the caches. */
  readonly capability: ReadonlyMap<string, CapabilityReading> | ReportedCapability;
}

/** Why a group has its rank. */
export interface GroupCost {
  readonly group: number;
  readonly name: string;
  readonly kind: LocalityGroup['kind'];
  readonly asn: number;
  readonly organisation?: string;
  readonly subdomain?: string;
  /** 0 for the operator's own. */
  readonly ratePerGigabyte: number;
  readonly rateRank: number;
  readonly relationship: 'own' | AsRelationship;
  readonly neighbour?: string;
  readonly viaAsn?: number;
  readonly densityLevel: number;
  /** The reading that gives the level, if there is one. */
  readonly density?: DensityReading;
}

export interface CompiledCost {
  readonly table: CostTable;
  /** What the billing period in force allows. Rates follow its period, the mix in the table its limits. */
  readonly limits: LimitsInForce;
  /** @returns the description of group 0 for a number that is not in use */
  describeGroup(group: number): GroupCost;
  /** The rate of a pair that an override makes foreign; undefined for all other pairs. */
  overriddenRate(requesterGroup: number, group: number): number | undefined;
  /** The same policy with other readings: only the array of levels is compiled again. */
  withDensity(version: number, density: ReadonlyMap<string, DensityReading>): CompiledCost;
  /** The same policy with other limits of the same period. */
  withLimits(version: number, limits: LimitsInForce): CompiledCost;
}

/** @throws OperatorError if a schedule or an override names what does not exist */
export function compileCostTable(input: CostInput): CompiledCost {
  const { billing, capability, groups, ownAsns } = input;
  const atStart = limitsAt(billing, input.mix, input.nowMs);
  const { period } = atStart;
  const rates = foreignRates(billing, ownAsns, input.relationships, period);
  const groupCount = groups.length;
  const rateRank = new Uint8Array(groupCount);
  const partition = partitionsOf(groups, ownAsns);
  /** Of the foreign groups, by number. */
  const rateOf: ForeignRate[] = [];
  partition.forEach((number, group) => {
    if (number === FOREIGN_PARTITION) rateOf[group] = rates.rateOf(groups[group]?.asn ?? 0);
  });
  const overrideRate = (rate: number = billing.defaultRatePerGigabyte): number =>
    rate * (period?.neighbours === undefined ? (period?.rateFactor ?? 1) : 1);
  const ranks = new RateRanks([
    ...rateOf.filter((rate) => rate !== undefined),
    ...billing.overrides.map((override) => ({
      ratePerGigabyte: overrideRate(override.ratePerGigabyte),
      relationship: 'unknown' as const,
    })),
  ]);
  rateOf.forEach((rate, number) => {
    rateRank[number] = ranks.rankOf(rate.ratePerGigabyte, rate.relationship);
  });
  const rateOfOrder = new Map<number, number>();
  const overrides = compileOverrides(billing.overrides, input.caches, groups, (rate) => {
    const rank = ranks.rankOf(overrideRate(rate), 'unknown');
    rateOfOrder.set(FOREIGN_ORDER + rank, overrideRate(rate));
    return rank;
  });
  const densityOf = densityCompiler(groups, input.densityFreshnessSeconds);
  const table: CostTable = {
    version: input.version,
    groupCount,
    partition,
    rateRank,
    densityLevel: densityOf(input.density),
    scoreOf: compileScores(input.weights),
    mix: { ...input.mix, ...foreignLimits(atStart) },
    reportedCapability: 'slots' in capability ? capability : capabilityTable(capability, input),
    overrides,
  };

  const assemble = (
    base: CostTable,
    density: ReadonlyMap<string, DensityReading>,
    limits: LimitsInForce,
  ): CompiledCost => ({
    table: base,
    limits,
    describeGroup(number) {
      const group = groups[number] ?? groups[UNKNOWN_GROUP]!;
      return describeGroup(group, base, rateOf[group.number], density);
    },
    overriddenRate: (requesterGroup, group) => rateOfOrder.get(overrides.get(requesterGroup * 65_536 + group) ?? -1),
    withDensity: (version, newer) => assemble({ ...base, version, densityLevel: densityOf(newer) }, newer, limits),
    withLimits: (version, later) =>
      assemble({ ...base, version, mix: { ...base.mix, ...foreignLimits(later) } }, density, later),
  });
  return assemble(table, input.density, atStart);
}

const INNER_KINDS: ReadonlySet<LocalityGroup['kind']> = new Set(['subdomain', 'cache', 'own-as']);

/** The partition of each group: the position of its AS among the operator's own, or foreign. */
function partitionsOf(groups: CostInput['groups'], ownAsns: readonly number[]): Uint8Array {
  return Uint8Array.from(groups, (group) =>
    group !== undefined && INNER_KINDS.has(group.kind)
      ? Math.min(FOREIGN_PARTITION - 1, Math.max(0, ownAsns.indexOf(group.asn)))
      : FOREIGN_PARTITION,
  );
}

function capabilityTable(readings: ReadonlyMap<string, CapabilityReading>, input: CostInput): ReportedCapability {
  const caches = input.caches.map((cache) => cache.address);
  return compileCapability(readings, caches, input.version);
}

/** @param rate undefined for the operator's own groups */
function describeGroup(
  { number, ...facts }: LocalityGroup,
  table: CostTable,
  rate: ForeignRate | undefined,
  density: ReadonlyMap<string, DensityReading>,
): GroupCost {
  const reading =
    facts.kind === 'subdomain' && facts.subdomain !== undefined ? density.get(facts.subdomain) : undefined;
  return {
    group: number,
    ...facts,
    ratePerGigabyte: rate?.ratePerGigabyte ?? 0,
    rateRank: table.rateRank[number]!,
    relationship: rate?.relationship ?? 'own',
    ...(rate?.neighbour === undefined ? {} : { neighbour: rate.neighbour }),
    ...(rate?.viaAsn === undefined ? {} : { viaAsn: rate.viaAsn }),
    densityLevel: table.densityLevel[number]!,
    ...(reading === undefined ? {} : { density: reading }),
  };
}

/**
 * A sub-domain has the level of its reading. A cache is meant to be used, so it has the lowest. All others are neutral.
 * @returns levels by group for given readings; computes again only groups of sub-domains
 */
function densityCompiler(
  groups: readonly (LocalityGroup | undefined)[],
  freshnessSeconds: number,
): (density: ReadonlyMap<string, DensityReading>) => Uint8Array {
  const neutral = new Uint8Array(groups.length).fill(NEUTRAL_DENSITY_LEVEL);
  const subdomains: { readonly group: number; readonly id: string }[] = [];
  for (const group of groups) {
    if (group?.kind === 'cache') neutral[group.number] = 0;
    else if (group?.kind === 'subdomain') subdomains.push({ group: group.number, id: group.subdomain! });
  }
  return (density) => {
    const { levels } = densityLevels(density, freshnessSeconds);
    const array = neutral.slice();
    for (const { group, id } of subdomains) array[group] = levels.get(id) ?? NEUTRAL_DENSITY_LEVEL;
    return array;
  };
}

/** Ranks distinct (rate, relationship), the cheapest first; more than 256 of them share ranks evenly. */
class RateRanks {
  private readonly ranks = new Map<string, number>();

  constructor(rates: readonly { readonly ratePerGigabyte: number; readonly relationship: AsRelationship }[]) {
    const distinct = new Map(rates.map((rate) => [key(rate.ratePerGigabyte, rate.relationship), rate]));
    const sorted = [...distinct].sort(
      ([, a], [, b]) =>
        a.ratePerGigabyte - b.ratePerGigabyte ||
        RELATIONSHIP_ORDER[a.relationship] - RELATIONSHIP_ORDER[b.relationship],
    );
    const scale = Math.max(MAX_RATE_RANK + 1, sorted.length);
    sorted.forEach(([name], i) => {
      this.ranks.set(name, Math.floor((i * (MAX_RATE_RANK + 1)) / scale));
    });
  }

  rankOf(ratePerGigabyte: number, relationship: AsRelationship): number {
    return this.ranks.get(key(ratePerGigabyte, relationship)) ?? MAX_RATE_RANK;
  }
}

function key(ratePerGigabyte: number, relationship: AsRelationship): string {
  return `${ratePerGigabyte} ${relationship}`;
}
