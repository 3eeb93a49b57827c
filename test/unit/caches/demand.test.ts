import { describe, expect, test } from 'vitest';
import { countDemand, type Demand, expectedDownloads, isNegligible } from '../../../src/caches/demand.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** @param counts inner seeds and leechers, one pair for each hour */
function afterHours(counts: readonly (readonly [number, number])[]): Demand {
  let demand: Demand | undefined;
  counts.forEach(([seeds, leechers], hour) => {
    demand = countDemand(demand, { seeds, leechers }, hour * HOUR_MS);
  });
  return demand!;
}

describe('the demand of a torrent', () => {
  test('is at first the number of clients that wait', () => {
    expect(expectedDownloads(afterHours([[5, 12]]))).toBe(12);
  });

  test('remembers the evening during the night', () => {
    const night = afterHours([
      [0, 40],
      [30, 8],
      [4, 0],
      [1, 0],
      [0, 0],
    ]);
    expect(expectedDownloads(night)).toBeGreaterThan(34);
    expect(expectedDownloads(countDemand(night, { seeds: 0, leechers: 0 }, 4 * HOUR_MS + DAY_MS))).toBeCloseTo(
      expectedDownloads(night) / 2,
    );
  });

  test('counts clients that come one after another and never wait together', () => {
    const counts = Array.from({ length: 49 }, (_, hour) => [0, hour % 2] as const);
    const daily = expectedDownloads(afterHours(counts));
    expect(daily).toBeGreaterThan(8);
    expect(daily).toBeLessThan(16);
  });

  test('does not count a client that becomes a seed as another one', () => {
    expect(
      afterHours([
        [0, 3],
        [1, 2],
        [3, 0],
      ]).joined,
    ).toBe(0);
  });

  test('is forgotten in the end', () => {
    const long = countDemand(afterHours([[0, 3]]), { seeds: 0, leechers: 0 }, 7 * DAY_MS);
    expect(isNegligible(long)).toBe(true);
    expect(isNegligible(afterHours([[0, 3]]))).toBe(false);
  });

  test('does not grow when the clock is set back', () => {
    const demand = countDemand({ waiting: 8, joined: 4, peers: 8, atMs: DAY_MS }, { seeds: 0, leechers: 1 }, 0);
    expect(demand).toMatchObject({ waiting: 8, joined: 4 });
  });
});
