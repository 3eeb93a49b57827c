/**
 * Address ranges with a value each (an AS number or a label index), as the loaders collect them: in any order, nested or
 * overlapping. An IPv4 address is one 32-bit word and an IPv6 address four, most significant first.
 */
import { maskWord, type Prefix } from '../domain/ip-address.js';

export type Family = 4 | 6;

export interface AddressRanges {
  readonly family: Family;
  readonly count: number;
  /** `count` × {@link wordsOf} words. */
  readonly starts: Uint32Array;
  /** Inclusive. */
  readonly ends: Uint32Array;
  readonly values: Uint32Array;
}

export function wordsOf(family: Family): 1 | 4 {
  return family === 4 ? 1 : 4;
}

/** A growing list of ranges. */
export class AddressRangesBuilder {
  readonly family: Family;
  #count = 0;
  #starts: Uint32Array;
  #ends: Uint32Array;
  #values: Uint32Array;

  constructor(family: Family, capacity = 1024) {
    this.family = family;
    this.#starts = new Uint32Array(capacity * wordsOf(family));
    this.#ends = new Uint32Array(capacity * wordsOf(family));
    this.#values = new Uint32Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  add4(start: number, end: number, value: number): void {
    const i = this.#next(value);
    this.#starts[i] = start;
    this.#ends[i] = end;
  }

  /** @param start four words at `at`; @param end four words at `endAt` */
  add6(start: ArrayLike<number>, at: number, end: ArrayLike<number>, endAt: number, value: number): void {
    const i = this.#next(value) * 4;
    for (let w = 0; w < 4; w++) {
      this.#starts[i + w] = start[at + w]!;
      this.#ends[i + w] = end[endAt + w]!;
    }
  }

  addPrefix(prefix: Prefix, value: number): void {
    const { words } = prefix.address;
    const last = words.map((word, w) => (word | ~maskWord(prefix.length - 32 * w)) >>> 0);
    if (prefix.address.family === 4) this.add4(words[0]!, last[0]!, value);
    else this.add6(words, 0, last, 0, value);
  }

  build(): AddressRanges {
    const words = this.#count * wordsOf(this.family);
    return {
      family: this.family,
      count: this.#count,
      starts: this.#starts.slice(0, words),
      ends: this.#ends.slice(0, words),
      values: this.#values.slice(0, this.#count),
    };
  }

  #next(value: number): number {
    if (this.#count === this.#values.length) {
      this.#starts = grown(this.#starts);
      this.#ends = grown(this.#ends);
      this.#values = grown(this.#values);
    }
    this.#values[this.#count] = value;
    return this.#count++;
  }
}

function grown(array: Uint32Array): Uint32Array {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
