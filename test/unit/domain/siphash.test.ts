import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SipHash } from '../../../src/domain/siphash.js';

const MASK = (1n << 64n) - 1n;
const rotate = (x: bigint, bits: bigint): bigint => ((x << bits) | (x >> (64n - bits))) & MASK;
const little = (bytes: Uint8Array, at: number): bigint => Buffer.from(bytes).readBigUInt64LE(at);

/** The algorithm as its paper states it, in 64-bit numbers. */
function reference(key: Uint8Array, message: Uint8Array): bigint {
  const k0 = little(key, 0);
  const k1 = little(key, 8);
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const round = (): void => {
    v0 = (v0 + v1) & MASK;
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & MASK;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & MASK;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & MASK;
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };
  const blocks = Math.floor(message.length / 8) + 1;
  const padded = new Uint8Array(blocks * 8);
  padded.set(message);
  padded[padded.length - 1] = message.length & 255;
  for (let i = 0; i < blocks; i++) {
    const m = little(padded, 8 * i);
    v3 ^= m;
    round();
    round();
    v0 ^= m;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

const hashed = (key: Uint8Array, message: Uint8Array): bigint => {
  const words = new Int32Array(message.length / 4);
  for (let i = 0; i < words.length; i++) words[i] = Buffer.from(message).readInt32LE(4 * i);
  const hash = new SipHash(key);
  hash.hash(words, words.length);
  return (BigInt(hash.high >>> 0) << 32n) | BigInt(hash.low >>> 0);
};

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);

describe('SipHash-2-4', () => {
  it('gives the vectors of its authors', () => {
    expect(reference(KEY, counting(15))).toBe(0xa129ca6149be45e5n);
    expect(hashed(KEY, counting(0))).toBe(0x726fdb47dd0e0e31n);
    expect(hashed(KEY, counting(4))).toBe(0xcf2794e0277187b7n);
    expect(hashed(KEY, counting(8))).toBe(0x93f5f5799a932462n);
  });

  it('is the algorithm of the paper for any key and any words', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: 9 }),
        (key, words) => {
          const message = new Uint8Array(Buffer.concat(words));
          expect(hashed(key, message)).toBe(reference(key, message));
        },
      ),
    );
  });
});
