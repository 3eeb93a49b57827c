/** The alarms of probes that need the operator: one for each probe and kind, however many sub-domains it concerns. */
import { type Alarm, type AlarmId, alarm } from '../domain/alarm.js';
import { counted, nounFor, shortList } from '../domain/counted.js';
import type { ProbeAlarm, ProbeAlarmKind } from './probe-health.js';

const IDS: Partial<Readonly<Record<ProbeAlarmKind, AlarmId>>> = {
  silent: 'probe-silent',
  'never-reported': 'probe-never-reported',
  implausible: 'probe-implausible',
  'users-unknown': 'probe-users-unknown',
};

export interface AlarmingProbe {
  readonly probe: string;
  readonly subdomains: readonly string[];
  readonly lastReceivedMs: number | null;
  readonly alarms: readonly ProbeAlarm[];
}

/** For how long the tracker has waited. */
export interface Waited {
  /** Since it has run with this probe in its configuration or among its tokens. */
  readonly knownMs: number;
  /** The first report of a probe may take so long. */
  readonly graceMs: number;
}

export function probeAlarms(view: AlarmingProbe, nowMs: number, { knownMs, graceMs }: Waited): Alarm[] {
  const { probe, alarms } = view;
  return alarms.flatMap((each) => {
    const id = IDS[each.kind];
    if (id === undefined) return [];
    if (id === 'probe-never-reported' && (knownMs < graceMs || isRevoked(view))) return [];
    return [alarm(id, { subject: probe, text: textOf(id, view, each, { nowMs, knownMs }) })];
  });
}

function isRevoked({ alarms }: AlarmingProbe): boolean {
  return alarms.some(({ kind }) => kind === 'revoked');
}

function textOf(
  id: AlarmId,
  { probe, subdomains, lastReceivedMs }: AlarmingProbe,
  { subdomains: concerned, detail }: ProbeAlarm,
  { nowMs, knownMs }: { readonly nowMs: number; readonly knownMs: number },
): string {
  if (id === 'probe-silent') {
    const minutes = Math.floor((nowMs - (lastReceivedMs ?? nowMs)) / 60_000);
    return `probe ${probe} silent for ${minutes} min: ${asAverage(concerned)}`;
  }
  if (id === 'probe-never-reported') {
    const minutes = Math.floor(knownMs / 60_000);
    return `probe ${probe} has never reported, and the tracker has waited for ${minutes} min: ${asAverage(subdomains)} unless another probe reports`;
  }
  return `probe ${probe}: ${detail}`;
}

function asAverage(subdomains: readonly string[]): string {
  const count = subdomains.length;
  return `${counted(count, 'sub-domain')} (${shortList(subdomains)}) ${nounFor(count, 'counts', 'count')} as average`;
}
