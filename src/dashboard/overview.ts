/**
 * The numbers that an operator checks first: how much traffic stays inside, announces per second, and what was saved.
 */
import type { Clock } from '../domain/clock.js';

/** Counts since the start of the tracker, and its current swarms and peers. */
export interface TrackerTotals {
  readonly announces: number;
  /** To inner clients, all or a sample of them. */
  readonly peersGiven: number;
  readonly peersGivenInner: number;
  readonly swarms: number;
  readonly peers: number;
  readonly seeds: number;
}

export interface Savings {
  /** Bytes of completed downloads that probably came from inside. */
  readonly bytesInside: number;
  readonly amount: number;
  readonly currency: string;
  /** How it was estimated, one sentence. */
  readonly basis: string;
}

export interface OverviewPort {
  totals(): TrackerTotals;
  /** undefined: too little has been measured for an estimate. */
  savings(): Promise<Savings | undefined>;
}

export interface Overview extends TrackerTotals {
  /** Of the peers given over the last minute or, in a quiet minute, since the start; null: none given yet. */
  readonly innerShare: number | null;
  /** Mean over the last minute, or since the first request of the overview; null at the first request. */
  readonly announcesPerSecond: number | null;
  readonly savings: Savings | null;
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
