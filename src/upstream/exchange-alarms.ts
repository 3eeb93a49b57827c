/** What of the exchange needs the operator's attention. */
import type { OriginalView } from './original.js';

/** Originals that were not asked for this long say nothing about now. */
const RECENT_MS = 3_600_000;
/** One dead tracker is usual. */
const ORIGINALS_FOR_ALARM = 3;

/** @returns one line for each problem */
export function exchangeAlarms(originals: readonly OriginalView[], nowMs: number): string[] {
  const recent = originals.filter(({ askedMs }) => nowMs - askedMs < RECENT_MS);
  const alarms: string[] = [];
  if (recent.length >= ORIGINALS_FOR_ALARM && recent.every(({ state }) => state !== 'closed')) {
    const [{ name, failure }] = recent as [OriginalView];
    alarms.push(
      `none of ${recent.length} original trackers answers (${name}: ${failure ?? 'no answer'}); check upstream.resolvers, and that this machine reaches them`,
    );
  }
  const spent = recent.filter(({ budgetLeft }) => budgetLeft === 0);
  if (spent.length > 0) {
    alarms.push(
      `${spent
        .map(({ name }) => name)
        .slice(0, 3)
        .join(
          ', ',
        )}: the requests of this hour are used up; raise upstream.limits.requestsPerHour if the tracker allows it`,
    );
  }
  return alarms;
}
