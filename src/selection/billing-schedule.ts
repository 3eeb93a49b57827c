/**
 * Which billing period is in force at an instant, and when another one is, in the local time of the period's zone.
 * Intl gives the offset at the instant itself, so clock changes (DST) are included. A change of the offset counts as an instant
 * at which the answer may change, so a caller that asks again then is always up to date.
 */
import { OperatorError } from '../domain/errors.js';
import type { TimePeriod, Weekday } from './billing.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Periods repeat every week. A day more, because a clock change moves them. */
const LOOK_AHEAD_MS = 8 * DAY_MS;
const WEEKDAYS: readonly Weekday[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** The first period of the list that covers `nowMs`. @throws OperatorError on a time zone that does not exist */
export function periodInForce<Period extends TimePeriod>(
  schedule: readonly Period[],
  nowMs: number,
): Period | undefined {
  return schedule.find((period) => covers(period, nowMs));
}

/** A border between periods: an instant at which another period, or none, comes into force. */
export interface PeriodBorder<Period> {
  readonly atMs: number;
  readonly before: Period | undefined;
  readonly after: Period | undefined;
}

/** The next border after `nowMs`; `undefined` if the same period, or none, is always in force. */
export function borderAfter<Period extends TimePeriod>(
  schedule: readonly Period[],
  nowMs: number,
): PeriodBorder<Period> | undefined {
  return firstBorder(schedule, nowMs, nowMs + LOOK_AHEAD_MS, (before, after) => before !== after);
}

/** The last border in (`nowMs` − `withinMs`, `nowMs`]; `undefined` if there is none. */
export function borderBefore<Period extends TimePeriod>(
  schedule: readonly Period[],
  nowMs: number,
  withinMs: number,
): PeriodBorder<Period> | undefined {
  let last: PeriodBorder<Period> | undefined;
  let fromMs = nowMs - withinMs;
  for (;;) {
    const border = firstBorder(schedule, fromMs, nowMs, (before, after) => before !== after);
    if (border === undefined) return last;
    last = border;
    fromMs = border.atMs;
  }
}

export interface PeriodWindow {
  /** One of the periods is in force. */
  readonly open: boolean;
  /** When the window closes, or opens next; `undefined`: never, as far as the schedule says. */
  readonly changesAtMs: number | undefined;
}

/**
 * Whether one of the named periods is in force. A period that another one earlier in the list covers is not. From one named
 * period straight into another, the window stays open. Names that the schedule does not have are never in force.
 */
export function windowAt(
  schedule: readonly (TimePeriod & { readonly name: string })[],
  names: readonly string[],
  nowMs: number,
): PeriodWindow {
  const isNamed = (period: { readonly name: string } | undefined): boolean =>
    period !== undefined && names.includes(period.name);
  const border = firstBorder(
    schedule,
    nowMs,
    nowMs + LOOK_AHEAD_MS,
    (before, after) => isNamed(before) !== isNamed(after),
  );
  return { open: isNamed(periodInForce(schedule, nowMs)), changesAtMs: border?.atMs };
}

/** The first border in (`fromMs`, `toMs`] that counts. */
function firstBorder<Period extends TimePeriod>(
  schedule: readonly Period[],
  fromMs: number,
  toMs: number,
  counts: (before: Period | undefined, after: Period | undefined) => boolean,
): PeriodBorder<Period> | undefined {
  let before = periodInForce(schedule, fromMs);
  for (let atMs = nextChangeAtMs(schedule, fromMs); atMs !== undefined && atMs <= toMs; ) {
    const after = periodInForce(schedule, atMs);
    if (counts(before, after)) return { atMs, before, after };
    before = after;
    atMs = nextChangeAtMs(schedule, atMs);
  }
  return undefined;
}

/** The next instant at which `periodInForce` may answer differently; `undefined` without a schedule. */
export function nextChangeAtMs(schedule: readonly TimePeriod[], nowMs: number): number | undefined {
  let next: number | undefined;
  const consider = (atMs: number): void => {
    if (next === undefined || atMs < next) next = atMs;
  };
  for (const { timeZone, fromMinutes, toMinutes } of schedule) {
    const local = timeOfDayMs(nowMs + offsetMs(timeZone, nowMs));
    // Midnight is a boundary too, for a period that lasts the whole of certain days.
    for (const minutes of [fromMinutes, toMinutes, 0]) {
      // A boundary at this instant has passed; the next one is a day ahead.
      consider(nowMs + (timeOfDayMs(minutes * MINUTE_MS - local) || DAY_MS));
    }
    const clockChange = clockChangeAtMs(timeZone, nowMs, nowMs + DAY_MS);
    if (clockChange !== undefined) consider(clockChange);
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

/** Instants between which the offset of a zone is known. */
interface KnownOffset {
  fromMs: number;
  toMs: number;
  readonly offsetMs: number;
}

const knownOffsets = new Map<string, KnownOffset>();
/** The same offset at both ends is that of all instants between. Clock changes are at least a month apart (Ramadan in Morocco). */
const LONGEST_KNOWN_MS = 14 * DAY_MS;

/** The difference of local time from UTC. */
function offsetMs(timeZone: string, atMs: number): number {
  const known = knownOffsets.get(timeZone);
  if (known !== undefined && atMs >= known.fromMs && atMs <= known.toMs) return known.offsetMs;
  const offset = offsetOfFormat(timeZone, atMs);
  if (known?.offsetMs === offset) {
    const fromMs = Math.min(known.fromMs, atMs);
    const toMs = Math.max(known.toMs, atMs);
    if (toMs - fromMs <= LONGEST_KNOWN_MS) {
      known.fromMs = fromMs;
      known.toMs = toMs;
      return offset;
    }
  }
  knownOffsets.set(timeZone, { fromMs: atMs, toMs: atMs, offsetMs: offset });
  return offset;
}

function offsetOfFormat(timeZone: string, atMs: number): number {
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
