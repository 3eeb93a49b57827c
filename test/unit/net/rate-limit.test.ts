import { expect, test } from 'vitest';
import { parseIp } from '../../../src/domain/ip-address.js';
import { MAX_RATE_KEYS } from '../../../src/net/limits.js';
import { RateLimit, subscriberKey, subscriberOf } from '../../../src/net/rate-limit.js';

test('a key has its burst, then its rate', () => {
  const limit = new RateLimit(0.5, 2);
  expect([limit.take('a', 0), limit.take('a', 0), limit.take('a', 0)]).toEqual([0, 0, 2]);
  expect(limit.waitSeconds('a', 1_000)).toBe(1);
  expect([limit.take('a', 2_000), limit.take('a', 2_000)]).toEqual([0, 2]);
  expect(limit.take('b', 2_000)).toBe(0);
});

test('a bucket never holds more than the burst, and a clock that goes back takes nothing away', () => {
  const limit = new RateLimit(10, 2);
  limit.take('a', 0);
  expect([limit.take('a', 60_000), limit.take('a', 60_000)]).toEqual([0, 0]);
  expect(limit.take('a', 60_000)).toBe(1);
  expect(limit.take('a', 59_000)).toBe(1);
});

test('waitSeconds takes nothing', () => {
  const limit = new RateLimit(1, 1);
  for (let i = 0; i < 3; i++) expect(limit.waitSeconds('a', 0)).toBe(0);
  expect(limit.take('a', 0)).toBe(0);
});

test('a flood of forged keys neither frees who exceeds the rate, nor makes others wait', () => {
  const limit = new RateLimit(0.001, 1);
  limit.take('greedy', 0);
  limit.take('quiet', 0);
  for (let i = 0; i < 2 * MAX_RATE_KEYS; i++) {
    if (limit.take(`forged ${i}`, 0) > 0) throw new Error(`forged ${i} has to wait`);
    if (i % 1_000 === 0) expect(limit.take('greedy', 0)).toBeGreaterThan(0);
  }
  expect(limit.take('quiet', 0)).toBe(0);
});

test.each([
  ['192.0.2.1', '192.0.2.2', false],
  ['2001:db8:1:1::1', '2001:db8:1:1:ffff::2', true],
  ['2001:db8:1:1::1', '2001:db8:1:2::1', false],
])('%s and %s are one subscriber: %s', (a, b, same) => {
  expect(subscriberOf(a) === subscriberOf(b)).toBe(same);
  expect(subscriberKey(parseIp(a))).toBe(subscriberOf(a));
});

test('a text that is not an address is its own key', () => {
  expect(subscriberOf('unix socket')).toBe('unix socket');
});
