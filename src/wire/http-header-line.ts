/**
 * Parses one header line of a request (RFC 9112 section 5). Whatever this tracker and a proxy before it could read
 * differently is refused; otherwise the body of one request could be read as the next request. That covers white space
 * before the colon (5.1), folded lines (5.2), names that are not tokens, and lengths that contradict each other (6.3).
 */
import { viewOf } from './write-bytes.js';

/** At most this many `X-Forwarded-For` lines are read, the last ones, since the rightmost hop is the nearest. */
export const MAX_FORWARDED_FOR_LINES = 8;

/** What header lines say of a request: the part of its head that this module fills. */
export interface HeaderFields {
  readonly minorVersion: number;
  keepAlive: boolean;
  hasBody: boolean;
  hasContentLength: boolean;
  hasTransferEncoding: boolean;
  hostLines: number;
  forwardedForLines: number;
  readonly forwardedForStart: Int32Array;
  readonly forwardedForEnd: Int32Array;
}

const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const HOST = ascii('host');
const CONNECTION = ascii('connection');
const CONTENT_LENGTH = ascii('content-length');
const TRANSFER_ENCODING = ascii('transfer-encoding');
const X_FORWARDED_FOR = ascii('x-forwarded-for');
const CLOSE = ascii('close');
const KEEP_ALIVE = ascii('keep-alive');
const CHUNKED = ascii('chunked');

/** RFC 9110 section 5.6.2. */
const IS_TOKEN = new Uint8Array(256);
for (const byte of ascii("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) {
  IS_TOKEN[byte] = 1;
}

/** Four characters as {@link DataView.getInt32} reads them. */
function word(text: string): number {
  return viewOf(ascii(text)).getInt32(0);
}

/** Names that nearly every client sends, compared a word at a time; byte by byte would double the cost of parsing. */
const HOST_NAME = word('Host');
const USER = word('User');
const AGE = word('-Age');
const ENT = word('ent:');
const ACCE = word('Acce');
const EPT = word('ept:');
const PT_E = word('pt-E');
const NCOD = word('ncod');
const ING = word('ing:');
/** Lengths of `User-Agent:` and `Accept-Encoding:`. */
const USER_AGENT_BYTES = 11;
const ACCEPT_ENCODING_BYTES = 16;

/** True if the line names a usual field that this parser ignores, in its usual spelling. */
function isUsualField(view: DataView, start: number, length: number): boolean {
  if (length < USER_AGENT_BYTES) return false;
  const first = view.getInt32(start);
  if (first === USER) return view.getInt32(start + 4) === AGE && view.getInt32(start + 7) === ENT;
  if (first !== ACCE) return false;
  if (view.getInt32(start + 3) === EPT) return true;
  return (
    length >= ACCEPT_ENCODING_BYTES &&
    view.getInt32(start + 4) === PT_E &&
    view.getInt32(start + 8) === NCOD &&
    view.getInt32(start + 12) === ING
  );
}

/**
 * Fills `head` from the line [start, end), which holds no control characters except tabs.
 * @returns false if the whole request is malformed
 */
export function parseHeaderLine(bytes: Uint8Array, start: number, end: number, head: HeaderFields): boolean {
  const view = viewOf(bytes);
  if (isUsualField(view, start, end - start)) return true;
  if (end - start > HOST.length && view.getInt32(start) === HOST_NAME && bytes[start + HOST.length] === COLON) {
    head.hostLines++;
    return head.hostLines === 1;
  }
  let nameEnd = start;
  while (nameEnd < end && IS_TOKEN[bytes[nameEnd]!] === 1) nameEnd++;
  if (nameEnd === start || nameEnd === end || bytes[nameEnd] !== COLON) return false;
  const first = bytes[start]! | 0x20;
  // Only names that start with c, h, t or x matter; the first letter rules out User-Agent and Accept.
  if (first !== 0x63 && first !== 0x68 && first !== 0x74 && first !== 0x78) return true;
  if (equalsIgnoringCase(bytes, start, nameEnd, HOST)) {
    head.hostLines++;
    return head.hostLines === 1;
  }
  let valueStart = nameEnd + 1;
  while (valueStart < end && (bytes[valueStart] === SPACE || bytes[valueStart] === TAB)) valueStart++;
  let valueEnd = end;
  while (valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)) valueEnd--;

  if (equalsIgnoringCase(bytes, start, nameEnd, CONNECTION)) {
    parseConnection(bytes, valueStart, valueEnd, head);
  } else if (equalsIgnoringCase(bytes, start, nameEnd, CONTENT_LENGTH)) {
    return parseContentLength(bytes, valueStart, valueEnd, head);
  } else if (equalsIgnoringCase(bytes, start, nameEnd, TRANSFER_ENCODING)) {
    return parseTransferEncoding(bytes, valueStart, valueEnd, head);
  } else if (equalsIgnoringCase(bytes, start, nameEnd, X_FORWARDED_FOR)) {
    keepForwardedFor(valueStart, valueEnd, head);
  }
  return true;
}

/** @param name in lower case; letters of `bytes` may be in any case */
function equalsIgnoringCase(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    const wanted = name[i]!;
    const byte = bytes[start + i]!;
    if (byte !== wanted && (wanted < 0x61 || (byte | 0x20) !== wanted)) return false;
  }
  return true;
}

function parseConnection(bytes: Uint8Array, start: number, end: number, head: HeaderFields): void {
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

/** One number, once, and without a transfer coding: implementations disagree about everything else. */
function parseContentLength(bytes: Uint8Array, start: number, end: number, head: HeaderFields): boolean {
  if (head.hasContentLength || head.hasTransferEncoding || start === end) return false;
  head.hasContentLength = true;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < ZERO || byte > NINE) return false;
    if (byte !== ZERO) head.hasBody = true;
  }
  return true;
}

/** RFC 9112 section 6.1: HTTP/1.0 has no transfer codings, and only `chunked` delimits a request. */
function parseTransferEncoding(bytes: Uint8Array, start: number, end: number, head: HeaderFields): boolean {
  if (head.hasContentLength || head.hasTransferEncoding || head.minorVersion === 0) return false;
  head.hasTransferEncoding = true;
  head.hasBody = true;
  return equalsIgnoringCase(bytes, start, end, CHUNKED);
}

function keepForwardedFor(start: number, end: number, head: HeaderFields): void {
  if (head.forwardedForLines === MAX_FORWARDED_FOR_LINES) {
    head.forwardedForStart.copyWithin(0, 1);
    head.forwardedForEnd.copyWithin(0, 1);
    head.forwardedForLines--;
  }
  head.forwardedForStart[head.forwardedForLines] = start;
  head.forwardedForEnd[head.forwardedForLines] = end;
  head.forwardedForLines++;
}
