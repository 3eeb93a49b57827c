/**
 * Parses the announce that nearly every client sends, `GET /announce?… HTTP/1.1`, in one pass: names are compared in
 * place and values decoded as they are reached. Anything unusual (another path or version, raw bytes that might end the
 * query, an escape in a name or a number, any error) is left to `http-request-head` and `announce-query`, which define
 * its meaning. A property test shows that both parsers agree on everything read here.
 */
import type { AnnounceFields } from './announce-fields.js';
import { type AnnounceQueryScratch, parseEvent, resetAnnounce } from './announce-query.js';
import { type HttpRequestHead, METHOD_GET } from './http-request-head.js';
import { parseKey, parseUint64, type Uint64 } from './query-values.js';
import { asciiBytes, viewOf } from './write-bytes.js';

export const NOT_USUAL = -1;

/** Four characters as {@link DataView.getInt32} reads them: names are compared a word at a time. */
function word(text: string): number {
  return viewOf(asciiBytes(text)).getInt32(0);
}

/** `GET /announce?`; the last word overlaps the one before. */
const GET = word('GET ');
const ANN = word('/ann');
const OUNC = word('ounc');
const NCE = word('nce?');
const START_BYTES = 14;
/** ` HTTP/1.1` and the end of the line. */
const HTT = word(' HTT');
const P_1 = word('P/1.');
const POINT_1 = word('.1\r\n');
const END_BYTES = 11;

const INFO = word('info');
const HAS = word('_has');
const ASH = word('ash=');
const PEER = word('peer');
const ID = word('_id=');
const PORT = word('port');
const UPLO = word('uplo');
const ADED = word('aded');
const DOWN = word('down');
const LOAD = word('load');
const DED = word('ded=');
const LEFT = word('left');
const EVEN = word('even');
const ENT = word('ent=');
const NUMW = word('numw');
const ANT = word('ant=');
const COMP = word('comp');
const ACT = word('act=');
const NO_P = word('no_p');
const EER = word('eer_');
const KEY = word('key=');
const IP = word('ip=\0');
const THREE_BYTES = 0xffffff00 | 0;

const PATH_START = 4;
const PATH_END = 13;
const ID_BYTES = 20;
const SPACE = 0x20;
const PERCENT = 0x25;
const AMPERSAND = 0x26;
const ZERO = 0x30;
const ONE = 0x31;
const EQUALS = 0x3d;
const QUESTION = 0x3f;
/** Decimal digits that always fit a small integer. */
const MAX_SMALL_DIGITS = 9;

const HEX = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  HEX[digit.toString(16).charCodeAt(0)] = digit;
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** The ampersand or space after a value; {@link NOT_USUAL} if it is escaped or something else might end it. */
function valueEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const byte = bytes[at]!;
    if (byte > AMPERSAND && byte !== QUESTION) continue;
    return byte === AMPERSAND || byte === SPACE ? at : NOT_USUAL;
  }
  return NOT_USUAL;
}

/**
 * Like {@link valueEnd}, from the name of a parameter that is ignored. A name without a value is left to the general
 * parser, and so is an escaped name, which may be a known one.
 */
function unknownEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at]! > AMPERSAND && bytes[at] !== EQUALS && bytes[at] !== QUESTION) at++;
  if (at === end || bytes[at] !== EQUALS) return NOT_USUAL;
  for (at++; at < end; at++) {
    const byte = bytes[at]!;
    if ((byte > AMPERSAND && byte !== QUESTION) || byte === PERCENT) continue;
    return byte === AMPERSAND || byte === SPACE ? at : NOT_USUAL;
  }
  return NOT_USUAL;
}

/** Decodes exactly 20 bytes to `out`. @returns the end of the value, or {@link NOT_USUAL} */
function decodeId(bytes: Uint8Array, from: number, end: number, out: Uint8Array, outStart: number): number {
  let at = from;
  for (let i = 0; i < ID_BYTES; i++) {
    // A complete request line follows any id that is not truncated.
    if (at + END_BYTES > end) return NOT_USUAL;
    let byte = bytes[at]!;
    if (byte === PERCENT) {
      const high = HEX[bytes[at + 1]!]!;
      const low = HEX[bytes[at + 2]!]!;
      if ((high | low) < 0) return NOT_USUAL;
      byte = (high << 4) | low;
      at += 3;
    } else if (byte > AMPERSAND) at++;
    else return NOT_USUAL;
    out[outStart + i] = byte;
  }
  return bytes[at] === AMPERSAND || bytes[at] === SPACE ? at : NOT_USUAL;
}

/** The offset at which {@link smallNumber} stopped. */
let numberEnd = 0;

