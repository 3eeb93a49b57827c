/**
 * The head of an HTTP/1.x request (RFC 9112) as offsets into the bytes it came in: no strings, no allocation. Reads what a
 * tracker needs and no more: method, target, version, whether the connection stays open, the length of a body to refuse,
 * and where `X-Forwarded-For` stands. Tolerates a bare LF as line end and an info-hash sent as raw bytes in the target.
 */
import { viewOf } from './write-bytes.js';

/** How {@link parseHttpRequestHead} ended. */
export const HEAD_INCOMPLETE = 0;
export const HEAD_COMPLETE = 1;
export const HEAD_MALFORMED = 2;
export const HEAD_TOO_LARGE = 3;

export const METHOD_OTHER = 0;
export const METHOD_GET = 1;
export const METHOD_HEAD = 2;

/** More `X-Forwarded-For` lines than this are not read; the last ones count, since the rightmost hop is the nearest. */
export const MAX_FORWARDED_FOR_LINES = 8;

const LF = 0x0a;
const FOUR_LF = 0x0a0a0a0a;
const FOUR_ONES = 0x01010101;
const FOUR_TOP_BITS = 0x80808080 | 0;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
const QUESTION = 0x3f;
const SLASH = 0x2f;
const COLON = 0x3a;
const COMMA = 0x2c;
const HASH_SIGN = 0x23;

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const CONNECTION = ascii('connection');
const CONTENT_LENGTH = ascii('content-length');
const TRANSFER_ENCODING = ascii('transfer-encoding');
const X_FORWARDED_FOR = ascii('x-forwarded-for');
const CLOSE = ascii('close');
const KEEP_ALIVE = ascii('keep-alive');

/** Filled again for every request; offsets are absolute in the bytes that were parsed. */
export class HttpRequestHead {
  method = METHOD_OTHER;
  /** 0 or 1 of HTTP/1.x. */
  minorVersion = 1;
  pathStart = 0;
  pathEnd = 0;
  /** Behind the question mark; equal to queryEnd where there is none. */
  queryStart = 0;
  queryEnd = 0;
  keepAlive = true;
  /** True where a body follows, which no request to a tracker has. */
  hasBody = false;
  /** Bytes up to and with the empty line, counted from the start that was given. */
  headBytes = 0;
  forwardedForLines = 0;
  readonly forwardedForStart = new Int32Array(MAX_FORWARDED_FOR_LINES);
  readonly forwardedForEnd = new Int32Array(MAX_FORWARDED_FOR_LINES);
}

/** `name` in lower case; letters of `bytes` may be in any case. */
function equalsIgnoringCase(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    const wanted = name[i]!;
    const byte = bytes[start + i]!;
    if (byte !== wanted && (wanted < 0x61 || (byte | 0x20) !== wanted)) return false;
  }
  return true;
}

/** Four bytes at a time: a word that holds a line feed has a zero byte after the exclusive or. */
function lineFeed(bytes: Uint8Array, from: number, end: number): number {
  const view = viewOf(bytes);
  let i = from;
  for (; i + 4 <= end; i += 4) {
    const word = view.getInt32(i) ^ FOUR_LF;
    if (((word - FOUR_ONES) & ~word & FOUR_TOP_BITS) !== 0) break;
  }
  for (; i < end; i++) if (bytes[i] === LF) return i;
  return -1;
}

/**
 * @param maxBytes a head longer than this is {@link HEAD_TOO_LARGE}, ended or not
 * @returns one of the `HEAD_` constants; the record is complete only with {@link HEAD_COMPLETE}
 */
export function parseHttpRequestHead(
  bytes: Uint8Array,
  start: number,
  length: number,
  maxBytes: number,
  head: HttpRequestHead,
): number {
  const end = start + Math.min(length, maxBytes);
  const unfinished = length >= maxBytes ? HEAD_TOO_LARGE : HEAD_INCOMPLETE;
  let at = start;
  // RFC 9112 section 2.2: empty lines before the request line are to be ignored.
  while (at < end && (bytes[at] === CR || bytes[at] === LF)) at++;
  const lineEnd = lineFeed(bytes, at, end);
  if (lineEnd < 0) return unfinished;
  if (!parseRequestLine(bytes, at, withoutCr(bytes, at, lineEnd), head)) return HEAD_MALFORMED;
  return parseHeaderLines(bytes, start, lineEnd + 1, length, maxBytes, head);
}

/**
 * The rest of {@link parseHttpRequestHead}, where `method`, `minorVersion` and the target are read already.
 * @param from behind the request line
 */
export function parseHeaderLines(
  bytes: Uint8Array,
  start: number,
  from: number,
  length: number,
  maxBytes: number,
  head: HttpRequestHead,
): number {
  const end = start + Math.min(length, maxBytes);
  const unfinished = length >= maxBytes ? HEAD_TOO_LARGE : HEAD_INCOMPLETE;
  head.keepAlive = head.minorVersion === 1;
  head.hasBody = false;
  head.forwardedForLines = 0;
  let at = from;
  for (;;) {
    const next = lineFeed(bytes, at, end);
    if (next < 0) return unfinished;
    const contentEnd = withoutCr(bytes, at, next);
    if (contentEnd === at) {
      head.headBytes = next + 1 - start;
      return HEAD_COMPLETE;
    }
    parseHeaderLine(bytes, at, contentEnd, head);
    at = next + 1;
  }
}

function withoutCr(bytes: Uint8Array, start: number, end: number): number {
  return end > start && bytes[end - 1] === CR ? end - 1 : end;
}

