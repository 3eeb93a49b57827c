/** Ranges of bytes (RFC 9110 section 14): a single one is served, several at once are answered with the whole. */

export interface ByteRange {
  readonly from: number;
  /** Not part of it. */
  readonly to: number;
}

/**
 * @param header of the request
 * @param length of the whole, in bytes
 * @returns undefined: the header is to be ignored; `unsatisfiable`: it names nothing that exists (416)
 */
export function readByteRange(header: string | undefined, length: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const count = Math.min(Number(last), length);
    return count === 0 ? 'unsatisfiable' : { from: length - count, to: length };
  }
  const from = Number(first);
  if (last !== '' && Number(last) < from) return undefined;
  if (from >= length) return 'unsatisfiable';
  return { from, to: last === '' ? length : Math.min(Number(last) + 1, length) };
}
