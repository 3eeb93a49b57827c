/**
 * Parses the query of an HTTP announce (BEP 3, 7, 21, 23) into the record that UDP fills too. Unknown parameters are
 * skipped. The last of repeated parameters counts, except `info_hash`: two of them are an error that the client must
 * see.
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
import {
  PARAMETER_COMPACT,
  PARAMETER_DOWNLOADED,
  PARAMETER_EVENT,
  PARAMETER_INFO_HASH,
  PARAMETER_IP,
  PARAMETER_KEY,
  PARAMETER_LEFT,
  PARAMETER_NO_PEER_ID,
  PARAMETER_NUMWANT,
  PARAMETER_PEER_ID,
  PARAMETER_PORT,
  PARAMETER_UPLOADED,
  QueryParameters,
} from './query-parameters.js';
import { decodeQueryBytes, parseCount, parseKey, parseUint64, Uint64 } from './query-values.js';

/** Results of {@link parseAnnounceQuery}. */
export const QUERY_FINE = 0;
export const QUERY_NO_INFO_HASH = 1;
export const QUERY_BAD_INFO_HASH = 2;
export const QUERY_TWO_INFO_HASHES = 3;
export const QUERY_BAD_PEER_ID = 4;
export const QUERY_BAD_PORT = 5;

/** Fields that only HTTP has, and buffers for the decoded hash and id. Each listener owns one and reuses it. */
export class AnnounceQueryScratch {
  /** Info-hash in the first 20 bytes, peer id in the next. */
  readonly ids = new Uint8Array(40);
  /** False: `compact=0`. */
  compact = true;
  noPeerId = false;
  /** Range of the value of `ip`, still encoded; empty if there is none. */
  ipStart = 0;
  ipEnd = 0;
  readonly number = new Uint64();
  readonly parameters = new QueryParameters();
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const STARTED = ascii('started');
const STOPPED = ascii('stopped');
const COMPLETED = ascii('completed');
const PAUSED = ascii('paused');

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

/** Sets the defaults of an empty query. */
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
  // A client without `left` counts as a leecher.
  fields.leftHigh = 0;
  fields.leftLow = 1;
  scratch.compact = true;
  scratch.noPeerId = false;
  scratch.ipStart = 0;
  scratch.ipEnd = 0;
}

/**
 * @param fields its `bytes` is set to the scratch's ids
 * @returns one of the `QUERY_` constants; the fields are complete only with {@link QUERY_FINE}
 */
export function parseAnnounceQuery(
  bytes: Uint8Array,
  start: number,
  end: number,
  fields: AnnounceFields,
  scratch: AnnounceQueryScratch,
): number {
  resetAnnounce(fields, scratch);
  const { number, parameters } = scratch;
  let infoHashBytes = -1;
  let peerIdBytes = -1;
  let portFine = true;

  parameters.begin(bytes, start, end);
  while (parameters.next()) {
    const { value, valueStart, valueEnd } = parameters;
    switch (parameters.name) {
      case PARAMETER_INFO_HASH:
        if (infoHashBytes >= 0) return QUERY_TWO_INFO_HASHES;
        infoHashBytes = decodeQueryBytes(bytes, valueStart, valueEnd, scratch.ids, 0, 20);
        break;
      case PARAMETER_PEER_ID:
        peerIdBytes = decodeQueryBytes(bytes, valueStart, valueEnd, scratch.ids, 20, 20);
        break;
      case PARAMETER_PORT: {
        const port = parseCount(value, valueStart, valueEnd);
        portFine = port >= 0 && port <= 65_535;
        fields.port = portFine ? port : 0;
        break;
      }
      case PARAMETER_UPLOADED:
        parseUint64(value, valueStart, valueEnd, number);
        fields.uploadedHigh = number.high;
        fields.uploadedLow = number.low;
        break;
      case PARAMETER_DOWNLOADED:
        parseUint64(value, valueStart, valueEnd, number);
        fields.downloadedHigh = number.high;
        fields.downloadedLow = number.low;
        break;
      case PARAMETER_LEFT:
        if (parseUint64(value, valueStart, valueEnd, number)) {
          fields.leftHigh = number.high;
          fields.leftLow = number.low;
        }
        break;
      case PARAMETER_EVENT:
        fields.event = parseEvent(value, valueStart, valueEnd);
        break;
      case PARAMETER_NUMWANT:
        fields.numWant = parseCount(value, valueStart, valueEnd);
        break;
      case PARAMETER_COMPACT:
        scratch.compact = !(valueEnd - valueStart === 1 && value[valueStart] === ZERO);
        break;
      case PARAMETER_NO_PEER_ID:
        scratch.noPeerId = valueEnd - valueStart === 1 && value[valueStart] === ONE;
        break;
      case PARAMETER_KEY:
        fields.key = parseKey(value, valueStart, valueEnd);
        break;
      case PARAMETER_IP:
        scratch.ipStart = valueStart;
        scratch.ipEnd = valueEnd;
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
