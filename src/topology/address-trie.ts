/**
 * A trie over sorted segments, as flat words. A cold look-up costs what it waits for memory, so the form is small (it fits
 * a processor's own cache) and has few dependent reads. A node is one of two, both leaving out what repeats the value before:
 *
 * - A *list* of at most {@link MAX_LIST} breaks, read through: count, value, then pairs of (break, value from it on). A break
 *   is a whole word of the address.
 * - A *page* over the next few bits: for each 32 values of them a pair of (which of them are breaks, where the value of the
 *   last break before them is), then the values of the breaks.
 *
 * A value below 65,536 is a group. Otherwise its low five bits say how many bits the child page takes, or {@link LIST}; the
 * rest is where the child begins.
 */
import { wordsOf } from './address-ranges.js';
import type { AddressSegments } from './address-segments.js';

export const FIRST_REFERENCE = 65_536;
export const LIST = 31;
export const REFERENCE_SHIFT = 5;
export const REFERENCE_MASK = 31;
/** The root is an array of values for this many bits: a quarter of a megabyte of which little is ever read. */
export const ROOT_BITS = 16;
/** What values refer to begins here, so that references are never mistaken for groups; so does the root. */
export const ROOT = FIRST_REFERENCE >>> REFERENCE_SHIFT;

/** Reading through more than this costs more than a page. */
const MAX_LIST = 32;
const MAX_PAGE_BITS = 16;
/** Values of a page for each break, as a power of two: two bits of memory each. */
const SPARE_BITS = 5;
/** A row of `#rows`: the first value of the bits, the segment in force from it on, and the segments that start inside it. */
const ROW = 4;
const NO_GROUP = -1;

/** @param segments whose values are groups. @returns the trie in shared memory; its root begins at {@link ROOT} */
export function buildTrie(segments: AddressSegments): Uint32Array {
  return new TrieBuilder(segments).build();
}

class TrieBuilder {
  readonly #starts: Uint32Array;
  readonly #values: Uint32Array;
  readonly #count: number;
  readonly #words: number;
  #trie = new Uint32Array(2 ** 20);
  #length = ROOT;
  /** A stack: a node's rows stay while its children are written. */
  #rows = new Uint32Array(2 ** 16);
  #rowCount = 0;

  constructor({ starts, values, count, family }: AddressSegments) {
    this.#starts = starts;
    this.#values = values;
    this.#count = count;
    this.#words = wordsOf(family);
  }

  build(): Uint32Array {
    const root = this.#allocate(2 ** ROOT_BITS);
    // The first segment starts at zero and is in force before any other.
    const count = this.#cut(0, 1, this.#count, 0, ROOT_BITS);
    for (let row = 0; row < count; row++) {
      const from = this.#rows[row * ROW]!;
      const to = row + 1 < count ? this.#rows[(row + 1) * ROW]! : 2 ** ROOT_BITS;
      // In two steps, here and below: writing children may replace the array.
      const value = this.#valueOf(row, ROOT_BITS);
      this.#trie.fill(value, root + from, root + to);
    }
    const shared = new Uint32Array(new SharedArrayBuffer(this.#length * 4));
    shared.set(this.#trie.subarray(0, this.#length));
    return shared;
  }

  /** The group in force, or a reference to the node of what starts inside. */
  #valueOf(row: number, position: number): number {
    const at = row * ROW;
    const rows = this.#rows;
    const [inForce, first, end] = [rows[at + 1]!, rows[at + 2]!, rows[at + 3]!];
    return first === end ? this.#values[inForce]! : this.#node(inForce, first, end, position);
  }

  /**
   * Writes the node of the addresses that begin with the same `position` bits, in which the segments `first` … `end` − 1
   * start and `inForce` is in force at the beginning. @returns a reference to it
   */
  #node(inForce: number, first: number, end: number, position: number): number {
    const bitsLeft = 32 - (position & 31);
    const firstRow = this.#rowCount;
    let count = this.#cut(inForce, first, end, position, bitsLeft);
    let reference: number;
    if (count <= MAX_LIST) reference = this.#list(firstRow, count, first, position);
    else {
      this.#rowCount = firstRow;
      const bits = Math.min(32 - Math.clz32(count) + SPARE_BITS, MAX_PAGE_BITS, bitsLeft);
      count = this.#cut(inForce, first, end, position, bits);
      reference = this.#page(firstRow, count, position, bits);
    }
    this.#rowCount = firstRow;
    return reference;
  }

  #list(firstRow: number, count: number, first: number, position: number): number {
    const offset = this.#allocate(2 * count);
    const start = this.#starts[first * this.#words + (position >>> 5)]!;
    const prefix = start - this.#key(first, position, 32 - (position & 31));
    this.#trie[offset] = count - 1;
    for (let i = 0; i < count; i++) {
      if (i > 0) this.#trie[offset + 2 * i] = prefix + this.#rows[(firstRow + i) * ROW]!;
      const value = this.#valueOf(firstRow + i, (position | 31) + 1);
      this.#trie[offset + 2 * i + 1] = value;
    }
    return offset * 2 ** REFERENCE_SHIFT + LIST;
  }

  #page(firstRow: number, count: number, position: number, bits: number): number {
    const units = 2 ** (bits - 5);
    const offset = this.#allocate(2 * units + count);
    const values = offset + 2 * units;
    let i = 0;
    for (let unit = 0; unit < units; unit++) {
      let breaks = 0;
      this.#trie[offset + 2 * unit + 1] = values + i - 1;
      for (; i < count; i++) {
        const at = this.#rows[(firstRow + i) * ROW]!;
        if (at >>> 5 !== unit) break;
        breaks |= 1 << (at & 31);
      }
      this.#trie[offset + 2 * unit] = breaks;
    }
    for (i = 0; i < count; i++) {
      const value = this.#valueOf(firstRow + i, position + bits);
      this.#trie[values + i] = value;
    }
    return offset * 2 ** REFERENCE_SHIFT + bits;
  }

  /** Pushes a row for each break among the values of `bits` bits from `position` on. @returns how many */
  #cut(inForce: number, first: number, end: number, position: number, bits: number): number {
    const firstRow = this.#rowCount;
    const values = this.#values;
    let force = inForce;
    let group = NO_GROUP;
    let next = first;
    for (let at = 0; ; at++) {
      const start = next < end ? this.#key(next, position, bits) : 2 ** bits;
      if (at < start && values[force] !== group) {
        this.#push(at, force, 0, 0);
        group = values[force]!;
      }
      if (next === end) return this.#rowCount - firstRow;
      at = start;
      let inside = next;
      if (this.#startsAtKey(next, position + bits)) force = inside++;
      while (next < end && this.#key(next, position, bits) === start) next++;
      if (inside < next) {
        this.#push(at, force, inside, next);
        group = NO_GROUP;
      } else if (values[force] !== group) {
        this.#push(at, force, 0, 0);
        group = values[force]!;
      }
      force = next - 1;
    }
  }

  #push(at: number, inForce: number, first: number, end: number): void {
    const row = this.#rowCount++ * ROW;
    if (row === this.#rows.length) {
      const larger = new Uint32Array(row * 2);
      larger.set(this.#rows);
      this.#rows = larger;
    }
    this.#rows[row] = at;
    this.#rows[row + 1] = inForce;
    this.#rows[row + 2] = first;
    this.#rows[row + 3] = end;
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
    if (this.#length > this.#trie.length) {
      const larger = new Uint32Array(Math.max(this.#length, this.#trie.length * 2));
      larger.set(this.#trie.subarray(0, offset));
      this.#trie = larger;
    }
    return offset;
  }
}
