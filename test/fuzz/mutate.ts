/** Changes bytes at random: flips, cuts, repeats, splices, words of the format, other numbers in the place of numbers. */
import type { Random } from '../../src/domain/random.js';
import { bytesOf, pick } from './fuzz-target.js';

/** Bytes at which readers of text and of binary formats change their mind. */
const TELLING_BYTES = [0, 1, 0x0a, 0x0d, 0x20, 0x22, 0x25, 0x26, 0x2f, 0x30, 0x3a, 0x3c, 0x7f, 0x80, 0xc0, 0xff];
/** Numbers at the edges of what fields hold. */
const TELLING_NUMBERS = [
  '-1',
  '0',
  '1',
  '00',
  '255',
  '256',
  '65535',
  '65536',
  '2147483648',
  '4294967295',
  '4294967296',
  '9007199254740993',
  '18446744073709551616',
  '1e309',
  '-0',
  '0x10',
  '9'.repeat(30),
];
/** Half of all inputs are changed once: with more changes most are refused at the first look. */
const MAX_FURTHER_CHANGES = 5;
const MAX_REPEATED_BYTES = 60;
const MAX_INSERTED_BYTES = 200;
/** One change in this many inserts thousands of bytes: long inputs find limits, and cost time. */
const LONG_INSERT_IN = 400;
const MAX_LONG_INSERT_BYTES = 9_000;

export interface MutateOptions {
  readonly words: readonly Uint8Array[];
  readonly maxBytes: number;
  /** Another input of the same kind, to splice with. */
  readonly other: () => Uint8Array;
}

export function mutate(random: Random, bytes: Uint8Array, options: MutateOptions): Uint8Array {
  let out: Uint8Array = bytes.slice();
  for (let more = random.below(2) * random.below(MAX_FURTHER_CHANGES); more >= 0; more--)
    out = changeOnce(random, out, options);
  return out.slice(0, options.maxBytes);
}

function changeOnce(random: Random, bytes: Uint8Array, options: MutateOptions): Uint8Array {
  const at = random.below(bytes.length + 1);
  switch (random.below(12)) {
    case 0:
      return setByte(bytes, at, (bytes[at] ?? 0) ^ (1 << random.below(8)));
    case 1:
      return setByte(bytes, at, random.below(256));
    case 2:
      return setByte(bytes, at, pick(random, TELLING_BYTES));
    case 3:
      return bytes.slice(0, at);
    case 4:
      return bytes.slice(at);
    case 5: {
      const to = Math.min(bytes.length, at + random.below(MAX_REPEATED_BYTES));
      return random.below(2) === 0
        ? concat(bytes.slice(0, to), bytes.slice(at))
        : concat(bytes.slice(0, at), bytes.slice(to));
    }
    case 6: {
      const other = options.other();
      return concat(bytes.slice(0, at), other.slice(random.below(other.length + 1)));
    }
    case 7:
      return bytes.slice().fill(pick(random, TELLING_BYTES), at, at + random.below(20));
    case 8: {
      const long = random.below(LONG_INSERT_IN) === 0;
      const length = random.below(long ? MAX_LONG_INSERT_BYTES : MAX_INSERTED_BYTES);
      return concat(bytes.slice(0, at), new Uint8Array(length).fill(random.below(256)), bytes.slice(at));
    }
    case 9:
      return replaceNumber(random, bytes, at);
    case 10: {
      // A number of one to four bytes in network order, as lengths and counts are.
      const width = 1 + random.below(4);
      const value = pick(random, [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0xffffffff]);
      const out = bytes.slice();
      for (let i = 0; i < width && at + i < out.length; i++) out[at + i] = (value >>> (8 * (width - 1 - i))) & 0xff;
      return out;
    }
    default: {
      if (options.words.length === 0) return bytes;
      const word = pick(random, options.words);
      const over = random.below(2) === 0 ? word.length : 0;
      return concat(bytes.slice(0, at), word, bytes.slice(at + over));
    }
  }
}

function setByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  if (at < bytes.length) bytes[at] = value;
  return bytes;
}

/** Puts a telling number where the next run of decimal digits stands. */
function replaceNumber(random: Random, bytes: Uint8Array, from: number): Uint8Array {
  const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;
  let start = from;
  while (start < bytes.length && !isDigit(bytes[start])) start++;
  let end = start;
  while (isDigit(bytes[end])) end++;
  if (start === end) return bytes;
  return concat(bytes.slice(0, start), bytesOf(pick(random, TELLING_NUMBERS)), bytes.slice(end));
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
