import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIp } from '../../../src/domain/ip-address.js';
import { scanDecimal, scanIpv4, scanIpv6 } from '../../../src/topology/scan-address.js';

function scanned(text: string): number[] | undefined {
  const bytes = Buffer.from(`x${text}x`);
  const word = scanIpv4(bytes, 1, bytes.length - 1);
  if (word >= 0) return [word];
  const words = new Uint32Array(4);
  return scanIpv6(bytes, 1, bytes.length - 1, words, 0) ? [...words] : undefined;
}

function parsed(text: string): number[] | undefined {
  try {
    const { family, words } = parseIp(text);
    return family === 4 && text.includes(':') ? [0, 0, 0xffff, words[0]!] : [...words];
  } catch {
    return undefined;
  }
}

test('scanning accepts and refuses what parsing does', () => {
  const nearlyAddress = fc
    .tuple(
      fc.oneof(fc.ipV4(), fc.ipV6()),
      fc.nat(50),
      fc.constantFrom('', ':', '::', '.', '0', 'f', 'g', ' ', '1.2.3.4', '%1'),
      fc.nat(3),
    )
    .map(([text, at, inserted, removed]) => text.slice(0, at) + inserted + text.slice(at + removed));
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), nearlyAddress), (text) => {
      expect(scanned(text)).toEqual(parsed(text));
    }),
    { numRuns: 3000 },
  );
});

test.each([
  '',
  ':',
  '::',
  ':::',
  '1::',
  '::1',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:',
  ':1:2:3:4:5:6:7',
  '::ffff:1.2.3.4',
  '1:2:3:4:5:6:1.2.3.4',
  '1:2:3:4:5:6:7:1.2.3.4',
  '12345::',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '256.1.1.1',
  '1.2.3.',
  '.1.2.3',
  '255.255.255.255',
  '0.0.0.0',
  '::1.2.3.4:1',
])('"%s"', (text) => {
  expect(scanned(text)).toEqual(parsed(text));
});

test('decimal numbers', () => {
  const scan = (text: string, max: number): number => scanDecimal(Buffer.from(text), 0, text.length, max);
  expect(scan('4294967295', 0xffffffff)).toBe(0xffffffff);
  expect(scan('4294967296', 0xffffffff)).toBe(-1);
  expect(scan('', 9)).toBe(-1);
  expect(scan('1a', 99)).toBe(-1);
});
