import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BillingPeriod } from '../../../src/selection/billing.js';
import {
  type BillingHours,
  type ForeignLimits,
  type LimitsInForce,
  limitsAt,
  RAMP_STEP_MS,
} from '../../../src/selection/border-limits.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const BASE: ForeignLimits = {
  foreignPeersMin: 0,
  foreignPeersMax: 20,
  foreignPeersWhenNoInnerSeed: 3,
  gatewaysMax: 16,
};

function period(from: string, to: string, changes: Partial<BillingPeriod> = {}): BillingPeriod {
  const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  return { name: 'night', fromMinutes: minutes(from), toMinutes: minutes(to), timeZone: 'UTC', ...changes };
}

function hours(schedule: readonly BillingPeriod[], rampForMs = 30 * MINUTE_MS): BillingHours {
  return { schedule, rampForMs };
}

const OPEN: ForeignLimits = {
  foreignPeersMin: 5,
  foreignPeersMax: 50,
  foreignPeersWhenNoInnerSeed: 7,
  gatewaysMax: 64,
};
const HALF: ForeignLimits = {
  foreignPeersMin: 3,
  foreignPeersMax: 35,
  foreignPeersWhenNoInnerSeed: 5,
  gatewaysMax: 40,
};
const NIGHT = hours([period('01:00', '07:00', OPEN)]);

/** @param time of a summer day, `HH:MM` or `HH:MM:SS.mmm` */
function at(time: string, day = '2026-07-01'): number {
  return Date.parse(`${day}T${time.length === 5 ? `${time}:00` : time}Z`);
}

function limits(schedule: BillingHours, time: string, base = BASE): ForeignLimits {
  const now = limitsAt(schedule, base, at(time));
  const { foreignPeersMin, foreignPeersMax, foreignPeersWhenNoInnerSeed, gatewaysMax } = now;
  return { foreignPeersMin, foreignPeersMax, foreignPeersWhenNoInnerSeed, gatewaysMax };
}

const max = (schedule: BillingHours, ...times: string[]): number[] =>
  times.map((time) => limits(schedule, time).foreignPeersMax);

describe('a period that opens the border', () => {
  test('changes nothing before it begins, and ramps from then on', () => {
    expect(limits(NIGHT, '00:59:59.999')).toEqual(BASE);
    expect(limits(NIGHT, '01:00')).toEqual(BASE);
    expect(limits(NIGHT, '01:15')).toEqual(HALF);
    expect(limits(NIGHT, '01:30')).toEqual(OPEN);
  });

  test('ramps back before it ends, and is closed when it ends', () => {
    expect(limits(NIGHT, '06:30')).toEqual(OPEN);
    expect(limits(NIGHT, '06:45')).toEqual(HALF);
    expect(limits(NIGHT, '06:59:59.999').foreignPeersMax).toBeLessThan(22);
    expect(limits(NIGHT, '07:00')).toEqual(BASE);
  });

  test('says where it is', () => {
    expect(limitsAt(NIGHT, BASE, at('00:30'))).toMatchObject({ period: undefined, ramp: undefined });
    expect(limitsAt(NIGHT, BASE, at('01:10'))).toMatchObject({
      period: { name: 'night' },
      border: { atMs: at('07:00') },
      ramp: { direction: 'opening', fromMs: at('01:00'), toMs: at('01:30') },
    });
    expect(limitsAt(NIGHT, BASE, at('03:00'))).toMatchObject({ period: { name: 'night' }, ramp: undefined });
    expect(limitsAt(NIGHT, BASE, at('06:40'))).toMatchObject({
      ramp: { direction: 'closing', fromMs: at('06:30'), toMs: at('07:00') },
    });
    expect(limitsAt(NIGHT, BASE, at('07:00'))).toMatchObject({
      period: undefined,
      ramp: undefined,
      border: { atMs: at('01:00', '2026-07-02') },
    });
  });

  test('asks clients back at its border, and at the end of the ramp that opens', () => {
    expect(limitsAt(NIGHT, BASE, at('00:30')).returnFromMs).toBe(at('01:00'));
    expect(limitsAt(NIGHT, BASE, at('01:10')).returnFromMs).toBe(at('01:30'));
    expect(limitsAt(NIGHT, BASE, at('01:30')).returnFromMs).toBe(at('07:00'));
    expect(limitsAt(NIGHT, BASE, at('06:40')).returnFromMs).toBe(at('07:00'));
  });
});