/** @returns a number that fits a small integer and ends at an ampersand or space; else {@link NOT_USUAL} */
function smallNumber(bytes: Uint8Array, from: number, end: number): number {
  let value = 0;
  let at = from;
  for (const last = Math.min(from + MAX_SMALL_DIGITS, end); at < last; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  numberEnd = at;
  return at > from && (bytes[at] === AMPERSAND || bytes[at] === SPACE) ? value : NOT_USUAL;
}

/**
 * Reads the request line and fills `head`, `fields` and `scratch` as the general parsers would.
 * @returns where the header lines start, or {@link NOT_USUAL}: then the contents of the three are undefined
 */
export function readUsualAnnounce(
  bytes: Uint8Array,
  start: number,
  end: number,
  head: HttpRequestHead,
  fields: AnnounceFields,
  scratch: AnnounceQueryScratch,
): number {
  if (end - start < START_BYTES + END_BYTES) return NOT_USUAL;
  const view = viewOf(bytes);
  if (
    view.getInt32(start) !== GET ||
    view.getInt32(start + 4) !== ANN ||
    view.getInt32(start + 8) !== OUNC ||
    view.getInt32(start + 10) !== NCE
  ) {
    return NOT_USUAL;
  }
  resetAnnounce(fields, scratch);
  let hasInfoHash = false;
  let hasPeerId = false;
  let at = start + START_BYTES;
  for (;;) {
    // The end of the line follows any parameter that is not truncated, and no name is longer.
    if (at + END_BYTES > end) return NOT_USUAL;
    let to = NOT_USUAL;
    let known = false;
    const name = view.getInt32(at);
    const next = view.getInt32(at + 4);
    if (name === INFO) {
      if (next === HAS && view.getInt32(at + 6) === ASH) {
        if (hasInfoHash) return NOT_USUAL;
        hasInfoHash = true;
        known = true;
        to = decodeId(bytes, at + 10, end, scratch.ids, 0);
      }
    } else if (name === PEER) {
      if (next === ID) {
        hasPeerId = true;
        known = true;
        to = decodeId(bytes, at + 8, end, scratch.ids, ID_BYTES);
      }
    } else if (name === PORT) {
      if (bytes[at + 4] === EQUALS) {
        known = true;
        fields.port = smallNumber(bytes, at + 5, end);
        if (fields.port <= 65_535) to = fields.port < 0 ? NOT_USUAL : numberEnd;
      }
    } else if (name === UPLO) {
      if (next === ADED && bytes[at + 8] === EQUALS) {
        known = true;
        fields.uploadedHigh = 0;
        fields.uploadedLow = smallNumber(bytes, at + 9, end);
        to = numberEnd;
        if (fields.uploadedLow < 0) {
          const { number } = scratch;
          to = largeNumberEnd(bytes, at + 9, end, number);
          fields.uploadedHigh = number.high;
          fields.uploadedLow = number.low;
        }
      }
    } else if (name === DOWN) {
      if (next === LOAD && view.getInt32(at + 7) === DED) {
        known = true;
        fields.downloadedHigh = 0;
        fields.downloadedLow = smallNumber(bytes, at + 11, end);
        to = numberEnd;
        if (fields.downloadedLow < 0) {
          const { number } = scratch;
          to = largeNumberEnd(bytes, at + 11, end, number);
          fields.downloadedHigh = number.high;
          fields.downloadedLow = number.low;
        }
      }
    } else if (name === LEFT) {
      if (bytes[at + 4] === EQUALS) {
        known = true;
        const left = smallNumber(bytes, at + 5, end);
        to = numberEnd;
        if (left >= 0) {
          fields.leftHigh = 0;
          fields.leftLow = left;
        } else {
          to = valueEnd(bytes, at + 5, end);
          const { number } = scratch;
          if (to !== NOT_USUAL && parseUint64(bytes, at + 5, to, number)) {
            fields.leftHigh = number.high;
            fields.leftLow = number.low;
          }
        }
      }
    } else if (name === NUMW) {
      if (next === ANT) {
        known = true;
        fields.numWant = smallNumber(bytes, at + 8, end);
        if (fields.numWant >= 0) to = numberEnd;
      }
    } else if (name === COMP) {
      if (next === ACT) {
        known = true;
        to = valueEnd(bytes, at + 8, end);
        scratch.compact = !(to === at + 9 && bytes[at + 8] === ZERO);
      }
    } else if (name === NO_P) {
      if (next === EER && view.getInt32(at + 7) === ID) {
        known = true;
        to = valueEnd(bytes, at + 11, end);
        scratch.noPeerId = to === at + 12 && bytes[at + 11] === ONE;
      }
    } else if (name === KEY) {
      known = true;
      to = valueEnd(bytes, at + 4, end);
      if (to !== NOT_USUAL) fields.key = parseKey(bytes, at + 4, to);
    } else if (name === EVEN) {
      if (view.getInt32(at + 2) === ENT) {
        known = true;
        to = valueEnd(bytes, at + 6, end);
        if (to !== NOT_USUAL) fields.event = parseEvent(bytes, at + 6, to);
      }
    } else if ((name & THREE_BYTES) === IP) {
      known = true;
      to = valueEnd(bytes, at + 3, end);
      scratch.ipStart = at + 3;
      scratch.ipEnd = to;
    }
    if (!known) to = unknownEnd(bytes, at, end);
    if (to === NOT_USUAL) return NOT_USUAL;
    at = to;
    if (bytes[at] === SPACE) break;
    at++;
  }
  if (!hasInfoHash || !hasPeerId || at + END_BYTES > end) return NOT_USUAL;
  if (view.getInt32(at) !== HTT || view.getInt32(at + 4) !== P_1 || view.getInt32(at + 7) !== POINT_1) return NOT_USUAL;
  fields.seed = fields.leftHigh === 0 && fields.leftLow === 0;
  head.method = METHOD_GET;
  head.minorVersion = 1;
  head.pathStart = start + PATH_START;
  head.pathEnd = start + PATH_END;
  head.queryStart = start + START_BYTES;
  head.queryEnd = at;
  return at + END_BYTES;
}

/** A number of any length, 0 if it is invalid. @returns its end, or {@link NOT_USUAL} */
function largeNumberEnd(bytes: Uint8Array, from: number, end: number, number: Uint64): number {
  const to = valueEnd(bytes, from, end);
  if (to !== NOT_USUAL) parseUint64(bytes, from, to, number);
  return to;
}
