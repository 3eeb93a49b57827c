import { expect, test } from 'vitest';
import { DueTimes } from '../../../src/upstream/due-times.js';
import { MAX_DUE_TIMES } from '../../../src/upstream/limits.js';

const ORIGINAL = 'udp://t.example:80';
const pair = (n: number): string => `${ORIGINAL} ${n} 4`;

function start() {
  const clock = { ms: 0, nowMs: () => clock.ms };
  const times = new DueTimes(clock);
  return { clock, times, size: () => times.waiting().get(ORIGINAL)?.torrents ?? 0 };
}

test('full, it makes room for a tenth at once; one that waits again needs none and is the last to be forgotten', () => {
  const { times, size } = start();
  for (let n = 0; n < MAX_DUE_TIMES; n++) times.wait(pair(n), 3_600);
  times.wait(pair(0), 7_200);
  expect(size()).toBe(MAX_DUE_TIMES);
  times.wait(pair(-1), 3_600);
  expect(size()).toBe(MAX_DUE_TIMES * 0.9 + 1);
  expect([0, -1, MAX_DUE_TIMES - 1].map((n) => times.dueMs(pair(n)))).toEqual([7_200_000, 3_600_000, 3_600_000]);
  expect(times.dueMs(pair(1))).toBe(0);
  // What is forgotten is not stored.
  expect(times.takeChanges()).toHaveLength(MAX_DUE_TIMES * 0.9 + 1);
});

test('full, it forgets what is due first', () => {
  const { clock, times, size } = start();
  for (let n = 0; n < MAX_DUE_TIMES; n++) times.wait(pair(n), n < MAX_DUE_TIMES / 2 ? 3_600 : 10);
  clock.ms = 10_000;
  times.wait(pair(-1), 3_600);
  expect(size()).toBe(MAX_DUE_TIMES / 2 + 1);
  expect(times.dueMs(pair(0))).toBe(3_600_000);
});

test('full after a restart, it makes room too', () => {
  const { times, size } = start();
  for (let n = 0; n <= MAX_DUE_TIMES; n++) times.restore(pair(n), 3_600_000 + n);
  expect(size()).toBe(MAX_DUE_TIMES * 0.9 + 1);
});

test('if the clock is set back, what waits is due as soon as before, and is stored so', () => {
  const { clock, times } = start();
  clock.ms = 10_000_000;
  times.wait(pair(1), 300);
  times.takeChanges();
  clock.ms -= 5_000_000;
  expect(times.dueMs(pair(1))).toBe(5_300_000);
  expect(times.takeChanges()).toEqual([{ pair: pair(1), dueMs: 5_300_000 }]);
  // Not for what the clock's own unsteadiness is.
  clock.ms -= 100;
  expect(times.dueMs(pair(1))).toBe(5_300_000);
});
