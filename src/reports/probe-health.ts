/** What is wrong with a probe, in words an operator can act on. Pure; nothing here changes what is applied. */
import { estimateSkewMs } from './clock-skew.js';
import { lifetimeOf, type SubdomainDensity } from './density-of-subdomain.js';
import type { ProbeReading } from './density-report.js';
import { SKEW_SHOWN_MS } from './limits.js';

export type ProbeAlarmKind =
  | 'never-reported'
  | 'late'
  | 'silent'
  | 'implausible'
  | 'clock'
  | 'users-unknown'
  | 'revoked';

export interface ProbeAlarm {
  readonly kind: ProbeAlarmKind;
  readonly detail: string;
}

export interface ProbeFacts {
  readonly revoked: boolean;
  /** undefined: never reported. */
  readonly lastReceivedMs: number | undefined;
  readonly delaysMs: readonly number[];
  readonly readings: ReadonlyMap<string, ProbeReading>;
  readonly densities: ReadonlyMap<string, SubdomainDensity>;
  /** See `lifetimeOf`. */
  readonly freshMsMax: number;
}

export function alarmsOf(facts: ProbeFacts, nowMs: number): ProbeAlarm[] {
  const alarms: ProbeAlarm[] = [];
  if (facts.revoked)
    alarms.push({ kind: 'revoked', detail: 'its last token was revoked; what it said is not applied' });
  if (facts.lastReceivedMs === undefined) {
    return [...alarms, { kind: 'never-reported', detail: 'no report has come from it yet' }];
  }
  for (const [subdomainId, reading] of facts.readings) {
    if (reading.quarantined !== null) {
      const { reason, inRow } = reading.quarantined;
      alarms.push({ kind: 'implausible', detail: `${subdomainId}: ${reason} (${inRow} in a row); not applied` });
    } else if (facts.densities.get(subdomainId)?.users === null) {
      alarms.push({ kind: 'users-unknown', detail: `${subdomainId}: neither probe nor BRAS counted the users` });
    }
    const timing = timingAlarm(subdomainId, reading, facts.freshMsMax, nowMs);
    if (timing !== undefined) alarms.push(timing);
  }
  const skewMs = estimateSkewMs(facts.delaysMs);
  if (Math.abs(skewMs) > SKEW_SHOWN_MS) {
    const seconds = Math.round(Math.abs(skewMs) / 1000);
    alarms.push({ kind: 'clock', detail: `its clock is ${seconds} s ${skewMs > 0 ? 'behind' : 'ahead'}; corrected` });
  }
  return alarms;
}

function timingAlarm(
  subdomainId: string,
  reading: ProbeReading,
  freshMsMax: number,
  nowMs: number,
): ProbeAlarm | undefined {
  if (reading.periodSeconds === 0) return undefined;
  const { freshMs, goneMs } = lifetimeOf(reading.periodSeconds, freshMsMax);
  const ageMs = nowMs - reading.endMs;
  if (ageMs <= freshMs) return undefined;
  const age = `${subdomainId}: its newest believed period ended ${Math.round(ageMs / 1000)} s ago`;
  if (ageMs >= goneMs) return { kind: 'silent', detail: `${age}; the sub-domain counts as neutral` };
  return { kind: 'late', detail: `${age} (period ${reading.periodSeconds} s); it counts less and less` };
}
