/** What a minute adds to the stored totals: the growth of the data plane's counters, with the rates in force. */
import { REPLICATES } from '../selection/household-groups.js';
import {
  type GroupMeasure,
  TRAFFIC_CLASSES,
  TRAFFIC_MEASURES,
  type TrafficClass,
  type TrafficMeasure,
} from '../selection/traffic-classes.js';
import type { SavingsHour, SavingsKind, SavingsRow } from '../store/sqlite/savings-store.js';
import { sum, type TrafficWindow, windowOf } from './traffic-window.js';

const CELLS = TRAFFIC_CLASSES.length * REPLICATES;

/** A reading of all totals. */
export interface TotalsReading {
  replicates(trafficClass: TrafficClass, measure: TrafficMeasure): readonly number[];
  byGroup(measure: GroupMeasure): Float64Array;
}

/** What the policy in force says of a locality group. */
export interface GroupPrice {
  readonly name: string;
  readonly ratePerGigabyte: number;
  readonly subdomain?: string;
  readonly neighbour?: string;
}

export interface Growth {
  /** Class × replicate × measure. */
  readonly bytes: readonly number[];
  readonly localisedBytes: number;
  readonly localisedShare: number;
  /** Mean rates of foreign peers in sampled answers; null: none was sampled. */
  readonly randomRate: number | null;
  readonly localisedRate: number | null;
  readonly rows: ReadonlyMap<SavingsKind, readonly SavingsRow[]>;
}

/** @param before the reading a minute ago */
export function growthBetween(
  before: TotalsReading,
  now: TotalsReading,
  describeGroup: (group: number) => GroupPrice,
): Growth {
  const bytes = TRAFFIC_CLASSES.flatMap((trafficClass) => {
    const measures = TRAFFIC_MEASURES.map((measure) =>
      difference(before.replicates(trafficClass, measure), now.replicates(trafficClass, measure)),
    );
    return Array.from({ length: REPLICATES }, (_, replicate) => measures.map((each) => each[replicate]!)).flat();
  });
  const downloaded = grownGroups(before, now, 'downloaded');
  const foreign = grownGroups(before, now, 'foreignByShare');
  const localisedBytes = sum([...downloaded.values()]);
  const localisedShare = sum([...foreign.values()]);
  const random = sourcesOf(grownGroups(before, now, 'sourcesRandom'), describeGroup);
  const localised = sourcesOf(grownGroups(before, now, 'sourcesLocalised'), describeGroup);
  const rows = new Map<SavingsKind, readonly SavingsRow[]>([
    ['subdomain', subdomainRows(downloaded, foreign, describeGroup)],
    ['source', sourceRows(random.shares, localisedBytes, localised.shares, localisedShare)],
  ]);
  return {
    bytes,
    localisedBytes,
    localisedShare,
    randomRate: random.meanRate,
    localisedRate: localised.meanRate,
    rows,
  };
}

/** @param rates the last known, for a minute in which no answer was sampled */
export function addToHour(
  hour: SavingsHour,
  growth: Growth,
  rates: { readonly random: number; readonly localised: number },
): SavingsHour {
  const before = cellsOf(hour);
  const bytes = growth.bytes.map((value, i) => value + (before[i] ?? 0));
  return {
    ...hour,
    bytes,
    localisedBytes: hour.localisedBytes + growth.localisedBytes,
    randomCost: hour.randomCost + growth.localisedBytes * rates.random,
    localisedShare: hour.localisedShare + growth.localisedShare,
    localisedCost: hour.localisedCost + growth.localisedShare * rates.localised,
  };
}

/** An hour that was stored before a measure was added has fewer of them. */
function cellsOf({ bytes }: Pick<SavingsHour, 'bytes'>): readonly number[] {
  const measures = bytes.length / CELLS;
  if (measures === 0 || measures === TRAFFIC_MEASURES.length) return bytes;
  return Array.from({ length: CELLS }, (_, cell) =>
    TRAFFIC_MEASURES.map((_, measure) => (measure < measures ? bytes[cell * measures + measure]! : 0)),
  ).flat();
}

/** The traffic of some hours. */
export function windowOfHours(hours: readonly Pick<SavingsHour, 'bytes'>[]): TrafficWindow {
  const total: number[] = [];
  for (const hour of hours) {
    const bytes = cellsOf(hour);
    for (let i = 0; i < bytes.length; i++) total[i] = (total[i] ?? 0) + bytes[i]!;
  }
  return windowOf((trafficClass, measure, replicate) => {
    const cell = TRAFFIC_CLASSES.indexOf(trafficClass) * REPLICATES + replicate;
    return total[cell * TRAFFIC_MEASURES.length + TRAFFIC_MEASURES.indexOf(measure)] ?? 0;
  });
}

function difference(before: readonly number[], now: readonly number[]): number[] {
  return now.map((value, i) => Math.max(0, value - before[i]!));
}

/** Groups whose value has grown. */
function grownGroups(before: TotalsReading, now: TotalsReading, measure: GroupMeasure): Map<number, number> {
  const old = before.byGroup(measure);
  const grown = new Map<number, number>();
  now.byGroup(measure).forEach((value, group) => {
    if (value > old[group]!) grown.set(group, value - old[group]!);
  });
  return grown;
}

function subdomainRows(
  downloaded: ReadonlyMap<number, number>,
  foreign: ReadonlyMap<number, number>,
  describeGroup: (group: number) => GroupPrice,
): SavingsRow[] {
  const rows = new Map<string, SavingsRow>();
  for (const [group, bytes] of downloaded) {
    const { subdomain, name } = describeGroup(group);
    const key = subdomain ?? name;
    const row = rows.get(key);
    rows.set(key, {
      name: key,
      downloaded: (row?.downloaded ?? 0) + bytes,
      foreignByShare: (row?.foreignByShare ?? 0) + (foreign.get(group) ?? 0),
    });
  }
  return [...rows.values()];
}

interface Sources {
  /** The share of each neighbour or AS in sampled foreign peers. */
  readonly shares: ReadonlyMap<string, number>;
  readonly meanRate: number | null;
}

function sourcesOf(peers: ReadonlyMap<number, number>, describeGroup: (group: number) => GroupPrice): Sources {
  const total = sum([...peers.values()]);
  if (total === 0) return { shares: new Map(), meanRate: null };
  const shares = new Map<string, number>();
  let rates = 0;
  for (const [group, count] of peers) {
    const { neighbour, name, ratePerGigabyte } = describeGroup(group);
    const key = neighbour ?? name;
    shares.set(key, (shares.get(key) ?? 0) + count / total);
    rates += ratePerGigabyte * count;
  }
  return { shares, meanRate: rates / total };
}

/** Of a source, `downloaded` is what it would have sent if everything had come from outside. */
function sourceRows(
  random: ReadonlyMap<string, number>,
  localisedBytes: number,
  localised: ReadonlyMap<string, number>,
  localisedShare: number,
): SavingsRow[] {
  return [...new Set([...random.keys(), ...localised.keys()])].map((name) => ({
    name,
    downloaded: (random.get(name) ?? 0) * localisedBytes,
    foreignByShare: (localised.get(name) ?? 0) * localisedShare,
  }));
}
