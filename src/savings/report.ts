/** Savings of a time window as the API, the page and the command show them: in total, and by what they consist of. */
import type { SavingsHour, SavingsRate, SavingsRow } from '../store/sqlite/savings-store.js';
import { windowOfHours } from './accumulate.js';
import {
  announcedTraffic,
  type Estimated,
  estimateSavings,
  type SavingsEstimate,
  type SimulatedBaseline,
} from './estimate.js';

export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;
/** Five-minute rates are billed at the 95th percentile by many carriers. */
const PERCENTILE = 0.95;
const FIVE_MINUTES_SECONDS = 300;

export interface ReportInput {
  readonly fromMs: number;
  readonly toMs: number;
  readonly currency: string;
  /** For windows in which no answer was sampled. */
  readonly defaultRate: number;
  readonly hours: readonly SavingsHour[];
  readonly subdomains: readonly SavingsRow[];
  readonly sources: readonly SavingsRow[];
  readonly torrents: readonly SavingsRow[];
  readonly rates: readonly SavingsRate[];
  readonly simulated: SimulatedBaseline | undefined;
  /** Of a torrent in the catalogue. */
  readonly nameOf: (infoHash: string) => string | undefined;
}

/** The method in one sentence each, because no figure is shown without it. */
export const METHODS = {
  'control-group':
    'what localised clients downloaded × the foreign share of the control group, less what they received from outside',
  simulation:
    'what localised clients downloaded × the foreign share of simulated swarms of the same composition, because the control group has too little traffic, less what they received from outside',
} as const;

function figures(hours: readonly SavingsHour[], input: ReportInput): Estimated {
  const total = (key: 'localisedBytes' | 'randomCost' | 'localisedShare' | 'localisedCost'): number =>
    hours.reduce((sum, hour) => sum + hour[key], 0);
  const rateOf = (cost: number, bytes: number): number => (bytes > 0 ? cost / bytes : input.defaultRate);
  const rates = {
    random: rateOf(total('randomCost'), total('localisedBytes')),
    localised: rateOf(total('localisedCost'), total('localisedShare')),
  };
  return estimateSavings(windowOfHours(hours), rates, input.simulated);
}

/** An estimate, or null with the reason. */
function shown(estimated: Estimated) {
  if ('reason' in estimated) return { savings: null, reason: estimated.reason };
  const { baseline, ...values } = estimated;
  return { savings: { ...values, baseline: { ...baseline, explanation: METHODS[baseline.method] } }, reason: null };
}

export function savingsReport(input: ReportInput) {
  const { fromMs, toMs, currency, hours, rates } = input;
  const whole = figures(hours, input);
  const known = 'reason' in whole ? undefined : whole;
  return {
    window: { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), measuredHours: hours.length },
    currency,
    ...shown(whole),
    traffic: announcedTraffic(windowOfHours(hours)),
    days: grouped(hours, ({ hourMs }) => new Date(Math.floor(hourMs / DAY_MS) * DAY_MS).toISOString().slice(0, 10)).map(
      ([day, of]) => ({ day, ...shown(figures(of, input)) }),
    ),
    periods: grouped(hours, ({ period }) => period).map(([period, of]) => ({
      period: period === '' ? null : period,
      ...shown(figures(of, input)),
    })),
    subdomains: parts(input.subdomains, known, sumByShare(input.subdomains)),
    sources: parts(input.sources, known, sumByShare(input.sources)),
    // Not all torrents have a row, so those that have one are given their part of all foreign bytes.
    torrents: parts(input.torrents, known, sumByShare(input.subdomains)).map((row) => ({
      ...row,
      title: input.nameOf(row.name) ?? null,
    })),
    percentile95: percentiles(rates),
  };
}

/**
 * What each part contributes. The foreign bytes of a window are distributed over its parts as they are by the share of peers,
 * which is all that is known of a part.
 * @param byShare of the whole window
 */
function parts(rows: readonly SavingsRow[], known: SavingsEstimate | undefined, byShare: number) {
  const scale = known === undefined || byShare === 0 ? 1 : known.localisedForeignBytes / byShare;
  return rows.map(({ name, downloaded, foreignByShare }) => {
    const foreignBytes = Math.min(downloaded, foreignByShare * scale);
    return {
      name,
      downloadedBytes: downloaded,
      foreignBytes,
      savedBytes: known === undefined ? null : downloaded * known.baseline.foreignShare - foreignBytes,
    };
  });
}

function sumByShare(rows: readonly SavingsRow[]): number {
  return rows.reduce((sum, { foreignByShare }) => sum + foreignByShare, 0);
}

function percentiles(rates: readonly SavingsRate[]) {
  const at = (values: number[]): number | null => {
    if (values.length === 0) return null;
    const sorted = values.sort((a, b) => a - b);
    const bytes = sorted[Math.min(sorted.length - 1, Math.floor(PERCENTILE * sorted.length))]!;
    return (bytes * 8) / FIVE_MINUTES_SECONDS;
  };
  const baseline = rates.flatMap(({ baselineBytes }) => (baselineBytes === null ? [] : [baselineBytes]));
  return {
    samples: rates.length,
    foreignBitsPerSecond: at(rates.map(({ foreignBytes }) => foreignBytes)),
    baselineBitsPerSecond: at(baseline),
  };
}

function grouped(
  hours: readonly SavingsHour[],
  keyOf: (hour: SavingsHour) => string,
): [string, readonly SavingsHour[]][] {
  const groups = new Map<string, SavingsHour[]>();
  for (const hour of hours) {
    const key = keyOf(hour);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [hour]);
    else group.push(hour);
  }
  return [...groups];
}
