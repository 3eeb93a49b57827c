import { describe, expect, test } from 'vitest';
import { createRandom, type Random } from '../../../src/domain/random.js';
import {
  needsReturnWindow,
  RETURN_WINDOW_SECONDS,
  returnInterval,
  SHORTEST_RETURN_SECONDS,
} from '../../../src/selection/return-interval.js';

const MINUTE = 60;
const INTERVAL = 30 * MINUTE;

describe('the interval of an answer', () => {
  test('is the usual one while the client announces once more before the border', () => {
    expect(returnInterval(1_700, 1_701, INTERVAL, MINUTE, 0.5)).toBe(1_700);
    expect(returnInterval(1_700, 86_400, INTERVAL, MINUTE, 0.5)).toBe(1_700);
  });

  test('is the usual one behind a border, until the next one is known', () => {
    expect(returnInterval(1_700, 0, INTERVAL, MINUTE, 0.5)).toBe(1_700);
    expect(returnInterval(1_700, -30, INTERVAL, MINUTE, 0.5)).toBe(1_700);
  });

  test('over a border leads to its first 15 minutes', () => {
    const until = 1_200;
    expect(returnInterval(1_700, until, INTERVAL, MINUTE, 0)).toBe(until);
    expect(returnInterval(1_700, until, INTERVAL, MINUTE, 0.5)).toBe(until + RETURN_WINDOW_SECONDS / 2);
    expect(returnInterval(1_700, until, INTERVAL, MINUTE, 0.9999)).toBe(until + RETURN_WINDOW_SECONDS - 1);
    expect(returnInterval(until, until, INTERVAL, MINUTE, 0)).toBe(until);
  });

  test('is not below five minutes, nor below the minimum interval', () => {
    expect(returnInterval(1_700, 10, INTERVAL, MINUTE, 0)).toBe(SHORTEST_RETURN_SECONDS);
    expect(returnInterval(1_700, 10, INTERVAL, 8 * MINUTE, 0)).toBe(8 * MINUTE);
    // Nobody may return within the window.
    expect(returnInterval(1_700, 10, INTERVAL, 20 * MINUTE, 0.5)).toBe(1_700);
  });

  test('is not above twice the usual one', () => {
    expect(returnInterval(1_050, 1_050, 16 * MINUTE, MINUTE, 0.9999)).toBe(2 * 16 * MINUTE - 1);
  });
});

test('a usual interval that is not longer than the window does not change', () => {
  expect(needsReturnWindow(RETURN_WINDOW_SECONDS)).toBe(false);
  expect(needsReturnWindow(RETURN_WINDOW_SECONDS + 1)).toBe(true);
});

/** A population that has announced for hours: each client began at a moment of its own. */
class Population {
  /** The instants at which each client announces. */
  readonly announces: number[][] = [];
  /** What clients were told. */
  readonly told: { readonly at: number; readonly usual: number; readonly seconds: number }[] = [];
  readonly #random: Random;

  constructor(
    readonly interval: number,
    readonly border: number,
    { clients = 5_000, seed = 7, lateUpTo = 0 } = {},
  ) {
    this.#random = createRandom(seed);
    for (let client = 0; client < clients; client++) this.#live(lateUpTo);
  }

  #live(lateUpTo: number): void {
    const { interval, border } = this;
    const jitter = Math.floor(interval / 10);
    const announces: number[] = [];
    for (let at = this.#random.below(interval); at < border + interval; ) {
      announces.push(at);
      const usual = interval - jitter + this.#random.below(2 * jitter + 1);
      const share = this.#random.below(65_536) / 65_536;
      const seconds = returnInterval(usual, border - at, interval, MINUTE, share);
      this.told.push({ at, usual, seconds });
      at += seconds + this.#random.below(lateUpTo + 1);
    }
    this.announces.push(announces);
  }

  /** Announces in the window, in parts of a minute, of clients that had announced in the two intervals before the border. */
  returns(): { readonly share: number; readonly perMinute: number[] } {
    const { border, interval } = this;
    const present = this.announces.filter((times) => times.some((at) => at >= border - 2 * interval && at < border));
    const first = present.map((times) => times.find((at) => at >= border)!);
    const inWindow = first.filter((at) => at < border + RETURN_WINDOW_SECONDS);
    const perMinute = Array.from({ length: 15 }, () => 0);
    for (const at of inWindow) perMinute[Math.floor((at - border) / MINUTE)]!++;
    return { share: inWindow.length / present.length, perMinute };
  }
}

describe.each([17, 20, 30, 45, 60, 120])('a population with an interval of %i minutes', (minutes) => {
  const interval = minutes * MINUTE;
  const border = 6 * interval;

  test('returns in the first 15 minutes after the border, and evenly', () => {
    const { share, perMinute } = new Population(interval, border).returns();
    expect(share).toBeGreaterThanOrEqual(0.999);
    const mean = perMinute.reduce((sum, count) => sum + count, 0) / perMinute.length;
    expect(Math.max(...perMinute) / mean).toBeLessThan(1.3);
    expect(Math.min(...perMinute) / mean).toBeGreaterThan(0.6);
  });

  test('still does if each client is up to a minute late', () => {
    expect(new Population(interval, border, { lateUpTo: MINUTE }).returns().share).toBeGreaterThanOrEqual(0.95);
  });

  test('is told 5 minutes to twice the interval, and the usual one elsewhere', () => {
    const { told } = new Population(interval, border, { clients: 500 });
    const outside = told.filter(({ at, usual }) => at + usual < border || at >= border);
    expect(told.filter(({ seconds }) => seconds < SHORTEST_RETURN_SECONDS || seconds > 2 * interval)).toEqual([]);
    expect(outside.length).toBeGreaterThan(500);
    expect(outside.filter(({ usual, seconds }) => seconds !== usual)).toEqual([]);
  });
});
