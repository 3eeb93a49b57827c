/**
 * Keyed hashes of IP addresses. An IPv4 address is one word, and nobody can announce from many of them freely. A
 * permutation of words between two secrets is enough: no two addresses collide, and which ones share a slot depends on
 * the secrets. In an IPv6 address a host chooses 64 bits and a site 80, which requires {@link HalfSipHash}.
 */
import { HalfSipHash } from './half-sip-hash.js';

/** Words of the key of an {@link AddressHash}. */
export const ADDRESS_KEY_WORDS = 4;

export class AddressHash {
  private readonly before: number;
  private readonly after: number;
  private readonly ipv6Hash: HalfSipHash;
  private readonly message = new Uint32Array(5);

  /** @param key {@link ADDRESS_KEY_WORDS} secret words at `at` */
  constructor(key: Uint32Array, at = 0) {
    this.before = key[at]! | 0;
    this.after = key[at + 1]! | 0;
    this.ipv6Hash = new HalfSipHash(key, at + 2);
  }

  /** Hashes an IPv4 address. @returns 32 bits, signed */
  ipv4(word0: number): number {
    return scramble(word0 ^ this.before) ^ this.after;
  }

  /** Hashes an IPv4 address and port, from the hash of the address. */
  ipv4Port(hash: number, port: number): number {
    return scramble(hash ^ Math.imul(port, 0x9e3779b1));
  }

  /** Hashes a /64, or a shorter prefix whose other bits are zero. */
  ipv6Network(word0: number, word1: number): number {
    const message = this.message;
    message[0] = word0;
    message[1] = word1;
    return this.ipv6Hash.hash(message, 0, 2);
  }

  /** Hashes an IPv6 address and a port. */
  ipv6(word0: number, word1: number, word2: number, word3: number, port: number): number {
    const message = this.message;
    message[0] = word0;
    message[1] = word1;
    message[2] = word2;
    message[3] = word3;
    message[4] = port;
    return this.ipv6Hash.hash(message, 0, 5);
  }
}

/** The finaliser of MurmurHash3, a permutation: each input bit affects each output bit. */
export function scramble(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
