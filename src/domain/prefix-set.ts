/**
 * A set of prefixes, asked for single addresses: sorted ranges without overlaps, so a look-up is a binary search however
 * many prefixes there are. It is plain data, because it crosses to threads.
 */
import { type IpAddress, maskWord, type Prefix } from './ip-address.js';

export interface PrefixSet {
  /** First and last address of each range, one word each. */
  readonly ipv4: Uint32Array;
  /** The same with four words each. */
  readonly ipv6: Uint32Array;
}

interface Range {
  readonly first: readonly number[];
  readonly last: readonly number[];
}

export function prefixSet(prefixes: readonly Prefix[]): PrefixSet {
  const rangesOf = (family: 4 | 6): Uint32Array => {
    const ranges = prefixes.filter(({ address }) => address.family === family).map(rangeOf);
    ranges.sort((a, b) => compare(a.first, b.first) || compare(b.last, a.last));
    // Prefixes either nest or are apart, and the outer one of two sorts first.
    const outer: Range[] = [];
    for (const range of ranges) {
      const before = outer.at(-1);
      if (before === undefined || compare(before.last, range.first) < 0) outer.push(range);
    }
    return Uint32Array.from(outer.flatMap(({ first, last }) => [...first, ...last]));
  };
  return { ipv4: rangesOf(4), ipv6: rangesOf(6) };
}

export function prefixSetHas({ ipv4, ipv6 }: PrefixSet, { family, words }: IpAddress): boolean {
  const ranges = family === 4 ? ipv4 : ipv6;
  const width = words.length;
  let low = 0;
  let high = ranges.length / (2 * width);
  // The first range that ends at the address or after it.
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareAt(ranges, (2 * middle + 1) * width, words) < 0) low = middle + 1;
    else high = middle;
  }
  const at = 2 * low * width;
  return at < ranges.length && compareAt(ranges, at, words) <= 0;
}

export function isEmptySet({ ipv4, ipv6 }: PrefixSet): boolean {
  return ipv4.length === 0 && ipv6.length === 0;
}

function rangeOf({ address, length }: Prefix): Range {
  const first = [...address.words];
  return { first, last: first.map((word, i) => (word | ~maskWord(length - 32 * i)) >>> 0) };
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
  return 0;
}

function compareAt(words: Uint32Array, at: number, other: readonly number[]): number {
  for (let i = 0; i < other.length; i++) if (words[at + i] !== other[i]) return words[at + i]! < other[i]! ? -1 : 1;
  return 0;
}
