/**
 * The reports in memory, and the writing of each change to the store. Its `take…` methods run inside a transaction of
 * the caller; after a rollback the caller creates a new state from the store.
 */
import { forgetOldest } from '../domain/forget-oldest.js';
import { capabilityLevel } from '../selection/compile-capability.js';
import type { ReportsStore, StoredProbe } from '../store/sqlite/reports-store.js';
import {
  acceptCapabilityReport,
  type CapabilityLimits,
  type CapabilityReading,
  type CapabilityReport,
} from './accept-capability-report.js';
import { acceptDensityReport, type DensityDecision } from './accept-density-report.js';
import { type DensityReport, NO_RATES, type ProbeReading, type RateHistory } from './density-report.js';
import { CAPABILITY_GONE_MS, MAX_CAPABILITY_NODES } from './limits.js';
import { FIVE_MINUTES_SECONDS, HOUR_SECONDS, spreadOverBuckets } from './roll-up.js';

export interface ProbeState extends StoredProbe {
  readonly readings: Map<string, ProbeReading>;
}

export class ReportsState {
  readonly #store: ReportsStore;
  readonly probes = new Map<string, ProbeState>();
  readonly users = new Map<string, { users: number; receivedMs: number }>();
  /** By address; the node that has been silent longest comes first. */
  readonly capability = new Map<string, CapabilityReading>();

  constructor(store: ReportsStore, nowMs: number) {
    this.#store = store;
    const byKey = new Map<number, ProbeState>();
    for (const stored of store.loadProbes()) {
      const probe = { ...stored, readings: new Map<string, ProbeReading>() };
      this.probes.set(stored.name, probe);
      byKey.set(stored.probeKey, probe);
    }
    for (const latest of store.loadLatest()) {
      byKey.get(latest.probeKey)?.readings.set(latest.subdomainId, storedReading(latest.reading));
    }
    for (const { subdomainId, ...users } of store.loadUsers()) this.users.set(subdomainId, users);
    const stored = store.loadCapability(nowMs - CAPABILITY_GONE_MS).sort((a, b) => a.receivedMs - b.receivedMs);
    for (const reading of stored) this.capability.set(reading.address, reading);
  }

  takeDensity(report: DensityReport, nowMs: number): DensityDecision {
    let probe = this.probes.get(report.probe);
    const decision = acceptDensityReport(
      report,
      {
        // Numbers above the highest are new for certain, which nearly always saves the look-up.
        hasSequence: (sequence) =>
          probe !== undefined && sequence <= probe.highestSequence && this.#store.hasSequence(probe.probeKey, sequence),
        reading: (id) => probe?.readings.get(id),
        delaysMs: probe?.delaysMs ?? [],
      },
      nowMs,
    );
    if (decision.kind === 'refused') return decision;
    probe ??= this.#newProbe(report.probe, nowMs);
    if (decision.kind === 'duplicate') {
      this.#saveProbe({ ...probe, duplicates: probe.duplicates + 1 });
      return decision;
    }
    const { probeKey } = probe;
    const { sequence, periodStartMs, periodSeconds } = report;
    this.#store.addReport(
      { probeKey, sequence, periodStartMs, periodSeconds, receivedMs: nowMs },
      decision.samples.map((s) => ({ ...s, quarantineReason: s.reason })),
    );
    const shares = {
      fiveMinutes: spreadOverBuckets(periodStartMs, periodSeconds, FIVE_MINUTES_SECONDS),
      hours: spreadOverBuckets(periodStartMs, periodSeconds, HOUR_SECONDS),
    };
    let quarantined = 0;
    for (const sample of decision.samples) {
      if (sample.outcome === 'quarantined') quarantined++;
      else {
        const value = { bytesPerSecond: sample.bytes / periodSeconds, users: sample.users };
        this.#store.addToRollUps(probeKey, sample.subdomainId, value, shares);
      }
      if (sample.outcome === 'late') continue;
      probe.readings.set(sample.subdomainId, sample.reading);
      this.#store.saveLatest(probeKey, sample.subdomainId, JSON.stringify(sample.reading));
    }
    this.#saveProbe({
      ...probe,
      highestSequence: Math.max(probe.highestSequence, sequence),
      lastReceivedMs: nowMs,
      lastPeriodSeconds: periodSeconds,
      delaysMs: decision.delaysMs,
      accepted: probe.accepted + decision.samples.length - quarantined,
      quarantined: probe.quarantined + quarantined,
    });
    return decision;
  }

  takeUsers(subdomainId: string, users: number, nowMs: number): void {
    this.users.set(subdomainId, { users, receivedMs: nowMs });
    this.#store.saveUsers(subdomainId, users, nowMs);
  }

  /** @returns the names of the fields that were lowered, and the addresses for which selection sees a difference */
  takeCapability(
    report: CapabilityReport,
    plan: CapabilityLimits,
    bySelf: boolean,
    nowMs: number,
  ): { clamped: readonly string[]; changed: readonly string[] } {
    const { reading, clamped } = acceptCapabilityReport(report, plan, bySelf, nowMs);
    const before = this.capability.get(reading.address);
    const isChanged =
      before === undefined ||
      nowMs - before.receivedMs >= CAPABILITY_GONE_MS ||
      before.role !== reading.role ||
      capabilityLevel(before) !== capabilityLevel(reading);
    this.#store.saveCapability(reading);
    this.capability.delete(reading.address);
    this.capability.set(reading.address, reading);
    const longestSilent = forgetOldest(this.capability, MAX_CAPABILITY_NODES);
    return { clamped, changed: isChanged ? [reading.address, ...longestSilent] : longestSilent };
  }

  /**
   * Deletes a probe's values and history: judgement of its next value starts afresh. @returns false if it is unknown
   */
  releaseProbe(name: string): boolean {
    const probe = this.probes.get(name);
    if (probe === undefined) return false;
    probe.readings.clear();
    this.#store.forgetLatest(probe.probeKey);
    this.#saveProbe({ ...probe, delaysMs: [] });
    return true;
  }

  /** Drops expired capabilities. @returns their addresses */
  expireCapability(nowMs: number): string[] {
    const gone: string[] = [];
    for (const [address, reading] of this.capability) {
      if (nowMs - reading.receivedMs < CAPABILITY_GONE_MS) break;
      this.capability.delete(address);
      gone.push(address);
    }
    return gone;
  }

  #newProbe(name: string, nowMs: number): ProbeState {
    const probe: ProbeState = {
      probeKey: this.#store.addProbe(name, nowMs),
      name,
      highestSequence: -1,
      lastReceivedMs: nowMs,
      lastPeriodSeconds: 0,
      delaysMs: [],
      accepted: 0,
      duplicates: 0,
      quarantined: 0,
      readings: new Map(),
    };
    this.probes.set(name, probe);
    return probe;
  }

  #saveProbe(probe: ProbeState): void {
    this.probes.set(probe.name, probe);
    this.#store.saveProbe(probe);
  }
}

/** Version 0.1 stored only the newest rates. */
function storedReading(text: string): ProbeReading {
  const { recentRates, ...reading } = JSON.parse(text) as ProbeReading & { recentRates?: readonly number[] };
  if (recentRates === undefined) return reading;
  const rates: RateHistory = { recent: recentRates, usual: null, usualUntilMs: 0 };
  return { ...reading, rates, otherRates: NO_RATES };
}
