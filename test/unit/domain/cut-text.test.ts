import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutToBytes } from '../../../src/domain/cut-text.js';

it.each([
  ['', 0, ''],
  ['abc', 3, 'abc'],
  ['abcd', 3, 'abc'],
  ['aé', 2, 'a'],
  ['aé', 3, 'aé'],
  ['a€b', 3, 'a'],
  ['😀😀', 7, '😀'],
  ['😀', 3, ''],
  ['😀', 4, '😀'],
])('%j cut to %i bytes is %j', (text, bytes, expected) => {
  expect(cutToBytes(text, bytes)).toBe(expected);
});

it('is the longest beginning of whole characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.nat(60), (text, maxBytes) => {
      const cut = cutToBytes(text, maxBytes);
      expect(text.startsWith(cut)).toBe(true);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
      const next = [...text.slice(cut.length)][0];
      if (next !== undefined) expect(Buffer.byteLength(cut + next)).toBeGreaterThan(maxBytes);
    }),
  );
});
