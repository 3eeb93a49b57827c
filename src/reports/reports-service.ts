/**
 * The reports for the rest of the program: accepts them (answers only when durable), and provides density and
 * capability to the policy. HTTP is in the control API, the decisions are in `accept-*` and `authorise-report`.
 */

import type { Principal } from '../control-api/principal.js';
import type { UsedSignature } from '../control-api/used-signatures.js';
import type { Clock } from '../domain/clock.js';
import type { HistoryRow } from '../store/sqlite/reports-history.js';
import type { ReportsStore } from '../store/sqlite/reports-store.js';
import {
  type CapabilityLimits,
  type CapabilityReading,
  type CapabilityReport,
  capabilityFreshness,
} from './accept-capability-report.js';
import { refusalOf } from './accept-density-report.js';
import {
  type Objection,
  objectionToCapability,
  objectionToDensity,
  objectionToSubdomains,
} from './authorise-report.js';
import { ChangeSignal, type ReportsChange } from './change-signal.js';
import { estimateSkewMs } from './clock-skew.js';
import { densityOfSubdomain, type SubdomainDensity } from './density-of-subdomain.js';
import type { DensityReport, ProbeReading, QuarantinedValue } from './density-report.js';
import { GroupCommit } from './group-commit.js';
import { type JudgedBy, judgedBy } from './judge-sample.js';
import { CAPABILITY_GONE_MS, FADE_CHECK_MS } from './limits.js';
import { alarmsOf, type ProbeAlarm } from './probe-health.js';
import { ReportsState } from './reports-state.js';

/** The probes and principals that may report now; `TokenDirectory` implements it. */
export interface ProbeDirectory {
  probes(): ReadonlyMap<string, ReadonlySet<string>>;
  isRevoked(name: string): boolean;
}

export interface ReportsServiceOptions {
  readonly store: ReportsStore;
  readonly clock: Clock;
  readonly directory: ProbeDirectory;
  readonly isKnownSubdomain: (id: string) => boolean;
  readonly plan: CapabilityLimits;
  /** Stores used signatures across a restart; without it they are only in memory. */
  readonly signatures?: { add(used: UsedSignature): void } | undefined;
  /** `reports.freshness`: values are late after this and ignored after twice this, whatever their period. */
  readonly freshMsMax?: (() => number) | undefined;
}

/** The call is not authorised or invalid; nothing was changed. `index` counts from 0 in a batch. */
export type Refusal = Objection & { readonly kind: 'forbidden' | 'refused'; readonly index: number };

export interface DensityReceipt {
  /** Sub-domain values accepted into the history. */
  readonly accepted: number;
  readonly duplicate: boolean;
  readonly quarantined: readonly { readonly subdomain: string; readonly reason: string }[];
}

export interface DensityReading {
  readonly bytesPerUserPerSecond: number;
  readonly ageSeconds: number;
  /** 1 counts in full … above 0. */
  readonly freshness: number;
}

export interface ProbeView {
  readonly probe: string;
  readonly subdomains: readonly string[];
  readonly lastReceivedMs: number | null;
  readonly highestSequence: number | null;
  /** The probe's clock behind the tracker's; negative: ahead; 0 within a few seconds. */
  readonly clockSkewMs: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly quarantined: number;
  /** The newest value of each sub-domain, if it is quarantined, beside what it is judged by. */
  readonly quarantinedValues: readonly QuarantinedView[];
  readonly alarms: readonly ProbeAlarm[];
}

export interface QuarantinedView extends Omit<QuarantinedValue, 'receivedMs'> {
  readonly subdomain: string;
  readonly receivedAt: string;
  /** In bytes per second and, if the probe counted users, per user. */
  readonly judgedBy: JudgedBy;
}

export class ReportsService {
  readonly #options: ReportsServiceOptions;
  readonly #commit: GroupCommit;
  readonly #change = new ChangeSignal();
  #state: ReportsState;
  #fadeTimer: NodeJS.Timeout | undefined;
  #capabilityReports = 0;