test('a period that closes the border does so before it begins, and opens after it has ended', () => {
  const evening = hours([period('18:00', '23:00', { name: 'evening', foreignPeersMax: 0 })]);
  expect(max(evening, '17:30', '17:45', '18:00', '22:59', '23:00', '23:15', '23:30')).toEqual([
    20, 10, 0, 0, 0, 10, 20,
  ]);
  expect(limitsAt(evening, BASE, at('17:45')).ramp?.direction).toBe('closing');
  expect(limitsAt(evening, BASE, at('23:15')).ramp?.direction).toBe('opening');
});

describe('rampFor', () => {
  test('0 makes limits jump at the border', () => {
    const jump = hours(NIGHT.schedule, 0);
    expect(max(jump, '00:59:59.999', '01:00', '06:59:59.999', '07:00')).toEqual([20, 50, 50, 20]);
    expect(limitsAt(jump, BASE, at('01:00')).ramp).toBeUndefined();
    expect(limitsAt(jump, BASE, at('01:00')).nextChangeAtMs).toBe(at('07:00'));
    expect(max({ schedule: NIGHT.schedule }, '01:00')).toEqual([50]);
  });

  test('of a period replaces that of the schedule, also outside of it', () => {
    const evening = hours([period('18:00', '23:00', { foreignPeersMax: 0, rampForMs: 10 * MINUTE_MS })]);
    expect(max(evening, '17:50', '17:55', '18:00', '23:00', '23:05', '23:10')).toEqual([20, 10, 0, 0, 10, 20]);
  });

  test('is that of the period in which the ramp lies, where one period follows another', () => {
    const two = hours([
      period('01:00', '04:00', { name: 'a', foreignPeersMax: 40, rampForMs: 10 * MINUTE_MS }),
      period('04:00', '07:00', { name: 'b', foreignPeersMax: 60, rampForMs: 60 * MINUTE_MS }),
    ]);
    // From a to b it grows, which is in b; from b to the day it shrinks, also in b.
    expect(max(two, '01:05', '03:59', '04:00', '04:30', '05:00', '06:30', '07:00')).toEqual([
      30, 40, 40, 50, 60, 40, 20,
    ]);
  });

  test('that is longer than half of the period is cut to that, so that it opens fully and closes in time', () => {
    const short = hours([period('01:00', '01:20', { foreignPeersMax: 40 })], 60 * MINUTE_MS);
    expect(max(short, '01:00', '01:05', '01:10', '01:15', '01:20')).toEqual([20, 30, 40, 30, 20]);
  });

  test('that is not a number of steps ends in time', () => {
    const odd = hours([period('01:00', '07:00', { foreignPeersMax: 120 })], 100 * SECOND_MS);
    expect(max(odd, '01:00', '01:00:29', '01:00:30', '01:01:30', '01:01:39', '01:01:40')).toEqual([
      20, 20, 50, 110, 110, 120,
    ]);
    expect(max(odd, '06:58:20', '06:58:50', '06:59:59.999', '07:00')).toEqual([120, 90, 30, 20]);
  });
});

