/**
 * Values in a query string, read from bytes. `%xx` and raw bytes may be mixed, `+` is a plus (info-hashes are bytes,
 * not form text), and decimal numbers saturate and do not wrap. Nothing allocates; two-part results are written to a
 * record.
 */

const PERCENT = 0x25;

/** @returns 0 … 15, or −1 */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * Decodes [start, end) into `out`. A `%` without two hex digits is literal, as clients that send raw bytes intend.
 * @returns the decoded length, which may exceed `max`; only the first `max` bytes are written
 */
export function decodeQueryBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outStart: number,
  max: number,
): number {
  let count = 0;
  let at = start;
  while (at < end) {
    let byte = bytes[at++]!;
    if (byte === PERCENT && at + 1 < end) {
      const high = hexDigit(bytes[at]!);
      const low = hexDigit(bytes[at + 1]!);
      if (high >= 0 && low >= 0) {
        byte = (high << 4) | low;
        at += 2;
      }
    }
    if (count < max) out[outStart + count] = byte;
    count++;
  }
  return count;
}

/** An unsigned 64-bit number in two halves. */
export class Uint64 {
  high = 0;
  low = 0;
}

const TWO_TO_32 = 0x1_0000_0000;
const TWO_TO_64 = TWO_TO_32 * TWO_TO_32;

/**
 * Decimal digits as a 64-bit number; above 2^53 the low bits are rounded, above 2^64 it saturates. A minus sign or
 * anything else that is not a number counts as the largest value: `left` matters only as zero or not zero.
 * @returns false if the range is empty
 */
export function parseUint64(bytes: Uint8Array, start: number, end: number, into: Uint64): boolean {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) {
      value = TWO_TO_64;
      break;
    }
    value = value * 10 + digit;
  }
  if (value >= TWO_TO_64) {
    into.high = 0xffffffff;
    into.low = 0xffffffff;
  } else {
    into.high = Math.floor(value / TWO_TO_32);
    into.low = value - into.high * TWO_TO_32;
  }
  return end > start;
}

/** @returns the number, capped at 2^31 − 1; −1 if it is negative or invalid */
export function parseCount(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = Math.min(value * 10 + digit, 0x7fffffff);
  }
  return value;
}

/**
 * The `key` of a client. Up to eight hex digits are read as a number, so that the same client is recognised over UDP;
 * any other text is hashed to 32 bits (FNV-1a).
 */
export function parseKey(bytes: Uint8Array, start: number, end: number): number {
  if (end - start <= 8) {
    let number = 0;
    let at = start;
    for (; at < end; at++) {
      const digit = hexDigit(bytes[at]!);
      if (digit < 0) break;
      number = (number << 4) | digit;
    }
    if (at === end) return number >>> 0;
  }
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash >>> 0;
}
