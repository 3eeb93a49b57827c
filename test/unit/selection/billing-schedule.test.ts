import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BillingPeriod } from '../../../src/selection/billing.js';
import { nextChangeAtMs, periodInForce } from '../../../src/selection/billing-schedule.js';

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
