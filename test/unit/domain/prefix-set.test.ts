import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type IpAddress,
  maskWord,
  type Prefix,
  parseIp,
  parsePrefix,
  prefixContains,
} from '../../../src/domain/ip-address.js';
import { isEmptySet, prefixSet, prefixSetHas } from '../../../src/domain/prefix-set.js';

/** Few bits differ, so that prefixes nest, touch and contain the addresses. */
const address: fc.Arbitrary<IpAddress> = fc.oneof(
  fc.nat(0xff).map((low): IpAddress => ({ family: 4, words: [(0xcb007100 | low) >>> 0] })),
  fc
    .tuple(fc.constantFrom(0, 1, 0xffff_ffff), fc.constantFrom(0, 0xffff_ffff), fc.nat(0xff))
    .map(([a, b, c]): IpAddress => ({ family: 6, words: [0x2001_0db8, a, b, c] })),
);
const prefix: fc.Arbitrary<Prefix> = fc.tuple(address, fc.nat(128)).map(([{ family, words }, bits]) => {
  const length = family === 4 ? Math.min(bits, 32) : bits;
  return { address: { family, words: words.map((word, i) => (word & maskWord(length - 32 * i)) >>> 0) }, length };
});

test('has what one of its prefixes contains', () => {
  fc.assert(
    fc.property(fc.array(prefix, { maxLength: 12 }), fc.array(address, { maxLength: 8 }), (prefixes, addresses) => {
      const set = prefixSet(prefixes);
      for (const each of addresses) {
        expect(prefixSetHas(set, each)).toBe(prefixes.some((one) => prefixContains(one, each)));
      }
    }),
  );
});

test('the ends of the address space', () => {
  const all = prefixSet(['0.0.0.0/0', '::/0'].map(parsePrefix));
  for (const each of ['0.0.0.0', '255.255.255.255', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']) {
    expect(prefixSetHas(all, parseIp(each))).toBe(true);
    expect(prefixSetHas(prefixSet([]), parseIp(each))).toBe(false);
  }
  expect(isEmptySet(all)).toBe(false);
  expect(isEmptySet(prefixSet([]))).toBe(true);
});
