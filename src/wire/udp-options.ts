/**
 * Options after a UDP announce (BEP 41): a list of `type [length data]`. URLData carries the path and query of the
 * announce URL in pieces. Options cannot make an announce fail: an unknown option is skipped by its length, and one
 * that runs past the datagram ends the list.
 */

export const OPTION_END = 0;
export const OPTION_NOP = 1;
export const OPTION_URL_DATA = 2;

/**
 * Concatenates the URLData pieces between `start` and `end`.
 * @returns how many bytes were written to `out`; bytes that do not fit are dropped
 */
export function decodeUrlData(input: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let written = 0;
  let at = start;
  while (at < end) {
    const type = input[at]!;
    if (type === OPTION_END) break;
    if (type === OPTION_NOP) {
      at++;
      continue;
    }
    if (at + 1 >= end) break;
    const dataStart = at + 2;
    const dataEnd = dataStart + input[at + 1]!;
    if (dataEnd > end) break;
    if (type === OPTION_URL_DATA) {
      for (let i = dataStart; i < dataEnd && written < out.length; i++) out[written++] = input[i]!;
    }
    at = dataEnd;
  }
  return written;
}

/** URLData options for a path and query, in pieces of at most 255 bytes, with the end mark. */
export function encodeUrlData(pathAndQuery: Uint8Array): Uint8Array {
  const parts: number[] = [];
  for (let at = 0; at < pathAndQuery.length; at += 255) {
    const piece = pathAndQuery.subarray(at, at + 255);
    parts.push(OPTION_URL_DATA, piece.length, ...piece);
  }
  parts.push(OPTION_END);
  return Uint8Array.from(parts);
}
