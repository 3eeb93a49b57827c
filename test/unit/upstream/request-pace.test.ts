import { describe, expect, test } from 'vitest';
import { HourlyBudget, RequestPace } from '../../../src/upstream/request-pace.js';

describe('the pace', () => {
  test('lets a second’s worth pass at once, then one after the other', () => {
    const pace = new RequestPace();
    expect(Array.from({ length: 8 }, () => pace.reserve(5_000, 4))).toEqual([0, 0, 0, 0, 250, 500, 750, 1_000]);
    expect(pace.waitMs(5_000, 4)).toBe(1_250);
    expect(pace.waitMs(6_250, 4)).toBe(0);
  });

  test('holds over any time: never more than the rate and the burst', () => {
    const pace = new RequestPace();
    const sentMs: number[] = [];
    for (let nowMs = 0; nowMs < 20_000; nowMs += 37) sentMs.push(nowMs + pace.reserve(nowMs, 10));
    const within = sentMs.filter((ms) => ms < 10_000).length;
    expect(within).toBeGreaterThanOrEqual(100);
    expect(within).toBeLessThanOrEqual(110);
  });

  test('one request in ten seconds', () => {
    const pace = new RequestPace();
    expect([pace.reserve(0, 0.1), pace.reserve(0, 0.1)]).toEqual([0, 10_000]);
  });

  test('goes on if the clock is set back', () => {
    const pace = new RequestPace();
    pace.reserve(1e12, 1);
    expect(pace.reserve(1_000, 1)).toBe(0);
    // Also by a few minutes.
    for (let i = 0; i < 5; i++) pace.reserve(1e12, 1);
    expect(pace.reserve(1e12 - 300_000, 1)).toBe(0);
  });
});

test('the budget is a number of requests in an hour, and starts with the first', () => {
  const budget = new HourlyBudget();
  expect(budget.left(1_000, 2)).toBe(2);
  expect([budget.take(1_000, 2), budget.take(2_000, 2), budget.take(3_000, 2)]).toEqual([true, true, false]);
  expect(budget.renewsMs(3_000)).toBe(3_601_000);
  expect(budget.take(3_600_999, 2)).toBe(false);
  expect(budget.take(3_601_000, 2)).toBe(true);
  // The clock was set back: a new hour.
  expect(budget.left(0, 2)).toBe(2);
});
