import { expect, test } from 'vitest';
import { forgetOldest } from '../../../src/domain/forget-oldest.js';

test('forgets nothing up to the limit, and beyond it the oldest, some at once', () => {
  const keys = new Set(Array.from({ length: 1_000 }, (_, i) => i));
  expect(forgetOldest(keys, 1_000)).toEqual([]);
  keys.add(1_000);
  expect(forgetOldest(keys, 1_000)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect([keys.size, keys.has(11), keys.has(1_000)]).toEqual([990, true, true]);
});

test('forgets single keys of a small map', () => {
  const map = new Map([
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ]);
  expect(forgetOldest(map, 2)).toEqual(['a']);
  expect([...map.keys()]).toEqual(['b', 'c']);
});
