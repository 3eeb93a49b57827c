/**
 * The announce as nearly every client sends it, `GET /announce?… HTTP/1.1`, in one pass over its bytes: names are compared
 * where they stand and values decoded as they come. Whatever is unusual (another path or version, raw bytes that might end
 * the query, a mistake of any kind) is left to `http-request-head` and `announce-query`, which say what it means; what is
 * read here means the same there, and a property test holds the two together.
 */
import type { AnnounceFields } from './announce-fields.js';
import { type AnnounceQueryScratch, parseEvent, resetAnnounce } from './announce-query.js';
import { type HttpRequestHead, METHOD_GET } from './http-request-head.js';
import { parseKey, parseUint64 } from './query-values.js';
import { asciiBytes } from './write-bytes.js';

export const NOT_USUAL = -1;

const START = asciiBytes('GET /announce?');
const END = asciiBytes(' HTTP/1.1\r\n');
const INFO_HASH = asciiBytes('info_hash=');
const PEER_ID = asciiBytes('peer_id=');
const PORT = asciiBytes('port=');
const UPLOADED = asciiBytes('uploaded=');
const DOWNLOADED = asciiBytes('downloaded=');
const LEFT = asciiBytes('left=');
const EVENT = asciiBytes('event=');
const NUMWANT = asciiBytes('numwant=');
const COMPACT = asciiBytes('compact=');
const NO_PEER_ID = asciiBytes('no_peer_id=');
const KEY = asciiBytes('key=');
const IP = asciiBytes('ip=');

const PATH_START = 4;
const PATH_END = 13;
const ID_BYTES = 20;
const SPACE = 0x20;
const PERCENT = 0x25;
const AMPERSAND = 0x26;
const ZERO = 0x30;
const ONE = 0x31;
const EQUALS = 0x3d;
/** Decimal digits that surely fit a small integer. */
const MAX_SMALL_DIGITS = 9;

const HEX = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  HEX[digit.toString(16).charCodeAt(0)] = digit;
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

function startsWith(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}

/** The ampersand or blank behind a value, {@link NOT_USUAL} where something else might end it. */
function valueEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const byte = bytes[at]!;
    if (byte > AMPERSAND || byte === PERCENT) continue;
    return byte === AMPERSAND || byte === SPACE ? at : NOT_USUAL;
  }
  return NOT_USUAL;
}

function holdsEquals(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === EQUALS) return true;
  return false;
}

