/**
 * The numbers that an operator checks first: how much traffic stays inside, announces per second, and what was saved.
 */
import { z } from 'zod';
import { count, share, time } from '../control-api/field-schemas.js';
import type { Clock } from '../domain/clock.js';

const counted = z.strictObject({ seeds: count, leechers: count });
/** Counts since the start of the tracker, and its current swarms and peers. */
const trackerTotals = z.strictObject({
  announces: count,
  peersGiven: count.describe('Peers given to inner clients, all or a sample of them.'),
  peersGivenInner: count,
  swarms: count,
  peers: count,
  seeds: count,
  byNetwork: z
    .strictObject({ countedAt: time, inner: counted, foreign: counted })
    .nullable()
    .describe('Of the peers, those of the operator and all others; null until all swarms have been visited once.'),
});
export type TrackerTotals = Readonly<z.output<typeof trackerTotals>>;

const range = z.strictObject({ low: z.number(), high: z.number() });
const savings = z.strictObject({
  savedBytes: z.number().describe('Bytes that did not cross the border because of localisation.'),
  savedBytesRange: range.describe('95 % interval.'),
  amount: z.number(),
  amountRange: range.describe('95 % interval.'),
  currency: z.string(),
  from: z.string().describe('The time window.'),
  to: z.string(),
  method: z.enum(['control-group', 'simulation']).describe('Of the baseline.'),
  basis: z.string().describe('How it was estimated, one sentence.'),
});
export type Savings = Readonly<z.output<typeof savings>>;

/** What {@link OverviewMeter.read} returns, and the API answers with. */
export const overviewSchema = trackerTotals.extend({
  innerShare: share
    .nullable()
    .describe('Of the peers given in the last minute or, in a quiet minute, since the start; null: none given yet.'),
  announcesPerSecond: z
    .number()
    .nullable()
    .describe('Mean over the last minute, or since the first request of the overview; null at the first request.'),
  savings: savings.nullable().describe('null: too little has been measured for an estimate.'),
});
export type Overview = Readonly<z.output<typeof overviewSchema>>;

export const overviewAnswer = overviewSchema.extend({ notReady: z.array(z.string()), alarms: z.array(z.string()) });
export type OverviewAnswer = z.output<typeof overviewAnswer>;

export interface OverviewPort {
  totals(): TrackerTotals;
  /** undefined: too little has been measured for an estimate. */
  savings(): Promise<Savings | undefined>;
}

const WINDOW_MS = 60_000;
/** The estimate reads many swarms, so it is cached for this long. */
const SAVINGS_KEPT_MS = 30_000;
/** The shortest time between two samples. A rate over less time means nothing. */
const SPACING_MS = 900;

interface Sample {
  readonly atMs: number;
  readonly totals: TrackerTotals;
}

/** Samples the totals at each request, to compute rates from them. */
export class OverviewMeter {
  readonly #port: OverviewPort;
  readonly #clock: Clock;
  #samples: Sample[] = [];
  #savings: { readonly atMs: number; readonly value: Promise<Savings | undefined> } | undefined;

  constructor(port: OverviewPort, clock: Clock) {
    this.#port = port;
    this.#clock = clock;
  }

  async read(): Promise<Overview> {
    const atMs = this.#clock.nowMs();
    const totals = this.#port.totals();
    // The newest sample outside the window stays, so that the window is covered whole.
    while (this.#samples.length > 1 && atMs - this.#samples[1]!.atMs >= WINDOW_MS) this.#samples.shift();
    const before = this.#samples[0];
    if (atMs - (this.#samples.at(-1)?.atMs ?? 0) >= SPACING_MS) this.#samples.push({ atMs, totals });
    const seconds = before === undefined ? 0 : (atMs - before.atMs) / 1000;
    const given = totals.peersGiven - (before?.totals.peersGiven ?? 0);
    const inner = totals.peersGivenInner - (before?.totals.peersGivenInner ?? 0);
    return {
      ...totals,
      innerShare: given > 0 ? inner / given : totals.peersGiven > 0 ? totals.peersGivenInner / totals.peersGiven : null,
      announcesPerSecond: seconds > 0 ? (totals.announces - before!.totals.announces) / seconds : null,
      savings: (await this.#savingsAt(atMs)) ?? null,
    };
  }

  #savingsAt(nowMs: number): Promise<Savings | undefined> {
    if (this.#savings === undefined || nowMs - this.#savings.atMs >= SAVINGS_KEPT_MS) {
      this.#savings = { atMs: nowMs, value: this.#port.savings() };
    }
    return this.#savings.value;
  }
}
