import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BillingPeriod } from '../../../src/selection/billing.js';
import {
  borderAfter,
  borderBefore,
  nextChangeAtMs,
  periodInForce,
  windowAt,
} from '../../../src/selection/billing-schedule.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function period(fromMinutes: number, toMinutes: number, changes: Partial<BillingPeriod> = {}): BillingPeriod {
  return { name: 'p', fromMinutes, toMinutes, timeZone: 'Europe/Berlin', ...changes };
}

function inForce(schedule: readonly BillingPeriod[], iso: string): string | undefined {
  return periodInForce(schedule, Date.parse(iso))?.name;
}

describe('a period', () => {
  test('begins with its first minute and ends before the last, in local time', () => {
    const schedule = [period(60, 420)];
    expect(inForce(schedule, '2026-07-01T01:00:00+02:00')).toBe('p');
    expect(inForce(schedule, '2026-07-01T00:59:59.999+02:00')).toBeUndefined();
    expect(inForce(schedule, '2026-07-01T06:59:59.999+02:00')).toBe('p');
    expect(inForce(schedule, '2026-07-01T07:00:00+02:00')).toBeUndefined();
    expect(inForce(schedule, '2026-01-01T01:00:00+01:00')).toBe('p');
    expect(inForce(schedule, '2026-01-01T00:30:00+01:00')).toBeUndefined();
  });

  test('may go over midnight, and then belongs to the day on which it began', () => {
    const schedule = [period(22 * 60, 6 * 60, { days: ['fri'] })];
    expect(inForce(schedule, '2026-07-03T23:00:00+02:00')).toBe('p');
    expect(inForce(schedule, '2026-07-04T05:59:00+02:00')).toBe('p');
    expect(inForce(schedule, '2026-07-04T23:00:00+02:00')).toBeUndefined();
    expect(inForce(schedule, '2026-07-03T05:00:00+02:00')).toBeUndefined();
  });

  test('of 00:00 to 24:00 is the whole day', () => {
    const schedule = [period(0, 1440, { days: ['sat', 'sun'] })];
    expect(inForce(schedule, '2026-07-03T23:59:59+02:00')).toBeUndefined();
    expect(inForce(schedule, '2026-07-04T00:00:00+02:00')).toBe('p');
    expect(inForce(schedule, '2026-07-05T23:59:59+02:00')).toBe('p');
    expect(nextChangeAtMs(schedule, Date.parse('2026-07-03T20:00:00+02:00'))).toBe(
      Date.parse('2026-07-04T00:00+02:00'),
    );
  });

  test('listed first wins', () => {
    const schedule = [period(60, 120, { name: 'first' }), period(0, 600, { name: 'second' })];
    expect(inForce(schedule, '2026-07-01T01:30:00+02:00')).toBe('first');
    expect(inForce(schedule, '2026-07-01T02:30:00+02:00')).toBe('second');
  });

  test('in a time zone that does not exist is an error that names it', () => {
    expect(() => inForce([period(0, 60, { timeZone: 'Europe/Berln' })], '2026-07-01T00:00:00Z')).toThrow(/Berln/);
  });
});

describe('clock changes', () => {
  // Berlin 2026: 29 March 02:00 → 03:00, 25 October 03:00 → 02:00.
  test('an hour that does not exist: a period that begins in it begins when the clock has jumped', () => {
    const schedule = [period(150, 240)];
    expect(inForce(schedule, '2026-03-29T01:59:59+01:00')).toBeUndefined();
    expect(inForce(schedule, '2026-03-29T03:00:00+02:00')).toBe('p');
    expect(nextChangeAtMs(schedule, Date.parse('2026-03-29T01:30:00+01:00'))).toBe(
      Date.parse('2026-03-29T03:00:00+02:00'),
    );
  });

  test('an hour that comes twice: a period in it is in force twice', () => {
    const schedule = [period(120, 150)];
    expect(inForce(schedule, '2026-10-25T02:10:00+02:00')).toBe('p');
    expect(inForce(schedule, '2026-10-25T02:40:00+02:00')).toBeUndefined();
    expect(inForce(schedule, '2026-10-25T02:10:00+01:00')).toBe('p');
    expect(nextChangeAtMs(schedule, Date.parse('2026-10-25T02:40:00+02:00'))).toBe(
      Date.parse('2026-10-25T02:00:00+01:00'),
    );
  });
});

