import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBogon } from '../../../src/domain/bogon.js';
import { ipv4FromWord, ipv6FromWords, parseIp } from '../../../src/domain/ip-address.js';
import { isBogon4, isBogon6 } from '../../../src/tracker/bogons.js';

function judged(text: string, lab: boolean): boolean {
  const { family, words } = parseIp(text);
  const [a = 0, b = 0, c = 0, d = 0] = words;
  return family === 4 ? isBogon4(a, lab) : isBogon6(a, b, c, d, lab);
}

describe('bogons by words', () => {
  it('are those of the domain, over IPv4', () => {
    const word = fc.oneof(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc
        .tuple(
          fc.constantFrom(
            0xc0000000,
            0xc0000200,
            0xc0586300,
            0xc6336400,
            0xcb007100,
            0xac100000,
            0x64400000,
            0xc6120000,
          ),
          fc.integer({ min: -0x200, max: 0x200 }),
        )
        .map(([base, offset]) => (base + offset) >>> 0),
    );
    fc.assert(
      fc.property(word, (address) => {
        expect(isBogon4(address, false)).toBe(isBogon(ipv4FromWord(address)));
      }),
      { numRuns: 5_000 },
    );
  });

  it('are those of the domain, over IPv6', () => {
    const first = fc.oneof(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.constantFrom(
        0x20010000,
        0x200101ff,
        0x20010200,
        0x20010db8,
        0x20010db9,
        0x20020000,
        0x3fff0000,
        0x3fff1000,
        0,
      ),
      fc.integer({ min: 0x20000000, max: 0x3fffffff }),
    );
    const rest = fc.constantFrom(0, 1, 2, 0xffffffff);
    fc.assert(
      fc.property(first, rest, rest, rest, (a, b, c, d) => {
        const address = ipv6FromWords(a, b, c, d);
        if (address.family === 6) expect(isBogon6(a, b, c, d, false)).toBe(isBogon(address));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    '127.0.0.1',
    '127.3.4.5',
    '10.1.2.3',
    '192.168.1.1',
    '172.31.255.255',
    '100.64.0.1',
    '203.0.113.9',
    '198.18.0.1',
    '::1',
    'fd00::1',
    '2001:db8::1',
  ])('%s takes part in a laboratory only', (text) => {
    expect(judged(text, false)).toBe(true);
    expect(judged(text, true)).toBe(false);
  });

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    'fe80::1',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.0.8',
    '::',
    'ff02::1',
    '2002:a00:1::1',
  ])('%s never takes part', (text) => {
    expect(judged(text, true)).toBe(true);
  });

  it.each(['8.8.8.8', '192.0.1.1', '193.0.0.1', '2a00:1450::1'])('%s is an address like others', (text) => {
    expect(judged(text, false)).toBe(false);
  });
});
