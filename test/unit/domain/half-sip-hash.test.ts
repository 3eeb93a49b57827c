import { describe, expect, it } from 'vitest';
import { AddressHash } from '../../../src/domain/address-hash.js';
import { HalfSipHash, randomHashKey } from '../../../src/domain/half-sip-hash.js';

/** Pairs of hashes that are equal in their upper, and in their lower, `bits`. */
function collisions(hashes: readonly number[], bits: number): number {
  let pairs = 0;
  for (const part of [(hash: number) => hash >>> (32 - bits), (hash: number) => hash & (2 ** bits - 1)]) {
    const seen = new Map<number, number>();
    for (const hash of hashes) {
      const before = seen.get(part(hash)) ?? 0;
      pairs += before;
      seen.set(part(hash), before + 1);
    }
  }
  return pairs;
}

/** What {@link collisions} finds among random numbers, with six standard deviations above. */
function mostCollisions(count: number, bits: number): number {
  const expected = (count * (count - 1)) / 2 ** bits;
  return expected + 6 * Math.sqrt(expected);
}

describe('HalfSipHash-1-3', () => {
  it('agrees with the vectors of Linux (siphash_kunit.c) for whole words', () => {
    const hash = new HalfSipHash(Uint32Array.of(0x03020100, 0x07060504));
    const words = new Uint32Array(Uint8Array.from({ length: 64 }, (_, i) => i).buffer);
    const expected = [0x5814c896, 0x7e059ea6, 0x577999b1, 0x6b28096c, 0x8b31d501, 0x911bb605, 0x57150ad7, 0x0a4100d0];
    expect(expected.map((_, count) => hash.hash(words, 0, count) >>> 0)).toEqual(expected);
  });

  it('reads from where it is told', () => {
    const hash = new HalfSipHash(randomHashKey(2));
    expect(hash.hash(Uint32Array.of(9, 8, 7, 6), 1, 2)).toBe(hash.hash(Uint32Array.of(8, 7), 0, 2));
  });
});

describe('the hash of addresses', () => {
  const COUNT = 10_000;
  const hash = new AddressHash(randomHashKey(4));
  /** Of 0xc2b2ae35, modulo 2^32: the last two words below times 0x85ebca6b and 0xc2b2ae35 are always equal. */
  const inverse = 0x7ed1b41d;
  const sets: Record<string, (i: number) => readonly [number, number, number, number]> = {
    'one host, counting': (i) => [0x20010db8, 7, 0, i],
    'one host, counting from the left': (i) => [0x20010db8, 7, i << 18, 0],
    'one host, words that cancel under fixed multipliers': (i) => [
      0x20010db8,
      7,
      i,
      Math.imul(Math.imul(i, 0x85ebca6b), inverse),
    ],
    'one site': (i) => [0x20010db8, 0xaaaa0000 | i, 0, 1],
    'all from one provider': (i) => [0x20010db8, i << 16, 0, 1],
  };

  it.each(Object.entries(sets))('spreads IPv6 addresses: %s', (_, address) => {
    const all = Array.from({ length: COUNT }, (_, i) => hash.ipv6(...address(i), 6881));
    expect(collisions(all, 16)).toBeLessThan(mostCollisions(COUNT, 16));
  });

  it('spreads the ports of one address, and IPv4 addresses that follow each other', () => {
    const ports = Array.from({ length: COUNT }, (_, i) => hash.ipv4Port(hash.ipv4(0x0a000001), i));
    const addresses = Array.from({ length: COUNT }, (_, i) => hash.ipv4(0x0a000000 + i));
    expect(collisions(ports, 16)).toBeLessThan(mostCollisions(COUNT, 16));
    expect(collisions(addresses, 16)).toBeLessThan(mostCollisions(COUNT, 16));
  });

  it('spreads /64 networks, and depends on the key', () => {
    const networks = Array.from({ length: COUNT }, (_, i) => hash.ipv6Network(0x20010db8, i << 8));
    expect(collisions(networks, 16)).toBeLessThan(mostCollisions(COUNT, 16));
    const other = new AddressHash(randomHashKey(4));
    expect(other.ipv6Network(1, 2)).not.toBe(hash.ipv6Network(1, 2));
    expect(other.ipv4(1)).not.toBe(hash.ipv4(1));
  });
});
