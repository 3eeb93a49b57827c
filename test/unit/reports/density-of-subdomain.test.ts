import { describe, expect, test } from 'vitest';
import { densityOfSubdomain, freshnessOf, lifetimeOf } from '../../../src/reports/density-of-subdomain.js';
import { NO_RATES, type ProbeReading } from '../../../src/reports/density-report.js';

const NOW_MS = Date.parse('2026-11-22T10:05:00Z');

function reading(changes: Partial<ProbeReading> = {}): ProbeReading {
  return {
    bytes: 6_000,
    users: 10,
    periodSeconds: 60,
    endMs: NOW_MS,
    ratesPerUser: true,
    rates: NO_RATES,
    otherRates: NO_RATES,
    quarantined: null,
    ...changes,
  };
}

describe('the density of a sub-domain', () => {
  test('is its traffic of a period per user and second (draft 4.3.1)', () => {
    expect(densityOfSubdomain([reading()], undefined, NOW_MS)).toMatchObject({
      bytesPerUserPerSecond: 10,
      bytesPerSecond: 100,
      users: 10,
      usersFrom: 'probe',
    });
  });

  test('adds up several detection points, whatever their periods', () => {
    const parts = [reading(), reading({ bytes: 90_000, users: 20, periodSeconds: 300 })];
    expect(densityOfSubdomain(parts, undefined, NOW_MS)).toMatchObject({
      bytesPerSecond: 400,
      users: 30,
      bytesPerUserPerSecond: 400 / 30,
    });
  });

  test('takes the users from the BRAS where a probe does not know', () => {
    const parts = [reading(), reading({ users: null })];
    const bras = { users: 50, receivedMs: NOW_MS };
    expect(densityOfSubdomain(parts, bras, NOW_MS)).toMatchObject({
      users: 50,
      usersFrom: 'bras',
      bytesPerUserPerSecond: 4,
    });
    expect(densityOfSubdomain([reading()], bras, NOW_MS)).toMatchObject({ users: 10, usersFrom: 'probe' });
  });

  test('is not known without users, nor with an old count of the BRAS', () => {
    const old = { users: 50, receivedMs: NOW_MS - 3 * 3_600_000 };
    for (const bras of [undefined, old]) {
      expect(densityOfSubdomain([reading({ users: null })], bras, NOW_MS)).toMatchObject({
        bytesPerUserPerSecond: null,
      });
    }
    expect(densityOfSubdomain([reading({ users: 0, bytes: 0 })], undefined, NOW_MS)!.bytesPerUserPerSecond).toBeNull();
  });

  test('is as old as its oldest part: a silent detection point makes it fade', () => {
    const silent = reading({ endMs: NOW_MS - 3_600_000 });
    expect(densityOfSubdomain([reading(), silent], undefined, NOW_MS)).toMatchObject({
      ageSeconds: 3600,
      freshness: 0,
    });
  });
});

describe('a value', () => {
  const { freshMs, goneMs } = lifetimeOf(60, Number.POSITIVE_INFINITY);

  test('counts in full for two periods, then less and less, then not at all', () => {
    const freshness = [0, freshMs, (freshMs + goneMs) / 2, goneMs].map((ageMs) => freshnessOf(ageMs, 60, 1e12));
    expect(freshness).toEqual([1, 1, 0.5, 0]);
    expect(freshMs).toBeGreaterThan(120_000);
  });

  test('never counts longer than the operator lets it', () => {
    expect(lifetimeOf(3_600, 900_000)).toEqual({ freshMs: 900_000, goneMs: 1_800_000 });
  });
});
