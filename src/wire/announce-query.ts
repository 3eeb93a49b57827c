/**
 * The query of an HTTP announce (BEP 3, 7, 21, 23) into the same record that UDP fills. Unknown parameters are skipped; of
 * a repeated one the last counts, except `info_hash`, where two are a mistake that must be told.
 */
import {
  type AnnounceFields,
  EVENT_COMPLETED,
  EVENT_NONE,
  EVENT_PAUSED,
  EVENT_STARTED,
  EVENT_STOPPED,
  NUM_WANT_UNSAID,
} from './announce-fields.js';
import { decodeQueryBytes, parseCount, parseKey, parseUint64, Uint64 } from './query-values.js';

/** What may be wrong with an announce's query. */
export const QUERY_FINE = 0;
export const QUERY_NO_INFO_HASH = 1;
export const QUERY_BAD_INFO_HASH = 2;
export const QUERY_TWO_INFO_HASHES = 3;
export const QUERY_BAD_PEER_ID = 4;
export const QUERY_BAD_PORT = 5;

/** What only HTTP can ask for, and room for the decoded hash and id; owned once by a listener and filled again. */
export class AnnounceQueryScratch {
  /** Info-hash in the first 20 bytes, peer id in the next. */
  readonly ids = new Uint8Array(40);
  /** False: `compact=0`. */
  compact = true;
  noPeerId = false;
  /** Where the value of `ip` stands, still encoded; equal where there is none. */
  ipStart = 0;
  ipEnd = 0;
  readonly number = new Uint64();
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const INFO_HASH = ascii('info_hash');
const PEER_ID = ascii('peer_id');
const PORT = ascii('port');
const UPLOADED = ascii('uploaded');
const DOWNLOADED = ascii('downloaded');
const LEFT = ascii('left');
const EVENT = ascii('event');
const NUMWANT = ascii('numwant');
const COMPACT = ascii('compact');
const NO_PEER_ID = ascii('no_peer_id');
const KEY = ascii('key');
const IP = ascii('ip');
const STARTED = ascii('started');
const STOPPED = ascii('stopped');
const COMPLETED = ascii('completed');
const PAUSED = ascii('paused');

const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const ONE = 0x31;
const ZERO = 0x30;

function same(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word[i]) return false;
  return true;
}

/** BEP 3 and 21; unknown and empty alike mean no event. */
export function parseEvent(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return EVENT_NONE;
  if (same(bytes, start, end, STARTED)) return EVENT_STARTED;
  if (same(bytes, start, end, STOPPED)) return EVENT_STOPPED;
  if (same(bytes, start, end, COMPLETED)) return EVENT_COMPLETED;
  if (same(bytes, start, end, PAUSED)) return EVENT_PAUSED;
  return EVENT_NONE;
}

/** What an announce says that says nothing. */
export function resetAnnounce(fields: AnnounceFields, scratch: AnnounceQueryScratch): void {
  fields.bytes = scratch.ids;
  fields.infoHashOffset = 0;
  fields.peerIdOffset = 20;
  fields.port = 0;
  fields.seed = false;
  fields.event = EVENT_NONE;
  fields.numWant = NUM_WANT_UNSAID;
  fields.key = 0;
  fields.uploadedHigh = 0;
  fields.uploadedLow = 0;
  fields.downloadedHigh = 0;
  fields.downloadedLow = 0;
  // A missing `left` is a leecher's.
  fields.leftHigh = 0;
  fields.leftLow = 1;
  scratch.compact = true;
  scratch.noPeerId = false;
  scratch.ipStart = 0;
  scratch.ipEnd = 0;
}

/**
 * @param fields its `bytes` are set to the scratch's ids
 * @returns one of the `QUERY_` constants; the fields are whole only with {@link QUERY_FINE}
 */
export function parseAnnounceQuery(
  bytes: Uint8Array,
  start: number,
  end: number,
  fields: AnnounceFields,
  scratch: AnnounceQueryScratch,
): number {
  resetAnnounce(fields, scratch);
  const number = scratch.number;
  let infoHashBytes = -1;
  let peerIdBytes = -1;
  let portFine = true;

  let at = start;
  while (at < end) {
    const nameStart = at;
    while (at < end && bytes[at] !== EQUALS && bytes[at] !== AMPERSAND) at++;
    const nameEnd = at;
    let valueStart = at;
    if (at < end && bytes[at] === EQUALS) {
      valueStart = ++at;
      while (at < end && bytes[at] !== AMPERSAND) at++;
    }
    const valueEnd = at;
    at++;

    // The length of the name picks the few it can be.
    switch (nameEnd - nameStart) {
      case 2:
        if (same(bytes, nameStart, nameEnd, IP)) {
          scratch.ipStart = valueStart;
          scratch.ipEnd = valueEnd;
        }
        break;
      case 3:
        if (same(bytes, nameStart, nameEnd, KEY)) fields.key = parseKey(bytes, valueStart, valueEnd);
        break;
      case 4:
        if (same(bytes, nameStart, nameEnd, PORT)) {
          const port = parseCount(bytes, valueStart, valueEnd);
          portFine = port >= 0 && port <= 65_535;
          fields.port = portFine ? port : 0;
        } else if (same(bytes, nameStart, nameEnd, LEFT)) {
          if (parseUint64(bytes, valueStart, valueEnd, number)) {
            fields.leftHigh = number.high;
            fields.leftLow = number.low;
          }
        }
        break;
      case 5:
        if (same(bytes, nameStart, nameEnd, EVENT)) fields.event = parseEvent(bytes, valueStart, valueEnd);
        break;
      case 7:
        if (same(bytes, nameStart, nameEnd, PEER_ID)) {
          peerIdBytes = decodeQueryBytes(bytes, valueStart, valueEnd, scratch.ids, 20, 20);
        } else if (same(bytes, nameStart, nameEnd, NUMWANT)) {
          fields.numWant = parseCount(bytes, valueStart, valueEnd);
        } else if (same(bytes, nameStart, nameEnd, COMPACT)) {
          scratch.compact = !(valueEnd - valueStart === 1 && bytes[valueStart] === ZERO);
        }
        break;
      case 8:
        if (same(bytes, nameStart, nameEnd, UPLOADED)) {
          parseUint64(bytes, valueStart, valueEnd, number);
          fields.uploadedHigh = number.high;
          fields.uploadedLow = number.low;
        }
        break;
      case 9:
        if (same(bytes, nameStart, nameEnd, INFO_HASH)) {
          if (infoHashBytes >= 0) return QUERY_TWO_INFO_HASHES;
          infoHashBytes = decodeQueryBytes(bytes, valueStart, valueEnd, scratch.ids, 0, 20);
        }
        break;
      case 10:
        if (same(bytes, nameStart, nameEnd, DOWNLOADED)) {
          parseUint64(bytes, valueStart, valueEnd, number);
          fields.downloadedHigh = number.high;
          fields.downloadedLow = number.low;
        } else if (same(bytes, nameStart, nameEnd, NO_PEER_ID)) {
          scratch.noPeerId = valueEnd - valueStart === 1 && bytes[valueStart] === ONE;
        }
        break;
      default:
    }
  }
  if (infoHashBytes < 0) return QUERY_NO_INFO_HASH;
  if (infoHashBytes !== 20) return QUERY_BAD_INFO_HASH;
  if (peerIdBytes !== 20) return QUERY_BAD_PEER_ID;
  if (!portFine) return QUERY_BAD_PORT;
  fields.seed = fields.leftHigh === 0 && fields.leftLow === 0;
  return QUERY_FINE;
}