/** Decodes exactly 20 bytes to `out`. @returns the end of the value, or {@link NOT_USUAL} */
function decodeId(bytes: Uint8Array, from: number, end: number, out: Uint8Array, outStart: number): number {
  let at = from;
  for (let i = 0; i < ID_BYTES; i++) {
    // A whole request line follows any id that is not cut short.
    if (at + END.length > end) return NOT_USUAL;
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

/** Digits alone, few enough for a small integer. */
function smallNumber(bytes: Uint8Array, from: number, to: number): number {
  if (to === from || to - from > MAX_SMALL_DIGITS) return NOT_USUAL;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return NOT_USUAL;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Reads the request line and fills `head`, `fields` and `scratch` as the general readers would.
 * @returns where the header lines start, or {@link NOT_USUAL}: then the contents of the three mean nothing
 */
export function readUsualAnnounce(
  bytes: Uint8Array,
  start: number,
  end: number,
  head: HttpRequestHead,
  fields: AnnounceFields,
  scratch: AnnounceQueryScratch,
): number {
  if (end - start < START.length + END.length || !startsWith(bytes, start, START)) return NOT_USUAL;
  const ids = scratch.ids;
  const number = scratch.number;
  resetAnnounce(fields, scratch);
  let hasInfoHash = false;
  let hasPeerId = false;
  let at = start + START.length;
  for (;;) {
    let to: number;
    let known = true;
    const first = bytes[at]!;
    if (first === 0x69 && startsWith(bytes, at, INFO_HASH)) {
      if (hasInfoHash) return NOT_USUAL;
      hasInfoHash = true;
      to = decodeId(bytes, at + INFO_HASH.length, end, ids, 0);
    } else if (first === 0x70 && startsWith(bytes, at, PEER_ID)) {
      hasPeerId = true;
      to = decodeId(bytes, at + PEER_ID.length, end, ids, ID_BYTES);
    } else {
      to = valueEnd(bytes, at, end);
      if (to === NOT_USUAL) return NOT_USUAL;
      switch (first) {
        case 0x70:
          if (startsWith(bytes, at, PORT)) {
            fields.port = smallNumber(bytes, at + PORT.length, to);
            if (fields.port < 0 || fields.port > 65_535) return NOT_USUAL;
          } else known = false;
          break;
        case 0x75:
          if (startsWith(bytes, at, UPLOADED)) {
            const small = smallNumber(bytes, at + UPLOADED.length, to);
            fields.uploadedLow = small;
            if (small < 0) {
              parseUint64(bytes, at + UPLOADED.length, to, number);
              fields.uploadedHigh = number.high;
              fields.uploadedLow = number.low;
            } else fields.uploadedHigh = 0;
          } else known = false;
          break;
        case 0x64:
          if (startsWith(bytes, at, DOWNLOADED)) {
            const small = smallNumber(bytes, at + DOWNLOADED.length, to);
            fields.downloadedLow = small;
            if (small < 0) {
              parseUint64(bytes, at + DOWNLOADED.length, to, number);
              fields.downloadedHigh = number.high;
              fields.downloadedLow = number.low;
            } else fields.downloadedHigh = 0;
          } else known = false;
          break;
        case 0x6c:
          if (startsWith(bytes, at, LEFT)) {
            const small = smallNumber(bytes, at + LEFT.length, to);
            if (small >= 0) {
              fields.leftHigh = 0;
              fields.leftLow = small;
            } else if (parseUint64(bytes, at + LEFT.length, to, number)) {
              fields.leftHigh = number.high;
              fields.leftLow = number.low;
            }
          } else known = false;
          break;
        case 0x6e:
          if (startsWith(bytes, at, NUMWANT)) {
            fields.numWant = smallNumber(bytes, at + NUMWANT.length, to);
            if (fields.numWant < 0) return NOT_USUAL;
          } else if (startsWith(bytes, at, NO_PEER_ID)) {
            const from = at + NO_PEER_ID.length;
            scratch.noPeerId = to - from === 1 && bytes[from] === ONE;
          } else known = false;
          break;
        case 0x63:
          if (startsWith(bytes, at, COMPACT)) {
            const from = at + COMPACT.length;
            scratch.compact = !(to - from === 1 && bytes[from] === ZERO);
          } else known = false;
          break;
        case 0x6b:
          if (startsWith(bytes, at, KEY)) fields.key = parseKey(bytes, at + KEY.length, to);
          else known = false;
          break;
        case 0x65:
          if (startsWith(bytes, at, EVENT)) fields.event = parseEvent(bytes, at + EVENT.length, to);
          else known = false;
          break;
        case 0x69:
          if (startsWith(bytes, at, IP)) {
            scratch.ipStart = at + IP.length;
            scratch.ipEnd = to;
          } else known = false;
          break;
        default:
          known = false;
      }
      // A name alone has a meaning of its own, and is seldom meant.
      if (!known && !holdsEquals(bytes, at, to)) return NOT_USUAL;
    }
    if (to === NOT_USUAL) return NOT_USUAL;
    at = to;
    if (bytes[at] === SPACE) break;
    at++;
  }
  if (!hasInfoHash || !hasPeerId || at + END.length > end || !startsWith(bytes, at, END)) return NOT_USUAL;
  fields.seed = fields.leftHigh === 0 && fields.leftLow === 0;
  head.method = METHOD_GET;
  head.minorVersion = 1;
  head.pathStart = start + PATH_START;
  head.pathEnd = start + PATH_END;
  head.queryStart = start + START.length;
  head.queryEnd = at;
  return at + END.length;
}
