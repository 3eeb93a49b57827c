/**
 * Reads data files about networks into memory, decompresses gzip, and iterates over lines. Errors name the file and the
 * line. Lines that start with `#` are comments, as in CAIDA's files. Empty lines are skipped.
 */
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { messageOf, OperatorError } from '../domain/errors.js';

/** Ten times the largest of these files today (prefix2as with both families, or as-rel serial-2). */
const MAX_FILE_BYTES = 512 * 1024 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const HASH = 0x23;

export interface DataFile {
  readonly path: string;
  readonly bytes: Buffer;
  /** Modification time of the file, which is the age of its data. */
  readonly modifiedAtMs: number;
}

/** @throws OperatorError if it cannot be read, is too large, or is a damaged gzip */
export async function readDataFile(path: string): Promise<DataFile> {
  try {
    const { mtimeMs, size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw new Error(`the file is larger than ${MAX_FILE_BYTES} bytes`);
    const raw = await readFile(path);
    const bytes =
      raw[0] === 0x1f && raw[1] === 0x8b ? await promisify(gunzip)(raw, { maxOutputLength: MAX_FILE_BYTES }) : raw;
    return { path, bytes, modifiedAtMs: mtimeMs };
  } catch (thrown) {
    throw new OperatorError(`cannot read ${path}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/**
 * Calls `each` with the bounds of every line that has data, without the line ending. `each` returns a description of what
 * is wrong with the line, or undefined.
 * @throws OperatorError `FILE:LINE: what is wrong`
 */
export function forEachDataLine(
  file: DataFile,
  each: (start: number, end: number, line: number) => string | undefined,
): void {
  const { bytes, path } = file;
  let line = 0;
  let start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (start < bytes.length) {
    line++;
    let next = bytes.indexOf(LINE_FEED, start);
    if (next < 0) next = bytes.length;
    const end = next > start && bytes[next - 1] === CARRIAGE_RETURN ? next - 1 : next;
    if (end > start && bytes[start] !== HASH) {
      const problem = each(start, end, line);
      if (problem !== undefined) throw new OperatorError(`${path}:${line}: ${problem}`);
    }
    start = next + 1;
  }
}

/** A quoted excerpt, at most 80 bytes, for an error message. */
export function excerpt(bytes: Buffer, start: number, end: number): string {
  return `"${bytes.toString('utf8', start, Math.min(end, start + 80))}"`;
}
