/** The alarms of probes that need the operator: one for each probe and kind, however many sub-domains it concerns. */
import { type Alarm, type AlarmId, alarm } from '../domain/alarm.js';
import { counted, nounFor } from '../domain/counted.js';
import type { ProbeAlarm, ProbeAlarmKind } from './probe-health.js';

const IDS: Partial<Readonly<Record<ProbeAlarmKind, AlarmId>>> = {
  silent: 'probe-silent',
  implausible: 'probe-implausible',
  'users-unknown': 'probe-users-unknown',
};
/** In a text. */
const SUBDOMAINS_NAMED = 3;

export interface AlarmingProbe {
  readonly probe: string;
  readonly lastReceivedMs: number | null;
  readonly alarms: readonly ProbeAlarm[];
}

export function probeAlarms({ probe, lastReceivedMs, alarms }: AlarmingProbe, nowMs: number): Alarm[] {
  return alarms.flatMap((each) => {
    const id = IDS[each.kind];
    if (id === undefined) return [];
    const text = id === 'probe-silent' ? silent(probe, lastReceivedMs, each, nowMs) : `probe ${probe}: ${each.detail}`;
    return [alarm(id, { subject: probe, text })];
  });
}

function silent(probe: string, lastReceivedMs: number | null, { subdomains }: ProbeAlarm, nowMs: number): string {
  const minutes = Math.floor((nowMs - (lastReceivedMs ?? nowMs)) / 60_000);
  const rest = subdomains.length - SUBDOMAINS_NAMED;
  const named = `${subdomains.slice(0, SUBDOMAINS_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  const what = `${counted(subdomains.length, 'sub-domain')} (${named}) ${nounFor(subdomains.length, 'counts', 'count')}`;
  return `probe ${probe} silent for ${minutes} min: ${what} as average`;
}
