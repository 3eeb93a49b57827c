/**
 * A multibit trie over sorted segments, as flat words. A cold look-up costs what it waits for memory, so the form is
 * chosen for few dependent reads: a node is as wide as it is crowded (a few entries for each segment that starts in it),
 * an entry is the group itself wherever one segment covers it whole, and a handful of segments is a *run* to read through.
 *
 * An entry below 65,536 is a group. Otherwise its low five bits say how many bits the child node takes (1 … 16), or
 * {@link RUN}; the rest is where the child's entries begin, or the segment in force where the run begins.
 */
import { wordsOf } from './address-ranges.js';
import type { AddressSegments } from './address-segments.js';

export const FIRST_REFERENCE = 65_536;
export const RUN = 31;
export const REFERENCE_SHIFT = 5;
export const REFERENCE_MASK = 31;
/** References are never mistaken for groups because what they refer to is counted from here. */
export const REFERENCE_BASE = FIRST_REFERENCE >>> REFERENCE_SHIFT;
/** The root takes so many bits, always: a quarter of a megabyte that stays in the cache. */
export const ROOT_BITS = 16;

const MAX_NODE_BITS = 16;
/** Entries for each segment, as a power of two: more of them and fewer references. */
const SPARE_BITS = 2;
/** Segments that are read through rather than indexed: two cache lines of IPv4, four of IPv6. */
const MAX_RUN = 12;

/** @param segments whose values are groups. @returns the entries in shared memory; the root's begin at `REFERENCE_BASE` */
export function buildTrie(segments: AddressSegments): Uint32Array {
  return new TrieBuilder(segments).build();
}

class TrieBuilder {
  readonly #starts: Uint32Array;
  readonly #values: Uint32Array;
  readonly #count: number;
  readonly #words: number;
  #entries = new Uint32Array(REFERENCE_BASE + 2 ** (ROOT_BITS + 1));
  #length = REFERENCE_BASE;

  constructor({ starts, values, count, family }: AddressSegments) {
    this.#starts = starts;
    this.#values = values;
    this.#count = count;
    this.#words = wordsOf(family);
  }

  build(): Uint32Array {
    // The first segment starts at zero and is in force before any other.
    this.#node(1, this.#count, 0, ROOT_BITS);
    const shared = new Uint32Array(new SharedArrayBuffer(this.#length * 4));
    shared.set(this.#entries.subarray(0, this.#length));
    return shared;
  }

  /**
   * Writes the node of the addresses that begin with the same `position` bits, in which the segments `first` … `end` − 1
   * start and `first` − 1 is in force at the beginning. @returns where its entries begin
   */
  #node(first: number, end: number, position: number, bits: number): number {
    const offset = this.#allocate(2 ** bits);
    let next = first;
    for (let entry = 0; entry < 2 ** bits; entry++) {
      let inForce = next - 1;
      let last = next;
      while (last < end && this.#key(last, position, bits) === entry) last++;
      if (last > next && this.#startsAtKey(next, position + bits)) inForce = next++;
      // In two steps: writing children may replace the array.
      const value = this.#entry(inForce, next, last, position + bits);
      this.#entries[offset + entry] = value;
      next = last;
    }
    return offset;
  }

  #entry(inForce: number, first: number, end: number, position: number): number {
    const inside = end - first;
    if (inside === 0) return this.#values[inForce]!;
    if (inside <= MAX_RUN) return reference(inForce + REFERENCE_BASE, RUN);
    const crowded = 32 - Math.clz32(inside) + SPARE_BITS;
    // A node does not reach over the end of a word.
    const bits = Math.min(crowded, MAX_NODE_BITS, 32 - (position & 31));
    return reference(this.#node(first, end, position, bits), bits);
  }

  /** `bits` bits of a segment's start from `position` on. */
  #key(segment: number, position: number, bits: number): number {
    const word = this.#starts[segment * this.#words + (position >>> 5)]!;
    return (word << (position & 31)) >>> (32 - bits);
  }

  /** Whether all bits of a segment's start from `position` on are zero. */
  #startsAtKey(segment: number, position: number): boolean {
    for (let w = position >>> 5; w < this.#words; w++) {
      const word = this.#starts[segment * this.#words + w]!;
      if ((w === position >>> 5 ? word << (position & 31) : word) !== 0) return false;
    }
    return true;
  }

  #allocate(count: number): number {
    const offset = this.#length;
    this.#length += count;
    if (this.#length > this.#entries.length) {
      const larger = new Uint32Array(Math.max(this.#length, this.#entries.length * 2));
      larger.set(this.#entries.subarray(0, offset));
      this.#entries = larger;
    }
    return offset;
  }
}

function reference(to: number, how: number): number {
  return to * 2 ** REFERENCE_SHIFT + how;
}
