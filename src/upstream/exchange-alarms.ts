/** What of the exchange needs the operator's attention. */
import { type Alarm, alarm } from '../domain/alarm.js';
import { shortList } from '../domain/counted.js';
import type { OriginalView } from './original.js';

/** Originals that were not asked for this long say nothing about now. */
const RECENT_MS = 3_600_000;
/** One dead tracker is usual. */
const ORIGINALS_FOR_ALARM = 3;

export function exchangeAlarms(originals: readonly OriginalView[], nowMs: number): Alarm[] {
  const recent = originals.filter(({ askedMs }) => nowMs - askedMs < RECENT_MS);
  const alarms: Alarm[] = [];
  if (recent.length >= ORIGINALS_FOR_ALARM && recent.every(({ state }) => state !== 'closed')) {
    const [{ name, failure }] = recent as [OriginalView];
    const text = `none of the ${recent.length} original trackers asked within the last hour answers (${name}: ${failure ?? 'no answer'})`;
    alarms.push(alarm('originals-unreachable', { text }));
  }
  const spent = recent.filter(({ budgetLeft }) => budgetLeft === 0);
  if (spent.length > 0) {
    const names = spent.map(({ name }) => name);
    const text = `the requests of this hour to ${shortList(names)} are used up, so new foreign peers from there have to wait`;
    alarms.push(alarm('original-budget-spent', { text }));
  }
  return alarms;
}
