/**
 * Divides the address space of a family into segments with one value each. Longest-prefix match becomes a search for the
 * segment. `flatten` resolves nested ranges: the narrower range wins. `overlay` puts one division on top of another.
 * The functions are pure and do not interpret values, except that 0 means "unknown".
 */
import { type AddressRanges, type Family, wordsOf } from './address-ranges.js';

export interface AddressSegments {
  readonly family: Family;
  readonly count: number;
  /** The first address of each segment, ascending; the first segment starts at zero. */
  readonly starts: Uint32Array;
  /** Adjacent segments have different values. */
  readonly values: Uint32Array;
}

/** The inner of two nested ranges wins; of two equal ranges the later one wins. */
export function flatten(ranges: AddressRanges): AddressSegments {
  const { family, starts, ends, values, count } = ranges;
  const words = wordsOf(family);
  const order = sortedOrder(ranges);
  const out = new SegmentWriter(family, 2 * count + 1);
  const zero = new Uint32Array(words);
  out.write(zero, 0, 0);
  const open: number[] = [];
  const after = new Uint32Array(words);

  /** Closes the innermost range and every range that ends with it, then resumes the enclosing one. */
  const close = (): void => {
    const closed = open.pop()!;
    while (open.length > 0 && compareWords(ends, open[open.length - 1]!, ends, closed, words) <= 0) open.pop();
    for (let w = 0; w < words; w++) after[w] = ends[closed * words + w]!;
    if (increment(after)) out.write(after, 0, open.length > 0 ? values[open[open.length - 1]!]! : 0);
  };

  for (let k = 0; k < count; k++) {
    const range = order === undefined ? k : order[k]!;
    while (open.length > 0 && compareWords(ends, open[open.length - 1]!, starts, range, words) < 0) close();
    out.write(starts, range * words, values[range]!);
    open.push(range);
  }
  while (open.length > 0) close();
  return out.finish();
}

/** The value of `top`, or of `base` where `top` is 0. */
export function overlay(base: AddressSegments, top: AddressSegments): AddressSegments {
  if (knowsNothing(top)) return base;
  if (knowsNothing(base)) return top;
  const words = wordsOf(base.family);
  const out = new SegmentWriter(base.family, base.count + top.count);
  let b = 0;
  let t = 0;
  // Both divisions start at address zero, so each step has a current segment in both.
  while (b < base.count || t < top.count) {
    const side = b === base.count ? 1 : t === top.count ? -1 : compareWords(base.starts, b, top.starts, t, words);
    const from = side <= 0 ? base.starts : top.starts;
    const at = (side <= 0 ? b : t) * words;
    if (side <= 0) b++;
    if (side >= 0) t++;
    const topValue = top.values[t - 1]!;
    out.write(from, at, topValue !== 0 ? topValue : base.values[b - 1]!);
  }
  return out.finish();
}

/** The same division with new values, `map[value]`; adjacent segments that become equal are merged. */
export function relabel(segments: AddressSegments, map: ArrayLike<number>): AddressSegments {
  const words = wordsOf(segments.family);
  const out = new SegmentWriter(segments.family, segments.count);
  for (let i = 0; i < segments.count; i++) out.write(segments.starts, i * words, map[segments.values[i]!]!);
  return out.finish();
}

export function emptySegments(family: Family): AddressSegments {
  return { family, count: 1, starts: new Uint32Array(wordsOf(family)), values: new Uint32Array(1) };
}

function knowsNothing({ count, values }: AddressSegments): boolean {
  return count === 1 && values[0] === 0;
}

/** The segment that `address` (its words) lies in. */
export function segmentOf(segments: AddressSegments, address: ArrayLike<number>): number {
  const words = wordsOf(segments.family);
  let low = 0;
  let high = segments.count - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (compareWords(segments.starts, middle, address, 0, words) <= 0) low = middle;
    else high = middle - 1;
  }
  return low;
}

function compareWords(a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number, words: number): number {
  const ai = i * words;
  const bj = j * words;
  for (let w = 0; w < words; w++) {
    const x = a[ai + w]!;
    const y = b[bj + w]!;
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** An order with outer ranges before inner ones; `undefined` if the ranges are in order already, as in most data files. */
function sortedOrder(ranges: AddressRanges): Uint32Array | undefined {
  const { starts, ends, count } = ranges;
  const words = wordsOf(ranges.family);
  const compare = (i: number, j: number): number =>
    compareWords(starts, i, starts, j, words) || compareWords(ends, j, ends, i, words) || i - j;
  let sorted = true;
  for (let i = 1; i < count && sorted; i++) sorted = compare(i - 1, i) < 0;
  return sorted ? undefined : Uint32Array.from({ length: count }, (_, i) => i).sort(compare);
}

/** Adds one; returns false on overflow. */
function increment(address: Uint32Array): boolean {
  for (let w = address.length - 1; w >= 0; w--) {
    address[w] = address[w]! + 1;
    if (address[w] !== 0) return true;
  }
  return false;
}

/** Appends segments. A segment with the same start replaces the previous one; equal adjacent segments are merged. */
class SegmentWriter {
  readonly #family: Family;
  readonly #words: number;
  readonly #starts: Uint32Array;
  readonly #values: Uint32Array;
  #count = 0;

  constructor(family: Family, capacity: number) {
    this.#family = family;
    this.#words = wordsOf(family);
    this.#starts = new Uint32Array(capacity * this.#words);
    this.#values = new Uint32Array(capacity);
  }

  write(from: Uint32Array, at: number, value: number): void {
    const words = this.#words;
    if (this.#count > 0) {
      let same = true;
      const last = (this.#count - 1) * words;
      for (let w = 0; w < words && same; w++) same = this.#starts[last + w] === from[at + w];
      if (same) this.#count--;
    }
    if (this.#count > 0 && this.#values[this.#count - 1] === value) return;
    for (let w = 0; w < words; w++) this.#starts[this.#count * words + w] = from[at + w]!;
    this.#values[this.#count++] = value;
  }

  finish(): AddressSegments {
    return {
      family: this.#family,
      count: this.#count,
      starts: this.#starts.slice(0, this.#count * this.#words),
      values: this.#values.slice(0, this.#count),
    };
  }
}
