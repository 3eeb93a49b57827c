/**
 * Parses the head of an HTTP/1.x request (RFC 9112) into offsets, without strings or allocation. Reads only what a
 * tracker needs: method, target, version, whether the connection stays open, whether a body follows, and the position
 * of `X-Forwarded-For`. Accepts a bare LF as line end (section 2.2), and bytes above 0x7f in the target, because some
 * clients do not escape an info-hash. Refuses spaces and control characters in the target, as nginx does.
 */
import { MAX_FORWARDED_FOR_LINES, parseHeaderLine } from './http-header-line.js';
import { viewOf } from './write-bytes.js';

/** Results of {@link parseHttpRequestHead}. */
export const HEAD_INCOMPLETE = 0;
export const HEAD_COMPLETE = 1;
export const HEAD_MALFORMED = 2;
export const HEAD_TOO_LARGE = 3;

export const METHOD_OTHER = 0;
export const METHOD_GET = 1;
export const METHOD_HEAD = 2;

const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const QUESTION = 0x3f;
const SLASH = 0x2f;
const COLON = 0x3a;
const HASH_SIGN = 0x23;
const FOUR_SPACES = 0x20202020;
const FOUR_TOP_BITS = 0x80808080 | 0;

/** Reused for every request; offsets are absolute in the parsed bytes. */
export class HttpRequestHead {
  method = METHOD_OTHER;
  /** 0 or 1 of HTTP/1.x. */
  minorVersion = 1;
  pathStart = 0;
  pathEnd = 0;
  /** After the question mark; equal to queryEnd if there is none. */
  queryStart = 0;
  queryEnd = 0;
  keepAlive = true;
  /** True if a body follows. Valid requests to a tracker have none. */
  hasBody = false;
  hasContentLength = false;
  hasTransferEncoding = false;
  hostLines = 0;
  /** Bytes up to and including the empty line, counted from the start passed in. */
  headBytes = 0;
  forwardedForLines = 0;
  readonly forwardedForStart = new Int32Array(MAX_FORWARDED_FOR_LINES);
  readonly forwardedForEnd = new Int32Array(MAX_FORWARDED_FOR_LINES);
}

const UNFINISHED = -1;
const CONTROL_CHARACTER = -2;

/**
 * Finds the line feed that ends the line at `from`, four bytes at a time: a byte below 0x20 borrows in the subtraction.
 * @returns {@link UNFINISHED}, or {@link CONTROL_CHARACTER} if the line has one: a bare CR (RFC 9112 section 2.2), NUL
 * …
 */
function lineFeed(bytes: Uint8Array, from: number, end: number): number {
  const view = viewOf(bytes);
  let at = from;
  for (;;) {
    for (; at + 4 <= end; at += 4) {
      const word = view.getInt32(at);
      if (((word - FOUR_SPACES) & ~word & FOUR_TOP_BITS) !== 0) break;
    }
    while (at < end && bytes[at]! >= SPACE) at++;
    if (at >= end) return UNFINISHED;
    const byte = bytes[at++]!;
    if (byte === CR) {
      if (at === end) return UNFINISHED;
      return bytes[at] === LF ? at : CONTROL_CHARACTER;
    }
    if (byte === LF) return at - 1;
    if (byte !== TAB) return CONTROL_CHARACTER;
  }
}

/**
 * @param maxBytes a longer head is {@link HEAD_TOO_LARGE}, complete or not
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
  // RFC 9112 section 2.2: ignore empty lines before the request line.
  while (at < end && (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] === LF && at + 1 < end))) at++;
  const lineEnd = lineFeed(bytes, at, end);
  if (lineEnd === UNFINISHED) return unfinished;
  if (lineEnd === CONTROL_CHARACTER) return HEAD_MALFORMED;
  if (!parseRequestLine(bytes, at, withoutCr(bytes, at, lineEnd), head)) return HEAD_MALFORMED;
  return parseHeaderLines(bytes, start, lineEnd + 1, length, maxBytes, head);
}

/**
 * The rest of {@link parseHttpRequestHead}, after `method`, `minorVersion` and the target.
 * @param from the offset after the request line
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
  head.hasContentLength = false;
  head.hasTransferEncoding = false;
  head.hostLines = 0;
  head.forwardedForLines = 0;
  let at = from;
  for (;;) {
    const next = lineFeed(bytes, at, end);
    if (next === UNFINISHED) return unfinished;
    if (next === CONTROL_CHARACTER) return HEAD_MALFORMED;
    const contentEnd = withoutCr(bytes, at, next);
    if (contentEnd === at) {
      head.headBytes = next + 1 - start;
      return HEAD_COMPLETE;
    }
    if (!parseHeaderLine(bytes, at, contentEnd, head)) return HEAD_MALFORMED;
    at = next + 1;
  }
}

function withoutCr(bytes: Uint8Array, start: number, end: number): number {
  return end > start && bytes[end - 1] === CR ? end - 1 : end;
}

/** `method SP target SP HTTP/1.x`. */
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
  while (at < versionStart && bytes[at]! > SPACE) at++;
  if (bytes[at] !== SPACE) return false;
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
  // A proxy that splits the line at another kind of space would see another request.
  for (let i = start; i < end; i++) if (bytes[i]! <= SPACE) return false;
  let at = start;
  if (at >= end) return false;
  if (bytes[at] !== SLASH) {
    while (at < end && bytes[at] !== COLON && bytes[at] !== SLASH && bytes[at] !== QUESTION) at++;
    if (at + 2 < end && bytes[at] === COLON && bytes[at + 1] === SLASH && bytes[at + 2] === SLASH) {
      at += 3;
      while (at < end && bytes[at] !== SLASH && bytes[at] !== QUESTION) at++;
    } else {
      // `*`, an authority, or malformed: a path that matches no call.
      at = start;
    }
  }
  head.pathStart = at;
  while (at < end && bytes[at] !== QUESTION) at++;
  head.pathEnd = at;
  head.queryStart = at < end ? at + 1 : at;
  // No conforming client sends a fragment; if one does, it means the part before it.
  let queryEnd = head.queryStart;
  while (queryEnd < end && bytes[queryEnd] !== HASH_SIGN) queryEnd++;
  head.queryEnd = queryEnd;
  return true;
}
