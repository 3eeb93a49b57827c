/** Roll-out and savings while the program runs: sends the rules to the data plane, and stores each minute what it counted. */
import { messageOf } from '../domain/errors.js';
import { type InfoHash, parseInfoHash } from '../domain/info-hash.js';
import { type LocalityGroup, MAX_GROUPS } from '../domain/locality-group.js';
import type { Apply, PartContext, RunningPart } from '../part/part.js';
import { HOUSEHOLD_KEY_WORDS, REPLICATES, type RolloutRules } from '../selection/household-groups.js';
import type { AnnounceKind } from '../selection/traffic-classes.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import { householdKey } from '../store/sqlite/household-key-store.js';
import { type SavingsHour, type SavingsRow, SavingsStore } from '../store/sqlite/savings-store.js';
import { addToHour, type GroupPrice, growthBetween, type TotalsReading, windowOfHours } from './accumulate.js';
import { estimateSavings, foreignBytesOf, type SimulatedBaseline } from './estimate.js';
import { DAY_MS, HOUR_MS, type ReportInput, savingsReport } from './report.js';
import { DEFAULT_CONTROL_PERCENT, type SavingsConfig } from './section.js';
import { type SwarmPeers, simulatedBaseline } from './simulated-baseline.js';
import { sum } from './traffic-window.js';

const MINUTE_MS = 60_000;
const FIVE_MINUTES_MS = 5 * MINUTE_MS;
const KEPT_MS = 730 * DAY_MS;
const RATES_KEPT_MS = 40 * DAY_MS;
/** Rows of a kind that a day keeps after it has ended, and that a report shows. */
const ROWS_A_DAY = 1_000;
/** More than the day keeps, so that a torrent that starts slowly adds up. */
const TORRENTS_OF_RUNNING_DAY = 8 * ROWS_A_DAY;
const ROWS_SHOWN = 200;

export interface SavingsNeeds extends Pick<PartContext, 'clock' | 'log'> {
  readonly database: SqliteDatabase;
  readonly topology: () => { readonly compiled: { readonly groups: readonly (LocalityGroup | undefined)[] } };
  /** Sends rules to the data plane. */
  readonly setRollout: (rules: RolloutRules) => void;
  /** The totals that the data plane counts. */
  readonly traffic: () => TotalsReading & { readonly announces: Readonly<Record<AnnounceKind, number>> };
  /** What localised clients have downloaded since the last call, by torrent. */
  readonly takeTorrentTraffic: () => readonly {
    readonly infoHash: string;
    readonly downloaded: number;
    readonly foreignByShare: number;
  }[];
  readonly policy: () => {
    describeGroup(group: number): GroupPrice;
    readonly billing: { readonly currency: string; readonly period: string | null };
  };
  readonly prices: () => { readonly defaultRatePerGigabyte: number };
  /** The largest swarms; for a baseline without a control group. */
  readonly swarmPeers: () => Promise<readonly SwarmPeers[]>;
  readonly catalogue: { get(infoHash: InfoHash): { readonly name: string } | undefined };
}

export type SavingsReport = ReturnType<typeof savingsReport>;

export class RunningSavings implements RunningPart<SavingsConfig> {
  readonly listeners = [];
  readonly #needs: SavingsNeeds;
  readonly #key: Uint32Array;
  readonly #store: SavingsStore;
  #config: SavingsConfig;
  #timer: NodeJS.Timeout | undefined;
  /** The last reading that is stored. The data plane's totals begin at zero with the program. */
  #before: TotalsReading | undefined;
  readonly #rates = { random: Number.NaN, localised: Number.NaN };
  /** Of the five minutes that run, as in an hour. */
  #five: { readonly atMs: number; readonly bytes: readonly number[] } = { atMs: 0, bytes: [] };
  #prunedDayMs = 0;

  constructor(config: SavingsConfig, needs: SavingsNeeds) {
    this.#config = config;
    this.#needs = needs;
    this.#key = householdKey(needs.database, HOUSEHOLD_KEY_WORDS);
    this.#store = new SavingsStore(needs.database);
  }

