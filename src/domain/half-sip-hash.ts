/**
 * HalfSipHash-1-3 (Aumasson, Bernstein; Linux uses it for hash tables on 32-bit machines): a keyed hash of 32-bit words
 * to 32 bits. A hash table over bytes that strangers choose needs a keyed hash of all of them, so that a stranger
 * without the key cannot find inputs that collide. Multiplying and shifting with a salt in the first word is not
 * enough: such a hash has pairs of inputs that collide under every salt. SipHash needs 64-bit words, which cost twice
 * as much in JavaScript. 32 bits of output suffice for tables, not for authentication.
 */
import { randomFillSync } from 'node:crypto';

/** A secret key for one table or one process: never stored, never sent to clients. */
export function randomHashKey(words: number): Uint32Array {
  return randomFillSync(new Uint32Array(words));
}

export class HalfSipHash {
  private readonly key0: number;
  private readonly key1: number;

  /** @param key two secret words at `at` */
  constructor(key: Uint32Array, at = 0) {
    this.key0 = key[at]! | 0;
    this.key1 = key[at + 1]! | 0;
  }

  /** Hashes `count` words from `at`, each as four little-endian bytes. Allocates nothing. @returns 32 bits, signed */
  hash(words: Uint32Array, at: number, count: number): number {
    // `| 0` marks these as integers: without it the compiler uses floating-point numbers for the additions below.
    let v0 = this.key0 | 0;
    let v1 = this.key1 | 0;
    let v2 = v0 ^ 0x6c796765;
    let v3 = v1 ^ 0x74656462;
    // One round for each word, one for the length, three for finalisation.
    const last = at + count;
    for (let i = at; i <= last; i++) {
      const word = i < last ? words[i]! | 0 : count << 26;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    v2 ^= 0xff;
    for (let i = 0; i < 3; i++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    return v1 ^ v3;
  }
}
