import { expect, test } from 'vitest';
import { createRandom } from '../../../src/domain/random.js';
import { CircuitBreaker } from '../../../src/upstream/circuit-breaker.js';

const fail = (breaker: CircuitBreaker, nowMs: number): void => {
  expect(breaker.enter(nowMs)).toBe(true);
  breaker.failed(nowMs);
};

test('three failures in a row open it, fewer do not', () => {
  const breaker = new CircuitBreaker(createRandom(1));
  fail(breaker, 0);
  fail(breaker, 0);
  breaker.succeeded();
  fail(breaker, 0);
  fail(breaker, 0);
  expect(breaker.state(0)).toBe('closed');
  fail(breaker, 0);
  expect(breaker.state(0)).toBe('open');
  expect(breaker.enter(0)).toBe(false);
});

test('requests that were in flight when it opened do not lengthen the wait', () => {
  const breaker = new CircuitBreaker(createRandom(1));
  for (let i = 0; i < 8; i++) breaker.enter(0);
  for (let i = 0; i < 8; i++) breaker.failed(0);
  expect(breaker.failures).toBe(3);
  expect(breaker.retryMs).toBeLessThanOrEqual(72_000);
});

test('half-open, one request tries it; each failure doubles the wait up to an hour ± 20 %', () => {
  const breaker = new CircuitBreaker(createRandom(1));
  for (let i = 0; i < 3; i++) fail(breaker, 0);
  let nowMs = 0;
  for (const minutes of [1, 2, 4, 8, 16, 32, 60, 60]) {
    const waitMs = breaker.retryMs - nowMs;
    expect(waitMs).toBeGreaterThanOrEqual(minutes * 48_000);
    expect(waitMs).toBeLessThanOrEqual(minutes * 72_000);
    expect(breaker.state(breaker.retryMs - 1)).toBe('open');
    nowMs = breaker.retryMs;
    expect(breaker.state(nowMs)).toBe('half-open');
    expect([breaker.enter(nowMs), breaker.enter(nowMs)]).toEqual([true, false]);
    breaker.failed(nowMs);
  }
  nowMs = breaker.retryMs;
  breaker.enter(nowMs);
  breaker.left();
  expect(breaker.enter(nowMs)).toBe(true);
  breaker.succeeded();
  expect(breaker.state(nowMs)).toBe('closed');
});

test('a clock that is set back does not keep it open: one request tries it', () => {
  const breaker = new CircuitBreaker(createRandom(1));
  for (let i = 0; i < 3; i++) fail(breaker, 1e12);
  const earlierMs = 1e12 - 1_000_000;
  expect(breaker.state(1e12 + 1)).toBe('open');
  expect(breaker.state(earlierMs)).toBe('half-open');
  expect([breaker.enter(earlierMs), breaker.enter(earlierMs)]).toEqual([true, false]);
});

test('nor does a time that was stored before', () => {
  const breaker = new CircuitBreaker(createRandom(1));
  breaker.restore(5, 1e12);
  expect(breaker.state(1e12 - 3_600_000)).toBe('open');
  expect(breaker.state(1e12 - 5_000_000)).toBe('half-open');
});
