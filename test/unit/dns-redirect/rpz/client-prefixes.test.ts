import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clientIpOwner, exemptPrefixes } from '../../../../src/dns-redirect/rpz/client-prefixes.js';
import {
  formatPrefix,
  type IpAddress,
  type Prefix,
  parseIp,
  parsePrefix,
  prefixContains,
} from '../../../../src/domain/ip-address.js';

const prefixes = (...texts: string[]): Prefix[] => texts.map(parsePrefix);
const mapped: IpAddress = { family: 6, words: [0, 0, 0xffff, 0x01020304] };

const anyPrefix = fc
  .oneof(
    fc.record({ words: fc.tuple(fc.nat(0xffffffff)), length: fc.integer({ min: 0, max: 32 }) }),
    fc.record({
      // Close to each other and to ::ffff:0:0/96, so that they nest.
      words: fc.tuple(
        fc.constantFrom(0, 0x20010db8),
        fc.constantFrom(0, 1),
        fc.constantFrom(0, 0xffff),
        fc.nat(0xffffffff),
      ),
      length: fc.integer({ min: 0, max: 128 }),
    }),
  )
  .map(({ words, length }): Prefix => {
    const masked = words.map((word, i) => {
      const bits = Math.min(32, Math.max(0, length - 32 * i));
      return bits === 0 ? 0 : (word & (0xffffffff << (32 - bits))) >>> 0;
    });
    return { address: { family: words.length === 1 ? 4 : 6, words: masked }, length };
  });
const anyAddress = fc.oneof(
  fc.nat(0xffffffff).map((word): IpAddress => ({ family: 4, words: [word] })),
  fc
    .tuple(fc.constantFrom(0, 0x20010db8), fc.constantFrom(0, 1), fc.constantFrom(0, 1, 0xffff), fc.nat(0xffffffff))
    .map((words): IpAddress => ({ family: 6, words })),
);
const isMapped = ({ family, words }: IpAddress): boolean =>
  family === 6 && words[0] === 0 && words[1] === 0 && words[2] === 0xffff;

describe('the clients that an RPZ exempts', () => {
  test('everyone outside `clients`, and who opted out', () => {
    fc.assert(
      fc.property(
        fc.option(fc.array(anyPrefix, { minLength: 1, maxLength: 6 }), { nil: undefined }),
        fc.array(anyPrefix, { maxLength: 4 }),
        anyAddress.filter((address) => !isMapped(address)),
        (clients, optOut, address) => {
          const isIn = (list: readonly Prefix[]): boolean => list.some((prefix) => prefixContains(prefix, address));
          const expected = isIn(optOut) || (clients !== undefined && !isIn(clients));
          expect(isIn(exemptPrefixes(clients, optOut))).toBe(expected);
        },
      ),
    );
  });

  test('no IPv6 prefix covers the mapped IPv4 addresses, and none is whole', () => {
    fc.assert(
      fc.property(fc.array(anyPrefix, { maxLength: 6 }), fc.array(anyPrefix, { maxLength: 3 }), (clients, optOut) => {
        const exempt = exemptPrefixes(clients, optOut);
        expect(exempt.filter((prefix) => prefix.length === 0 || prefixContains(prefix, mapped))).toEqual([]);
      }),
    );
  });

  test('no prefix is listed twice or inside another one', () => {
    fc.assert(
      fc.property(fc.array(anyPrefix, { maxLength: 6 }), fc.array(anyPrefix, { maxLength: 4 }), (clients, optOut) => {
        const exempt = exemptPrefixes(clients, optOut);
        const nested = exempt.filter((inner, i) =>
          exempt.some((outer, j) => i !== j && outer.length <= inner.length && prefixContains(outer, inner.address)),
        );
        expect(nested).toEqual([]);
      }),
    );
  });

  test('few prefixes', () => {
    expect(exemptPrefixes(undefined, []).map(formatPrefix)).toEqual([]);
    expect(exemptPrefixes(prefixes('::/1', '8000::/1', '0.0.0.0/1'), []).map(formatPrefix)).toEqual(['128.0.0.0/1']);
    expect(exemptPrefixes(prefixes('203.0.113.0/24'), []).filter(({ address }) => address.family === 4)).toHaveLength(
      24,
    );
    expect(exemptPrefixes(undefined, prefixes('0.0.0.0/0')).map(formatPrefix)).toEqual(['0.0.0.0/1', '128.0.0.0/1']);
  });

  test('a thousand prefixes of each family take no time to speak of', () => {
    const many = Array.from({ length: 1_000 }, (_, i): Prefix[] => [
      { address: { family: 4, words: [(i << 16) >>> 0] }, length: 20 },
      { address: { family: 6, words: [0x20010db8, i, 0, 0] }, length: 64 },
    ]).flat();
    expect(exemptPrefixes(many, []).length).toBeGreaterThan(2_000);
  });
});

describe('the owner name of a client (draft-vixie-dnsop-dns-rpz-00 section 4.1.1)', () => {
  test.each([
    ['203.0.113.101', '32.101.113.0.203.rpz-client-ip'],
    ['192.0.2.0/24', '24.0.2.0.192.rpz-client-ip'],
    ['2001:db8:100::101', '128.101.zz.100.db8.2001.rpz-client-ip'],
    ['2001:db8:100::/48', '48.zz.100.db8.2001.rpz-client-ip'],
    ['2001:db8::1:0:0:1', '128.1.0.0.1.zz.db8.2001.rpz-client-ip'],
    ['::/81', '81.zz.rpz-client-ip'],
    ['0:0:0:0:1::/80', '80.0.0.0.1.zz.rpz-client-ip'],
    ['2001:db8:0:1:1:1:1:1', '128.1.1.1.1.1.0.db8.2001.rpz-client-ip'],
  ])('%s', (text, owner) => {
    expect(clientIpOwner(parsePrefix(text))).toBe(owner);
    expect(parseIp('::1').family).toBe(6);
  });
});
