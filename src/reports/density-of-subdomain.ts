/**
 * Computes the density of one sub-domain from the last reports of its detection points. Each watches a separate link,
 * so their bytes and users are summed. If one of them does not count users, the BRAS's number for the sub-domain is
 * used. The age is that of the oldest part: if one of two links is silent, the sum is unknown and fades to neutral.
 */
import type { ProbeReading } from './density-report.js';
import { LATE_GRACE_MS, USERS_VALID_MS } from './limits.js';

export interface SubdomainDensity {
  /** null if nobody counted the users. */
  readonly bytesPerUserPerSecond: number | null;
  readonly bytesPerSecond: number;
  readonly users: number | null;
  readonly usersFrom: 'probe' | 'bras' | null;
  /** Since the end of the oldest period in the sum. */
  readonly ageSeconds: number;
  /** 1 counts in full … 0 is ignored. */
  readonly freshness: number;
  readonly periodSeconds: number;
}

/**
 * @param freshMsMax see {@link lifetimeOf}
 * @returns undefined if no probe has reported a credible value
 */
export function densityOfSubdomain(
  readings: readonly ProbeReading[],
  bras: { readonly users: number; readonly receivedMs: number } | undefined,
  nowMs: number,
  freshMsMax = Number.POSITIVE_INFINITY,
): SubdomainDensity | undefined {
  const parts = readings.filter((reading) => reading.periodSeconds > 0);
  if (parts.length === 0) return undefined;
  let bytesPerSecond = 0;
  let counted: number | null = 0;
  let ageMs = 0;
  let freshness = 1;
  let periodSeconds = 0;
  for (const part of parts) {
    bytesPerSecond += part.bytes / part.periodSeconds;
    counted = counted === null || part.users === null ? null : counted + part.users;
    ageMs = Math.max(ageMs, nowMs - part.endMs);
    freshness = Math.min(freshness, freshnessOf(nowMs - part.endMs, part.periodSeconds, freshMsMax));
    periodSeconds = Math.max(periodSeconds, part.periodSeconds);
  }
  const brasIsValid = bras !== undefined && nowMs - bras.receivedMs <= USERS_VALID_MS;
  const users = counted ?? (brasIsValid ? bras.users : null);
  return {
    bytesPerUserPerSecond: users === null || users === 0 ? null : bytesPerSecond / users,
    bytesPerSecond,
    users,
    usersFrom: counted !== null ? 'probe' : users === null ? null : 'bras',
    ageSeconds: ageMs / 1000,
    freshness,
    periodSeconds,
  };
}

/** 1 for two periods and a grace, then linear to 0. @param ageMs since the end of the period */
export function freshnessOf(ageMs: number, periodSeconds: number, freshMsMax: number): number {
  const { freshMs, goneMs } = lifetimeOf(periodSeconds, freshMsMax);
  if (ageMs <= freshMs) return 1;
  return ageMs >= goneMs ? 0 : (goneMs - ageMs) / (goneMs - freshMs);
}

/**
 * How old the end of a period may be before its value is late, and before it is ignored.
 * @param freshMsMax the operator's limit: late after this, ignored after twice this, whatever the period
 */
export function lifetimeOf(periodSeconds: number, freshMsMax: number): { freshMs: number; goneMs: number } {
  const periodMs = periodSeconds * 1000;
  const freshMs = Math.min(2 * periodMs + LATE_GRACE_MS, freshMsMax);
  return { freshMs, goneMs: Math.min(freshMs + 4 * periodMs + 2 * LATE_GRACE_MS, 2 * freshMsMax) };
}