describe('periods beside each other', () => {
  test('with one limit that grows and one that shrinks: each ramps on its own side of the border', () => {
    const two = hours([
      period('01:00', '04:00', { name: 'a', foreignPeersMax: 40, gatewaysMax: 8 }),
      period('04:00', '07:00', { name: 'b', foreignPeersMax: 20, gatewaysMax: 16 }),
    ]);
    expect(limits(two, '03:45')).toEqual({ ...BASE, foreignPeersMax: 30, gatewaysMax: 8 });
    expect(limits(two, '04:00')).toEqual({ ...BASE, foreignPeersMax: 20, gatewaysMax: 8 });
    expect(limits(two, '04:15')).toEqual({ ...BASE, foreignPeersMax: 20, gatewaysMax: 12 });
  });

  test('with the same limits do not ramp, but their border is one', () => {
    const two = hours([
      period('01:00', '04:00', { name: 'a', foreignPeersMax: 40 }),
      period('04:00', '07:00', { name: 'b', foreignPeersMax: 40 }),
    ]);
    expect(max(two, '03:45', '04:00', '04:15')).toEqual([40, 40, 40]);
    expect(limitsAt(two, BASE, at('03:45'))).toMatchObject({ ramp: undefined, nextChangeAtMs: at('04:00') });
    expect(limitsAt(two, BASE, at('04:15')).ramp).toBeUndefined();
  });

  test('that overlap: the first in the list cuts the other in two', () => {
    const two = hours(
      [
        period('03:00', '04:00', { name: 'backup', foreignPeersMax: 0 }),
        period('01:00', '07:00', { foreignPeersMax: 60 }),
      ],
      20 * MINUTE_MS,
    );
    expect(max(two, '01:10', '02:40', '02:50', '03:00', '04:00', '04:10', '04:20', '06:50')).toEqual([
      40, 60, 30, 0, 0, 30, 60, 40,
    ]);
  });
});

test('a period over midnight, on one day of the week, in local time', () => {
  const weekend = hours([period('22:00', '06:00', { days: ['sat'], timeZone: 'Europe/Berlin', foreignPeersMax: 40 })]);
  const maxAt = (iso: string): number => limitsAt(weekend, BASE, Date.parse(iso)).foreignPeersMax;
  // 4 July 2026 is a Saturday.
  expect(maxAt('2026-07-03T23:00:00+02:00')).toBe(20);
  expect(maxAt('2026-07-04T22:15:00+02:00')).toBe(30);
  expect(maxAt('2026-07-05T00:15:00+02:00')).toBe(40);
  expect(maxAt('2026-07-05T05:45:00+02:00')).toBe(30);
  expect(maxAt('2026-07-05T06:00:00+02:00')).toBe(20);
  expect(limitsAt(weekend, BASE, Date.parse('2026-07-05T12:00:00+02:00')).border?.atMs).toBe(
    Date.parse('2026-07-11T22:00:00+02:00'),
  );
});

test('a ramp over a clock change takes as long as without one', () => {
  // Berlin 2026: 29 March 02:00 → 03:00, 25 October 03:00 → 02:00. The night ends at 04:00 local time.
  const night = hours([period('01:30', '04:00', { timeZone: 'Europe/Berlin', foreignPeersMax: 40 })], 60 * MINUTE_MS);
  const maxAt = (iso: string): number => limitsAt(night, BASE, Date.parse(iso)).foreignPeersMax;
  expect(maxAt('2026-03-29T01:30:00+01:00')).toBe(20);
  // In force for 90 minutes only, so the ramps take 45.
  expect(maxAt('2026-03-29T03:15:00+02:00')).toBe(40);
  expect(maxAt('2026-03-29T04:00:00+02:00')).toBe(20);
  // 02:00 comes twice: the night is an hour longer.
  expect(maxAt('2026-10-25T02:30:00+02:00')).toBe(40);
  expect(maxAt('2026-10-25T02:30:00+01:00')).toBe(40);
  expect(maxAt('2026-10-25T03:30:00+01:00')).toBe(30);
});

describe('gatewaysMax: 0, which is the most open', () => {
  const off = hours([period('01:00', '07:00', { gatewaysMax: 0 })]);
  const gateways = (...times: string[]): number[] => times.map((time) => limits(off, time).gatewaysMax);

  test('is reached over the largest number of gateways', () => {
    expect(gateways('01:00', '01:15', '01:29:30', '01:30')).toEqual([16, 41, 64, 0]);
  });

  test('is left over it', () => {
    expect(gateways('06:30', '06:31', '06:45', '07:00')).toEqual([0, 63, 41, 16]);
  });
});