  constructor(options: ReportsServiceOptions) {
    this.#options = options;
    const load = (): ReportsState => new ReportsState(options.store, options.clock.nowMs());
    this.#state = load();
    this.#commit = new GroupCommit(options.store, () => {
      this.#state = load();
    });
  }

  get #freshMsMax(): number {
    return this.#options.freshMsMax?.() ?? Number.POSITIVE_INFINITY;
  }

  /** Starts notifying listeners while readings fade. */
  start(): void {
    this.#fadeTimer ??= setInterval(() => {
      const nowMs = this.#options.clock.nowMs();
      if (this.#isFading(nowMs)) this.#change.raiseDensity();
      this.#change.raiseCapability(this.#state.expireCapability(nowMs));
    }, FADE_CHECK_MS).unref();
  }

  /** Commits waiting work and stops notifying. */
  stop(): void {
    clearInterval(this.#fadeTimer);
    this.#fadeTimer = undefined;
    this.#commit.flush();
    this.#change.stop();
  }

  /**
   * Called at once, then at most every 250 ms, after reports that change something and while readings fade. @returns
   * unsubscribe
   */
  onChange(listener: (change: ReportsChange) => void): () => void {
    return this.#change.listen(listener);
  }

  /**
   * Accepts all of a batch or, if one is refused, none. Resolves when durable.
   * @throws ClientError `unavailable`
   */
  async submitDensity(principal: Principal, reports: readonly DensityReport[]): Promise<DensityReceipt[] | Refusal> {
    const nowMs = this.#options.clock.nowMs();
    for (const [index, report] of reports.entries()) {
      const objection = objectionToDensity(principal, report, this.#options.isKnownSubdomain);
      if (objection !== undefined) return { kind: 'forbidden', index, ...objection };
      const refusal = refusalOf(report, nowMs);
      if (refusal !== undefined) return { kind: 'refused', index, ...refusal };
    }
    const receipts = await this.#commit.run(() => reports.map((report) => this.#takeDensity(report, nowMs)));
    if (receipts.some((receipt) => !receipt.duplicate)) this.#change.raiseDensity();
    return receipts;
  }

  /** Stores users of sub-domains as the BRAS counts them. Resolves when durable. @throws ClientError `unavailable` */
  async submitUsers(
    principal: Principal,
    counts: readonly { readonly id: string; readonly users: number }[],
  ): Promise<number | Refusal> {
    const ids = counts.map((count) => count.id);
    const objection = objectionToSubdomains(principal, ids, this.#options.isKnownSubdomain);
    if (objection !== undefined) return { kind: 'forbidden', index: 0, ...objection };
    const nowMs = this.#options.clock.nowMs();
    await this.#commit.run(() => {
      for (const { id, users } of counts) this.#state.takeUsers(id, users, nowMs);
    });
    this.#change.raiseDensity();
    return counts.length;
  }

  /**
   * @param callerAddress the caller's address as RFC 5952 text
   * @returns the fields of each report that were lowered. Resolves when durable. @throws ClientError `unavailable`
   */
  async submitCapability(
    principal: Principal | undefined,
    callerAddress: string,
    reports: readonly CapabilityReport[],
  ): Promise<{ address: string; clamped: readonly string[] }[] | Refusal> {
    for (const [index, report] of reports.entries()) {
      const objection = objectionToCapability(principal, callerAddress, report, (address) =>
        this.#options.plan.isInner(address),
      );
      if (objection !== undefined) return { kind: 'forbidden', index, ...objection };
    }
    const nowMs = this.#options.clock.nowMs();
    const bySelf = principal?.kind !== 'operator';
    const results = await this.#commit.run(() =>
      reports.map((report) => ({
        address: report.address,
        ...this.#state.takeCapability(report, this.#options.plan, bySelf, nowMs),
      })),
    );
    this.#capabilityReports += reports.length;
    // A node that repeats the same values every half minute changes no answer.
    this.#change.raiseCapability(results.flatMap((result) => result.changed));
    return results.map(({ address, clamped }) => ({ address, clamped }));
  }

  /** Stores a used signature, at the latest together with the next submission. */
  rememberSignature(used: UsedSignature): void {
    const { signatures } = this.#options;
    if (signatures === undefined) return;
    // If the disk fails, the request that it signed fails too, so it cannot be replayed.
    this.#commit.run(() => signatures.add(used)).catch(() => undefined);
  }

  /**
   * Accepts a probe's next values again, after a real change that looked like a defect. @returns false if it is unknown
   */
  async releaseProbe(name: string): Promise<boolean> {
    const known = await this.#commit.run(() => this.#state.releaseProbe(name));
    if (known) this.#change.raiseDensity();
    return known;
  }

  /** By sub-domain, only readings that still count; a missing sub-domain is neutral. */
  densityReadings(nowMs: number): ReadonlyMap<string, DensityReading> {
    const readings = new Map<string, DensityReading>();
    for (const [id, density] of this.densities(nowMs)) {
      const { bytesPerUserPerSecond, ageSeconds, freshness } = density;
      if (bytesPerUserPerSecond === null || freshness <= 0) continue;
      readings.set(id, { bytesPerUserPerSecond, ageSeconds, freshness });
    }
    return readings;
  }

  /** Of capability, accepted since the start. */
  get capabilityReports(): number {
    return this.#capabilityReports;
  }

  /** How many nodes have reported their capability lately. */
  get nodes(): number {
    return this.#state.capability.size;
  }

  /** @returns undefined if no reading still counts */
  capabilityReading(address: string, nowMs: number): CapabilityReading | undefined {
    const reading = this.#state.capability.get(address);
    return reading === undefined || nowMs - reading.receivedMs >= CAPABILITY_GONE_MS ? undefined : reading;
  }

  /** By address, only readings that still count. */
  capabilityReadings(
    nowMs: number,
  ): ReadonlyMap<string, CapabilityReading & { ageSeconds: number; freshness: number }> {
    const readings = new Map<string, CapabilityReading & { ageSeconds: number; freshness: number }>();
    for (const [address, reading] of this.#state.capability) {
      const ageMs = Math.max(0, nowMs - reading.receivedMs);
      if (ageMs >= CAPABILITY_GONE_MS) continue;
      readings.set(address, { ...reading, ageSeconds: ageMs / 1000, freshness: capabilityFreshness(ageMs) });
    }
    return readings;
  }

  /** All readings of each sub-domain, including those that no longer count. */
  densities(nowMs: number): ReadonlyMap<string, SubdomainDensity> {
    const parts = new Map<string, ProbeReading[]>();
    const directory = this.#options.directory.probes();
    for (const probe of this.#state.probes.values()) {
      if (this.#options.directory.isRevoked(probe.name)) continue;
      const allowed = directory.get(probe.name);
      for (const [id, reading] of probe.readings) {
        // A probe for which only the operator reported by hand is removed once its values are ignored.
        if (
          allowed === undefined
            ? densityOfSubdomain([reading], undefined, nowMs, this.#freshMsMax)?.freshness === 0
            : !allowed.has(id)
        ) {
          continue;
        }
        const list = parts.get(id);
        if (list === undefined) parts.set(id, [reading]);
        else list.push(reading);
      }
    }
    const densities = new Map<string, SubdomainDensity>();
    for (const [id, readings] of parts) {
      const density = densityOfSubdomain(readings, this.#state.users.get(id), nowMs, this.#freshMsMax);
      if (density !== undefined) densities.set(id, density);
    }
    return densities;
  }

  /** Every probe that may report or has reported, with its alarms. */
  probes(nowMs: number): ProbeView[] {
    const directory = this.#options.directory;
    const densities = this.densities(nowMs);
    const names = new Set([...directory.probes().keys(), ...this.#state.probes.keys()]);
    return [...names].sort().map((name) => {
      const state = this.#state.probes.get(name);
      const readings = state?.readings ?? new Map<string, ProbeReading>();
      const facts = {
        revoked: directory.isRevoked(name),
        lastReceivedMs: state?.lastReceivedMs,
        delaysMs: state?.delaysMs ?? [],
        readings,
        densities,
        freshMsMax: this.#freshMsMax,
      };
      return {
        probe: name,
        subdomains: [...(directory.probes().get(name) ?? readings.keys())],
        lastReceivedMs: state?.lastReceivedMs ?? null,
        highestSequence: state === undefined || state.highestSequence < 0 ? null : state.highestSequence,
        clockSkewMs: estimateSkewMs(facts.delaysMs),
        accepted: state?.accepted ?? 0,
        duplicates: state?.duplicates ?? 0,
        quarantined: state?.quarantined ?? 0,
        quarantinedValues: quarantinedOf(readings),
        alarms: alarmsOf(facts, nowMs),
      };
    });
  }

  /** Means over five minutes or, more than two days ago, over hours; the oldest first. */
  densityHistory(query: { sinceMs: number; subdomain?: string | undefined; rowsMax: number }): HistoryRow[] {
    return this.#options.store.history({ ...query, nowMs: this.#options.clock.nowMs() });
  }

  #takeDensity(report: DensityReport, nowMs: number): DensityReceipt {
    const decision = this.#state.takeDensity(report, nowMs);
    if (decision.kind !== 'taken') return { accepted: 0, duplicate: decision.kind === 'duplicate', quarantined: [] };
    const quarantined = decision.samples
      .filter((sample) => sample.reason !== null)
      .map((sample) => ({ subdomain: sample.subdomainId, reason: sample.reason! }));
    return { accepted: decision.samples.length - quarantined.length, duplicate: false, quarantined };
  }

  #isFading(nowMs: number): boolean {
    // One and a half intervals, so that the moment a reading ends is notified too.
    const justNow = nowMs - FADE_CHECK_MS * 1.5;
    const before = this.densityReadings(justNow);
    const after = this.densityReadings(nowMs);
    for (const [id, reading] of before) {
      if (after.get(id)?.freshness !== reading.freshness) return true;
    }
    return false;
  }
}

function quarantinedOf(readings: ReadonlyMap<string, ProbeReading>): QuarantinedView[] {
  return [...readings].flatMap(([subdomain, reading]) => {
    if (reading.quarantined === null) return [];
    const { receivedMs, ...value } = reading.quarantined;
    const receivedAt = new Date(receivedMs).toISOString();
    return [{ subdomain, ...value, receivedAt, judgedBy: judgedBy(reading, value.users !== null) }];
  });
}
