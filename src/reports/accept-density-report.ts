/**
 * Decides on one density report, as a pure function: duplicate, refused or accepted. For each sub-domain of an accepted
 * report it decides whether the value is applied, too late to be the newest, or quarantined. `authorise-report` has
 * checked before who may report for which sub-domain; `reports-service` stores and answers afterwards.
 */
import { estimateSkewMs, rememberDelay } from './clock-skew.js';
import { type DensityReport, NO_RATES, type ProbeReading } from './density-report.js';
import { judgeSample, rateOf, ratesOf, rememberRate } from './judge-sample.js';
import { MAX_FUTURE_SKEW_MS, MAX_PERIOD_SECONDS, MAX_REPORT_AGE_MS } from './limits.js';

/** The stored state of a probe before its next report. */
export interface ProbeHistory {
  /** True if a report with this number was accepted already. */
  hasSequence(sequence: number): boolean;
  reading(subdomainId: string): ProbeReading | undefined;
  /** Delays of its newest reports, see `clock-skew`. */
  readonly delaysMs: readonly number[];
}

export type DensityDecision =
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'refused'; readonly field: string; readonly reason: string }
  | {
      readonly kind: 'taken';
      readonly delaysMs: readonly number[];
      /** In the order of the report's `subdomains`. */
      readonly samples: readonly SampleDecision[];
    };

export interface SampleDecision {
  readonly subdomainId: string;
  readonly bytes: number;
  readonly users: number | null;
  /** `late`: counts in the history, but a newer value is known already. */
  readonly outcome: 'applied' | 'late' | 'quarantined';
  /** Why it was quarantined. */
  readonly reason: string | null;
  /** The new stored state of this probe and sub-domain. */
  readonly reading: ProbeReading;
}

/** @param report well-formed: non-negative safe integers, each sub-domain once */
export function acceptDensityReport(report: DensityReport, history: ProbeHistory, nowMs: number): DensityDecision {
  if (history.hasSequence(report.sequence)) return { kind: 'duplicate' };
  const refusal = refusalOf(report, nowMs);
  if (refusal !== undefined) return { kind: 'refused', ...refusal };

  const periodEndMs = report.periodStartMs + report.periodSeconds * 1000;
  const delaysMs = rememberDelay(history.delaysMs, nowMs - periodEndMs);
  const endMs = Math.min(nowMs, periodEndMs + estimateSkewMs(delaysMs));
  const samples = report.subdomains.map((sample): SampleDecision => {
    const previous = history.reading(sample.id);
    const users = sample.users ?? null;
    const said = { subdomainId: sample.id, bytes: sample.bytes, users };
    const reason = judgeSample(sample, report.periodSeconds, previous);
    if (reason !== undefined) {
      const inRow = (previous?.quarantined?.inRow ?? 0) + 1;
      const quarantined = { reason, bytes: sample.bytes, users, receivedMs: nowMs, inRow };
      return { ...said, outcome: 'quarantined', reason, reading: { ...(previous ?? NOTHING_YET), quarantined } };
    }
    if (previous !== undefined && previous.endMs > endMs) {
      return { ...said, outcome: 'late', reason: null, reading: previous };
    }
    const ratesPerUser = users !== null;
    const rate = rateOf(sample, report.periodSeconds);
    const coveredMs = Math.min(endMs - (previous?.endMs ?? endMs), report.periodSeconds * 1000);
    const reading: ProbeReading = {
      bytes: sample.bytes,
      users,
      periodSeconds: report.periodSeconds,
      endMs,
      ratesPerUser,
      rates: rememberRate(ratesOf(previous, ratesPerUser), rate, coveredMs, nowMs),
      otherRates: ratesOf(previous, !ratesPerUser),
      quarantined: null,
    };
    return { ...said, outcome: 'applied', reason: null, reading };
  });
  return { kind: 'taken', delaysMs, samples };
}

/** The state after a quarantined first value: without a period, so it never counts. */
const NOTHING_YET: ProbeReading = {
  bytes: 0,
  users: null,
  periodSeconds: 0,
  endMs: 0,
  ratesPerUser: false,
  rates: NO_RATES,
  otherRates: NO_RATES,
  quarantined: null,
};

/** Why a report of this period is refused, whatever its values. */
export function refusalOf(report: DensityReport, nowMs: number): { field: string; reason: string } | undefined {
  const periodEndMs = report.periodStartMs + report.periodSeconds * 1000;
  if (report.periodSeconds > MAX_PERIOD_SECONDS) {
    return { field: 'periodSeconds', reason: `a period has at most ${MAX_PERIOD_SECONDS} seconds` };
  }
  if (periodEndMs > nowMs + MAX_FUTURE_SKEW_MS) {
    return {
      field: 'periodStart',
      reason: 'the period ends more than a day in the future: set the clock of the probe',
    };
  }
  if (periodEndMs < nowMs - MAX_REPORT_AGE_MS) {
    return { field: 'periodStart', reason: 'the period ended more than a year ago' };
  }
  return undefined;
}