test('a period that closes the border without gateways only closes it', () => {
  const closed = { foreignPeersMin: 0, foreignPeersMax: 0, foreignPeersWhenNoInnerSeed: 0, gatewaysMax: 0 };
  const day = hours([period('07:00', '23:00', closed)]);
  expect(limits(day, '06:45')).toEqual({ ...BASE, foreignPeersMax: 10, foreignPeersWhenNoInnerSeed: 2 });
  expect(limits(day, '07:00')).toEqual(closed);
  expect(limitsAt(day, BASE, at('07:10')).ramp).toBeUndefined();
  expect(limitsAt(day, BASE, at('22:50')).ramp).toBeUndefined();
  expect(limits(day, '23:00')).toEqual({ ...closed, gatewaysMax: 16 });
  expect(limits(day, '23:15')).toEqual({ ...BASE, foreignPeersMax: 10, foreignPeersWhenNoInnerSeed: 2 });
});

test('a schedule without periods, or with one that is always in force, never changes', () => {
  const never = { ...BASE, period: undefined, border: undefined, ramp: undefined, nextChangeAtMs: undefined };
  expect(limitsAt(hours([]), BASE, at('01:00'))).toEqual({ ...never, returnFromMs: undefined });
  const always = limitsAt(hours([period('00:00', '24:00', { foreignPeersMax: 3 })]), BASE, at('01:00'));
  expect(always).toMatchObject({ foreignPeersMax: 3, nextChangeAtMs: undefined, returnFromMs: undefined });
});

describe('from one change to the next', () => {
  const minute = fc.integer({ min: 0, max: 1440 });
  const count = fc.integer({ min: 0, max: 200 });
  const ramp = fc.integer({ min: 0, max: 3 * 60 * 60 }).map((seconds) => seconds * SECOND_MS);
  const anyPeriod = fc
    .record({
      fromMinutes: minute,
      toMinutes: minute,
      timeZone: fc.constantFrom('Europe/Berlin', 'America/St_Johns', 'UTC'),
      foreignPeersMin: count,
      more: count,
      gatewaysMax: fc.integer({ min: 0, max: 100 }),
      rampForMs: fc.option(ramp, { nil: undefined }),
    })
    .map(
      ({ more, ...given }): BillingPeriod => ({
        name: 'p',
        ...given,
        foreignPeersMax: Math.min(200, given.foreignPeersMin + more),
      }),
    );
  const instant = fc.integer({ min: Date.UTC(2026, 2, 20), max: Date.UTC(2026, 3, 5) });

  const same = (a: LimitsInForce, b: LimitsInForce): boolean =>
    a.foreignPeersMin === b.foreignPeersMin &&
    a.foreignPeersMax === b.foreignPeersMax &&
    a.gatewaysMax === b.gatewaysMax &&
    a.period === b.period;

  test('nothing changes, and steps are at least half a minute apart', () => {
    fc.assert(
      fc.property(
        fc.array(anyPeriod, { minLength: 1, maxLength: 3 }),
        ramp,
        instant,
        (schedule, rampForMs, startMs) => {
          const given = hours(schedule, rampForMs);
          let now = limitsAt(given, BASE, startMs);
          let nowMs = startMs;
          for (let changes = 0; changes < 12 && now.nextChangeAtMs !== undefined; changes++) {
            const nextMs = now.nextChangeAtMs;
            expect(nextMs).toBeGreaterThan(nowMs);
            for (const beforeMs of [nowMs + 1, (nowMs + nextMs) / 2, nextMs - 1]) {
              if (beforeMs >= nextMs || beforeMs <= nowMs) continue;
              expect(same(limitsAt(given, BASE, Math.floor(beforeMs)), now)).toBe(true);
            }
            const then = limitsAt(given, BASE, nextMs);
            expect(same(then, now)).toBe(false);
            expect(then.foreignPeersMin).toBeLessThanOrEqual(then.foreignPeersMax);
            if (changes > 0 && then.ramp !== undefined && now.ramp?.fromMs === then.ramp.fromMs) {
              expect(nextMs - nowMs).toBeGreaterThanOrEqual(RAMP_STEP_MS);
            }
            now = then;
            nowMs = nextMs;
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});
