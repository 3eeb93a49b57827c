/** Finds what is wrong with a probe, in words that an operator can act on. Pure; it changes nothing that is applied. */
import { shortList } from '../domain/counted.js';
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
  /** The sub-domains concerned; empty if the alarm concerns the probe. */
  readonly subdomains: readonly string[];
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
    alarms.push({ kind: 'revoked', detail: 'its last token was revoked; its values are not applied', subdomains: [] });
  if (facts.lastReceivedMs === undefined) {
    return [...alarms, { kind: 'never-reported', detail: 'it has not sent a report yet', subdomains: [] }];
  }
  const complaints = [...facts.readings].flatMap(([id, reading]) => complaintsOf(id, reading, facts, nowMs));
  for (const kind of SUBDOMAIN_ALARMS) {
    const alike = complaints.filter((complaint) => complaint.kind === kind);
    if (alike.length > 0) alarms.push(grouped(kind, alike));
  }
  const skewMs = estimateSkewMs(facts.delaysMs);
  if (Math.abs(skewMs) > SKEW_SHOWN_MS) {
    const seconds = Math.round(Math.abs(skewMs) / 1000);
    const detail = `its clock is ${seconds} s ${skewMs > 0 ? 'behind' : 'ahead'}; corrected`;
    alarms.push({ kind: 'clock', detail, subdomains: [] });
  }
  return alarms;
}

const SUBDOMAIN_ALARMS = ['implausible', 'silent', 'late', 'users-unknown'] as const;

interface Complaint {
  readonly kind: (typeof SUBDOMAIN_ALARMS)[number];
  readonly subdomain: string;
  readonly what: string;
}

/** One alarm of a kind for any number of sub-domains: a silent probe is one repair. */
function grouped(kind: ProbeAlarmKind, alike: readonly Complaint[]): ProbeAlarm {
  const subdomains = alike.map(({ subdomain }) => subdomain);
  const [{ subdomain, what }] = alike as [Complaint];
  if (alike.length === 1) return { kind, detail: `${subdomain}: ${what}`, subdomains };
  const same = alike.every((each) => each.what === what);
  return {
    kind,
    detail: `${alike.length} sub-domains (${shortList(subdomains)}): ${same ? what : `${what} (${subdomain})`}`,
    subdomains,
  };
}

function complaintsOf(subdomain: string, reading: ProbeReading, facts: ProbeFacts, nowMs: number): Complaint[] {
  const complaints: Complaint[] = [];
  if (reading.quarantined !== null) {
    const { reason, inRow } = reading.quarantined;
    complaints.push({ kind: 'implausible', subdomain, what: `${reason} (${inRow} consecutive values); not applied` });
  } else if (facts.densities.get(subdomain)?.users === null) {
    complaints.push({ kind: 'users-unknown', subdomain, what: 'neither probe nor BRAS counted the users' });
  }
  if (reading.periodSeconds === 0) return complaints;
  const { freshMs, goneMs } = lifetimeOf(reading.periodSeconds, facts.freshMsMax);
  const ageMs = nowMs - reading.endMs;
  const age = `the newest accepted period ended ${Math.round(ageMs / 1000)} s ago`;
  if (ageMs >= goneMs) complaints.push({ kind: 'silent', subdomain, what: `${age}; counts as average` });
  else if (ageMs > freshMs) {
    const what = `${age} (period ${reading.periodSeconds} s); its weight decreases`;
    complaints.push({ kind: 'late', subdomain, what });
  }
  return complaints;
}
