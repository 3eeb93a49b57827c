/**
 * Removes the compression of an answer that is rewritten, and applies one again. The compressor is small, because
 * thousands of slow readers may have one each, and it sends what it has after each chunk, so that pages grow as they do at
 * the original.
 */
import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  type BrotliOptions,
  brotliDecompress,
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createGunzip,
  createGzip,
  createInflate,
  createInflateRaw,
  gunzip,
  inflate,
  inflateRaw,
  type ZlibOptions,
} from 'node:zlib';

export type Coding = 'gzip' | 'deflate' | 'br';

/** 32 kB of window and 32 kB of tables, where the defaults take 256 kB. */
const GZIP: ZlibOptions = { level: 4, windowBits: 13, memLevel: 6, flush: constants.Z_SYNC_FLUSH };
const BROTLI: BrotliOptions = {
  flush: constants.BROTLI_OPERATION_FLUSH,
  params: { [constants.BROTLI_PARAM_QUALITY]: 3, [constants.BROTLI_PARAM_LGWIN]: 15 },
};

/** @returns `none` for plain bytes; undefined for a coding, or several, that stay as they are */
export function codingOf(contentEncoding: string | undefined): Coding | 'none' | undefined {
  switch (contentEncoding?.trim().toLowerCase() ?? '') {
    case '':
    case 'identity':
      return 'none';
    case 'gzip':
    case 'x-gzip':
      return 'gzip';
    case 'deflate':
      return 'deflate';
    case 'br':
      return 'br';
    default:
      return undefined;
  }
}

/** @param first byte of the body */
export function decoderFor(coding: Coding, first: number): Transform {
  if (coding === 'gzip') return createGunzip();
  if (coding === 'br') return createBrotliDecompress();
  return hasZlibHeader(first) ? createInflate() : createInflateRaw();
}

const DECODERS = {
  gzip: promisify(gunzip),
  br: promisify(brotliDecompress),
  deflate: promisify(inflate),
  'raw deflate': promisify(inflateRaw),
};

/** @returns undefined for bytes that are not of this coding, or become more than `maxBytes` */
export async function decoded(bytes: Buffer, coding: Coding | 'none', maxBytes: number): Promise<Buffer | undefined> {
  if (coding === 'none') return bytes;
  const decode = DECODERS[coding === 'deflate' && !hasZlibHeader(bytes[0]) ? 'raw deflate' : coding];
  return decode(bytes, { maxOutputLength: maxBytes }).catch(() => undefined);
}

/** RFC 1950 section 2.2. Servers disagree on whether `deflate` has this header. */
function hasZlibHeader(first: number | undefined): boolean {
  return first !== undefined && (first & 0x0f) === 8;
}

/** The reader accepts both: it was the reader's list that the original has chosen from. */
export function encodingAgain(coding: Coding): 'gzip' | 'br' {
  return coding === 'br' ? 'br' : 'gzip';
}

export function encoderFor(coding: 'gzip' | 'br'): Transform {
  return coding === 'br' ? createBrotliCompress(BROTLI) : createGzip(GZIP);
}