/** `method SP target SP HTTP/1.x`, the version taken from the end so that a raw info-hash may hold a space. */
function parseRequestLine(bytes: Uint8Array, start: number, end: number, head: HttpRequestHead): boolean {
  const versionStart = end - 8;
  if (versionStart - 1 <= start || bytes[versionStart - 1] !== SPACE) return false;
  if (
    bytes[versionStart] !== 0x48 ||
    bytes[versionStart + 1] !== 0x54 ||
    bytes[versionStart + 2] !== 0x54 ||
    bytes[versionStart + 3] !== 0x50 ||
    bytes[versionStart + 4] !== SLASH ||
    bytes[versionStart + 5] !== 0x31 ||
    bytes[versionStart + 6] !== 0x2e
  ) {
    return false;
  }
  const minor = bytes[versionStart + 7]! - 0x30;
  if (minor < 0 || minor > 9) return false;
  head.minorVersion = minor === 0 ? 0 : 1;

  let at = start;
  while (at < versionStart && bytes[at] !== SPACE) at++;
  const methodEnd = at;
  if (methodEnd === start || methodEnd >= versionStart - 1) return false;
  head.method = methodFrom(bytes, start, methodEnd);
  at++;
  return parseTarget(bytes, at, versionStart - 1, head);
}

function methodFrom(bytes: Uint8Array, start: number, end: number): number {
  if (end - start === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54) {
    return METHOD_GET;
  }
  if (
    end - start === 4 &&
    bytes[start] === 0x48 &&
    bytes[start + 1] === 0x45 &&
    bytes[start + 2] === 0x41 &&
    bytes[start + 3] === 0x44
  ) {
    return METHOD_HEAD;
  }
  return METHOD_OTHER;
}

/** Origin form `/path?query`, or absolute form `http://host/path?query` (RFC 9112 section 3.2). */
function parseTarget(bytes: Uint8Array, start: number, end: number, head: HttpRequestHead): boolean {
  let at = start;
  if (at >= end) return false;
  if (bytes[at] !== SLASH) {
    while (at < end && bytes[at] !== COLON && bytes[at] !== SLASH && bytes[at] !== QUESTION) at++;
    if (at + 2 < end && bytes[at] === COLON && bytes[at + 1] === SLASH && bytes[at + 2] === SLASH) {
      at += 3;
      while (at < end && bytes[at] !== SLASH && bytes[at] !== QUESTION) at++;
    } else {
      // `*`, an authority, or nonsense: a path that nothing is served under.
      at = start;
    }
  }
  head.pathStart = at;
  while (at < end && bytes[at] !== QUESTION) at++;
  head.pathEnd = at;
  head.queryStart = at < end ? at + 1 : at;
  // A fragment is never sent by the book; a client that does means the part before it.
  let queryEnd = head.queryStart;
  while (queryEnd < end && bytes[queryEnd] !== HASH_SIGN) queryEnd++;
  head.queryEnd = queryEnd;
  return true;
}

function parseHeaderLine(bytes: Uint8Array, start: number, end: number, head: HttpRequestHead): void {
  const first = bytes[start]! | 0x20;
  // Only names that start with c, t or x matter; Host, User-Agent and Accept are passed by on their first letter.
  if (first !== 0x63 && first !== 0x74 && first !== 0x78) return;
  let nameEnd = start;
  while (nameEnd < end && bytes[nameEnd] !== COLON) nameEnd++;
  if (nameEnd === end) return;
  let valueStart = nameEnd + 1;
  while (valueStart < end && (bytes[valueStart] === SPACE || bytes[valueStart] === TAB)) valueStart++;
  let valueEnd = end;
  while (valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)) valueEnd--;

  if (equalsIgnoringCase(bytes, start, nameEnd, CONNECTION)) {
    parseConnection(bytes, valueStart, valueEnd, head);
  } else if (equalsIgnoringCase(bytes, start, nameEnd, CONTENT_LENGTH)) {
    head.hasBody ||= !(valueEnd - valueStart === 1 && bytes[valueStart] === 0x30);
  } else if (equalsIgnoringCase(bytes, start, nameEnd, TRANSFER_ENCODING)) {
    head.hasBody = true;
  } else if (equalsIgnoringCase(bytes, start, nameEnd, X_FORWARDED_FOR)) {
    keepForwardedFor(valueStart, valueEnd, head);
  }
}

function parseConnection(bytes: Uint8Array, start: number, end: number, head: HttpRequestHead): void {
  let at = start;
  while (at < end) {
    while (at < end && (bytes[at] === SPACE || bytes[at] === COMMA || bytes[at] === TAB)) at++;
    const tokenStart = at;
    while (at < end && bytes[at] !== COMMA && bytes[at] !== SPACE && bytes[at] !== TAB) at++;
    if (equalsIgnoringCase(bytes, tokenStart, at, CLOSE)) {
      head.keepAlive = false;
      return;
    }
    if (equalsIgnoringCase(bytes, tokenStart, at, KEEP_ALIVE)) head.keepAlive = true;
  }
}

function keepForwardedFor(start: number, end: number, head: HttpRequestHead): void {
  if (head.forwardedForLines === MAX_FORWARDED_FOR_LINES) {
    head.forwardedForStart.copyWithin(0, 1);
    head.forwardedForEnd.copyWithin(0, 1);
    head.forwardedForLines--;
  }
  head.forwardedForStart[head.forwardedForLines] = start;
  head.forwardedForEnd[head.forwardedForLines] = end;
  head.forwardedForLines++;
}