  /** For the start of the data plane. */
  get rollout(): RolloutRules & { readonly key: Uint32Array } {
    return { ...this.#rulesOf(this.#config), key: this.#key };
  }

  get traffic(): ReturnType<SavingsNeeds['traffic']> {
    return this.#needs.traffic();
  }

  /** Totals of localised households since the start, by sub-domain; without those that have no traffic yet. */
  bySubdomain(measure: 'downloaded' | 'foreignByShare'): ReadonlyMap<string, number> {
    const totals = new Map<string, number>();
    const values = this.traffic.byGroup(measure);
    for (const group of this.#needs.topology().compiled.groups) {
      const bytes = group === undefined ? 0 : values[group.number]!;
      if (group?.subdomain === undefined || bytes === 0) continue;
      totals.set(group.subdomain, (totals.get(group.subdomain) ?? 0) + bytes);
    }
    return totals;
  }

  start(): void {
    this.stop();
    this.#timer = setInterval(() => this.#recordOrLog(), MINUTE_MS).unref();
  }

  prepare(next: SavingsConfig): Apply {
    return () => {
      this.#config = next;
      this.#needs.setRollout(this.#rulesOf(next));
    };
  }

  /** The last minute is not lost. */
  beforeExit(): void {
    this.#recordOrLog();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Stores what has been counted since the last call. */
  record(): void {
    const { clock, policy, prices, traffic } = this.#needs;
    const now = traffic();
    const before = this.#before ?? EMPTY;
    this.#before = now;
    const nowMs = clock.nowMs();
    const growth = growthBetween(before, now, (group) => policy().describeGroup(group));
    const { defaultRatePerGigabyte } = prices();
    this.#rates.random = growth.randomRate ?? (this.#rates.random || defaultRatePerGigabyte);
    this.#rates.localised = growth.localisedRate ?? (this.#rates.localised || defaultRatePerGigabyte);
    const hourMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
    const period = policy().billing.period ?? '';
    const stored = this.#store.hour(hourMs, period) ?? emptyHour(hourMs, period);
    const hour = addToHour(stored, growth, this.#rates);
    const dayMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
    const rows = new Map([...growth.rows, ['torrent', this.#torrentRows()] as const]);
    this.#store.save(hour, dayMs, rows, this.#fiveMinutes(nowMs, growth.bytes, hour));
    this.#store.pruneDay(dayMs, 'torrent', TORRENTS_OF_RUNNING_DAY);
    if (dayMs !== this.#prunedDayMs) {
      this.#store.prune(nowMs - KEPT_MS, nowMs - RATES_KEPT_MS, dayMs - DAY_MS, ROWS_A_DAY);
      this.#prunedDayMs = dayMs;
    }
  }

  #torrentRows(): SavingsRow[] {
    const torrents = this.#needs.takeTorrentTraffic();
    return torrents.map(({ infoHash, ...bytes }) => ({ name: infoHash, ...bytes }));
  }

  /** @param fromMs whole hours are read */
  async report(fromMs: number, toMs: number): Promise<SavingsReport> {
    if (toMs > this.#needs.clock.nowMs() - MINUTE_MS) this.#recordOrLog();
    const { policy, prices, catalogue } = this.#needs;
    const hours = this.#store.hours(Math.floor(fromMs / HOUR_MS) * HOUR_MS, toMs);
    const firstDayMs = Math.floor(fromMs / DAY_MS) * DAY_MS;
    const rows = (kind: 'subdomain' | 'source' | 'torrent') => this.#store.rows(kind, firstDayMs, toMs, ROWS_SHOWN);
    const input: ReportInput = {
      fromMs,
      toMs,
      currency: policy().billing.currency,
      defaultRate: prices().defaultRatePerGigabyte,
      hours,
      subdomains: rows('subdomain'),
      sources: rows('source'),
      torrents: rows('torrent'),
      rates: this.#store.rates(fromMs, toMs),
      simulated: await this.#simulated(hours),
      nameOf: (infoHash) => catalogue.get(parseInfoHash(infoHash))?.name,
    };
    return savingsReport(input);
  }

  #recordOrLog(): void {
    try {
      this.record();
    } catch (thrown) {
      this.#needs.log.error({ err: thrown }, `savings: a minute was not stored: ${messageOf(thrown)}`);
    }
  }

  /** Swarms are read only if the control group is empty. */
  async #simulated(hours: readonly SavingsHour[]): Promise<SimulatedBaseline | undefined> {
    const withoutSwarms = estimateSavings(windowOfHours(hours), { random: 0, localised: 0 }, undefined);
    if (!('reason' in withoutSwarms)) return undefined;
    try {
      return simulatedBaseline(await this.#needs.swarmPeers());
    } catch (thrown) {
      this.#needs.log.debug(
        { reason: messageOf(thrown) },
        'savings: the tracker restarts, so its swarms are not known',
      );
      return undefined;
    }
  }

  /** Adds a minute to five; the five are stored each time, so that a restart loses at most a minute. */
  #fiveMinutes(nowMs: number, bytes: readonly number[], hour: SavingsHour) {
    const atMs = Math.floor(nowMs / FIVE_MINUTES_MS) * FIVE_MINUTES_MS;
    const before = this.#five.atMs === atMs ? this.#five.bytes : [];
    this.#five = { atMs, bytes: bytes.map((value, i) => value + (before[i] ?? 0)) };
    const { localised, plain, control } = windowOfHours([this.#five]);
    const ofHour = windowOfHours([hour]).control;
    const share = sum(ofHour.foreignByShare) / sum(ofHour.downloaded);
    const baselineBytes = (sum(localised.downloaded) + sum(plain.downloaded) + sum(control.downloaded)) * share;
    return {
      atMs,
      foreignBytes: foreignBytesOf(windowOfHours([this.#five])),
      baselineBytes: Number.isFinite(baselineBytes) ? baselineBytes : null,
    };
  }

  #rulesOf({ rollout, lab }: SavingsConfig): RolloutRules {
    const { percent, subdomains, shadow } = rollout;
    // A lab has too few households for a group of one in a hundred, and its demonstrations should not depend on chance.
    const isByDefault = rollout.controlPercent === DEFAULT_CONTROL_PERCENT;
    const controlPercent = lab && isByDefault ? 0 : rollout.controlPercent;
    return { percent, controlPercent, groups: subdomains.length === 0 ? null : this.#groupsOf(subdomains), shadow };
  }

  /** Numbers of the locality groups of some sub-domains, and of the caches in them. */
  #groupsOf(subdomains: readonly string[]): number[] {
    const wanted = new Set(subdomains);
    return this.#needs
      .topology()
      .compiled.groups.flatMap((group) =>
        group?.subdomain !== undefined && wanted.has(group.subdomain) ? [group.number] : [],
      );
  }
}

/** Totals at the start of the program. */
const EMPTY: TotalsReading = {
  replicates: () => new Array<number>(REPLICATES).fill(0),
  byGroup: () => new Float64Array(MAX_GROUPS + 1),
};

function emptyHour(hourMs: number, period: string): SavingsHour {
  return { hourMs, period, bytes: [], localisedBytes: 0, randomCost: 0, localisedShare: 0, localisedCost: 0 };
}
