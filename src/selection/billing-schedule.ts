/**
 * Which billing period is in force at an instant, and when that may change next, in the local time of the period's zone.
 * Intl gives the offset at the instant itself, so clock changes (DST) are included. A change of the offset counts as an instant
 * at which the answer may change, so a caller that asks again then is always up to date.
 */
import { OperatorError } from '../domain/errors.js';
import type { TimePeriod, Weekday } from './billing.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const WEEKDAYS: readonly Weekday[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** The first period of the list that covers `nowMs`. @throws OperatorError on a time zone that does not exist */
export function periodInForce<Period extends TimePeriod>(
  schedule: readonly Period[],
  nowMs: number,
): Period | undefined {
  return schedule.find((period) => covers(period, nowMs));
}

/** The next instant at which `periodInForce` may answer differently; `undefined` without a schedule. */
export function nextChangeAtMs(schedule: readonly TimePeriod[], nowMs: number): number | undefined {
  let next: number | undefined;
  for (const { timeZone, fromMinutes, toMinutes } of schedule) {
    const local = timeOfDayMs(nowMs + offsetMs(timeZone, nowMs));
    // Midnight is a boundary too, for a period that lasts the whole of certain days.
    for (const minutes of [fromMinutes, toMinutes, 0]) {
      // A boundary at this instant has passed; the next one is a day ahead.
      const ahead = timeOfDayMs(minutes * MINUTE_MS - local) || DAY_MS;
      const at = clockChangeAtMs(timeZone, nowMs, nowMs + ahead) ?? nowMs + ahead;
      if (next === undefined || at < next) next = at;
    }
  }
  return next;
}

function covers(period: TimePeriod, nowMs: number): boolean {
  const localMs = nowMs + offsetMs(period.timeZone, nowMs);
  const time = timeOfDayMs(localMs);
  const from = timeOfDayMs(period.fromMinutes * MINUTE_MS);
  const to = timeOfDayMs(period.toMinutes * MINUTE_MS);
  const begins = (dayMs: number): boolean =>
    period.days === undefined || period.days.includes(WEEKDAYS[new Date(dayMs).getUTCDay()]!);
  if (from === to) return begins(localMs);
  if (from < to) return time >= from && time < to && begins(localMs);
  // Over midnight: after it the period is that of the day before.
  return time >= from ? begins(localMs) : time < to && begins(localMs - DAY_MS);
}

function timeOfDayMs(localMs: number): number {
  return ((localMs % DAY_MS) + DAY_MS) % DAY_MS;
}

/** The first instant in (`fromMs`, `toMs`] with another offset than at `fromMs`; two changes are months apart. */
function clockChangeAtMs(timeZone: string, fromMs: number, toMs: number): number | undefined {
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

/** The difference of local time from UTC. */
function offsetMs(timeZone: string, atMs: number): number {
  const field: Record<string, number> = {};
  for (const part of formatFor(timeZone).formatToParts(atMs)) field[part.type] = Number(part.value);
  const local = Date.UTC(field.year!, field.month! - 1, field.day!, field.hour!, field.minute!, field.second!);
  return local - Math.floor(atMs / 1000) * 1000;
}

/** Creating a format is slow, using it is fast. */
function formatFor(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format !== undefined) return format;
  const number = 'numeric';
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: number,
      month: number,
      day: number,
      hour: number,
      minute: number,
      second: number,
    });
  } catch (thrown) {
    throw new OperatorError(`"${timeZone}" is not a time zone; use an IANA name such as Europe/Berlin`, {
      cause: thrown,
    });
  }
  formats.set(timeZone, format);
  return format;
}