describe('borders between periods', () => {
  const two = [period(60, 240, { name: 'first' }), period(240, 420, { name: 'second' })];
  const at = (time: string): number => Date.parse(`2026-07-01T${time}:00+02:00`);

  test('are where another period, or none, comes into force; midnight alone is not one', () => {
    expect(borderAfter(two, at('08:00'))).toMatchObject({
      atMs: at('01:00') + 24 * HOUR_MS,
      before: undefined,
      after: { name: 'first' },
    });
    expect(borderAfter(two, at('01:00'))).toMatchObject({ atMs: at('04:00'), after: { name: 'second' } });
    expect(borderAfter(two, at('04:00'))).toMatchObject({ atMs: at('07:00'), after: undefined });
  });

  test('behind us are found as far as asked', () => {
    expect(borderBefore(two, at('05:00'), HOUR_MS)).toBeUndefined();
    expect(borderBefore(two, at('05:00'), HOUR_MS + 1)).toMatchObject({ atMs: at('04:00'), before: { name: 'first' } });
    expect(borderBefore(two, at('05:00'), 12 * HOUR_MS)).toMatchObject({ atMs: at('04:00') });
    expect(borderBefore(two, at('04:00'), HOUR_MS)).toMatchObject({ atMs: at('04:00') });
  });

  test('are found a week ahead, and never where one period is always in force', () => {
    const saturday = [period(0, 1440, { days: ['sat'] })];
    expect(borderAfter(saturday, Date.parse('2026-07-05T00:00+02:00'))?.atMs).toBe(
      Date.parse('2026-07-11T00:00+02:00'),
    );
    expect(borderAfter([period(0, 1440)], at('03:00'))).toBeUndefined();
    expect(borderAfter([period(0, 1440, { days: [] })], at('03:00'))).toBeUndefined();
    expect(borderAfter([], at('03:00'))).toBeUndefined();
  });
});

describe('the window of named periods', () => {
  const schedule = [
    period(180, 210, { name: 'backup' }),
    period(60, 300, { name: 'night' }),
    period(300, 420, { name: 'morning' }),
  ];
  const at = (time: string): number => Date.parse(`2026-07-01T${time}:00+02:00`);
  const window = (time: string, ...names: string[]): object => windowAt(schedule, names, at(time));

  test('is open while one of them is in force, and says until when, or when it opens', () => {
    expect(window('00:30', 'night')).toEqual({ open: false, changesAtMs: at('01:00') });
    expect(window('01:00', 'night')).toEqual({ open: true, changesAtMs: at('03:00') });
    expect(window('04:00', 'night')).toEqual({ open: true, changesAtMs: at('05:00') });
    expect(window('05:00', 'night')).toEqual({ open: false, changesAtMs: at('01:00') + 24 * HOUR_MS });
  });

  test('is shut while an earlier one in the list covers it', () => {
    expect(window('03:00', 'night')).toEqual({ open: false, changesAtMs: at('03:30') });
  });

  test('stays open from one of them straight into another', () => {
    expect(window('01:00', 'night', 'morning', 'backup')).toEqual({ open: true, changesAtMs: at('07:00') });
  });

  test('never opens for names that are not in the schedule, and never shuts for one that is always in force', () => {
    expect(window('01:00', 'weekend')).toEqual({ open: false, changesAtMs: undefined });
    expect(window('01:00')).toEqual({ open: false, changesAtMs: undefined });
    expect(windowAt([period(0, 1440)], ['p'], at('01:00'))).toEqual({ open: true, changesAtMs: undefined });
  });
});

test('between now and the next change nothing changes, and the next change is within a day', () => {
  const minutes = fc.integer({ min: 0, max: 1440 });
  const anyPeriod = fc
    .record({
      fromMinutes: minutes,
      toMinutes: minutes,
      timeZone: fc.constantFrom('Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC'),
      days: fc.option(fc.subarray(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const), { nil: undefined }),
    })
    .map((p): BillingPeriod => ({ name: 'p', ...p }));
  fc.assert(
    fc.property(
      fc.array(anyPeriod, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) }),
      (schedule, nowMs) => {
        const before = periodInForce(schedule, nowMs);
        const next = nextChangeAtMs(schedule, nowMs)!;
        expect(next).toBeGreaterThan(nowMs);
        expect(next - nowMs).toBeLessThanOrEqual(24 * HOUR_MS);
        for (let at = nowMs; at < next; at += 17 * MINUTE_MS) expect(periodInForce(schedule, at)).toBe(before);
        expect(periodInForce(schedule, next - 1)).toBe(before);
      },
    ),
    { numRuns: 100 },
  );
});
