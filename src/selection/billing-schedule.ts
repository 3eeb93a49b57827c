/**
 * Which billing period is in force at an instant, and when that next may change, in the local time of the period's zone.
 * Clock changes (DST) follow from asking Intl for the offset at the instant itself; a change of the offset counts as a
 * moment when the answer may change, so a caller that comes back then is never wrong by more than a millisecond.
 */
import { OperatorError } from '../domain/errors.js';
import type { BillingPeriod } from './billing.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** The first period of the list that covers `nowMs`. @throws OperatorError on a time or zone that does not exist */
export function periodInForce(schedule: readonly BillingPeriod[], nowMs: number): BillingPeriod | undefined {
  return schedule.find((period) => {
    const from = parseTimeOfDayMs(period.from, period.name);
    const to = parseTimeOfDayMs(period.to, period.name) % DAY_MS;
    const local = localTimeOfDayMs(period.timeZone, nowMs);
    if (from % DAY_MS === to) return true;
    return from < to ? local >= from && local < to : local >= from || local < to;
  });
}

/** The next instant at which `periodInForce` may answer differently; `undefined` without a schedule. */
export function nextChangeAtMs(schedule: readonly BillingPeriod[], nowMs: number): number | undefined {
  let next: number | undefined;
  for (const period of schedule) {
    const local = localTimeOfDayMs(period.timeZone, nowMs);
    for (const text of [period.from, period.to]) {
      const boundary = parseTimeOfDayMs(text, period.name) % DAY_MS;
      // A boundary that is now has just been passed; its next one is a day ahead.
      const ahead = (((boundary - local) % DAY_MS) + DAY_MS) % DAY_MS || DAY_MS;
      const at = clockChangeBefore(period.timeZone, nowMs, nowMs + ahead) ?? nowMs + ahead;
      if (next === undefined || at < next) next = at;
    }
  }
  return next;
}

/** Milliseconds since local midnight, as a clock on the wall shows it. */
function localTimeOfDayMs(timeZone: string, atMs: number): number {
  return (((atMs + offsetMs(timeZone, atMs)) % DAY_MS) + DAY_MS) % DAY_MS;
}

/** The first instant in (`fromMs`, `toMs`] with another offset than at `fromMs`; changes are months apart. */
function clockChangeBefore(timeZone: string, fromMs: number, toMs: number): number | undefined {
  const offset = offsetMs(timeZone, fromMs);
  if (offsetMs(timeZone, toMs) === offset) return undefined;
  let low = fromMs;
  let high = toMs;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(timeZone, middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What is added to UTC to get the local time. */
function offsetMs(timeZone: string, atMs: number): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat('en-US', {
        timeZone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
    } catch (thrown) {
      throw new OperatorError(`"${timeZone}" is not a time zone; use an IANA name such as Europe/Berlin`, {
        cause: thrown,
      });
    }
    formats.set(timeZone, format);
  }
  const field: Record<string, number> = {};
  for (const part of format.formatToParts(atMs)) field[part.type] = Number(part.value);
  const local = Date.UTC(field.year!, field.month! - 1, field.day!, field.hour!, field.minute!, field.second!);
  return local - Math.floor(atMs / 1000) * 1000;
}

function parseTimeOfDayMs(text: string, period: string): number {
  const match = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text);
  const minutes = match === null ? Number.NaN : Number(match[1]) * 60 + Number(match[2]);
  if (!(minutes <= 24 * 60)) {
    throw new OperatorError(`billing.schedule "${period}": "${text}" is not a time of day (00:00 to 24:00)`);
  }
  return minutes * MINUTE_MS;
}
