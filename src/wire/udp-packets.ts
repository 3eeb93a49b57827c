/**
 * The UDP tracker protocol (BEP 15): packet layouts, and the server's side. Decoders fill a record, encoders write into
 * the transport's buffer at an offset; neither allocates. Callers check lengths against the constants here. The
 * client's side, for tests and load, is in `udp-client-packets.ts`; trailing options are in `udp-options.ts`.
 */
import { type AnnounceFields, EVENT_NONE, EVENT_PAUSED, EVENT_STOPPED, NUM_WANT_UNSAID } from './announce-fields.js';
import { readInt32, readUint16, readUint32, writeUint32 } from './byte-order.js';

/** BEP 15: the magic 0x41727101980, split. */
export const PROTOCOL_ID_HIGH = 0x417;
export const PROTOCOL_ID_LOW = 0x27101980;

export const ACTION_CONNECT = 0;
export const ACTION_ANNOUNCE = 1;
export const ACTION_SCRAPE = 2;
export const ACTION_ERROR = 3;

/** Connection id (or protocol id), action, transaction id: the shortest request. */
export const UDP_REQUEST_HEAD_BYTES = 16;
export const CONNECT_RESPONSE_BYTES = 16;
/** BEP 15, announce; BEP 41 options follow. */
export const UDP_ANNOUNCE_REQUEST_BYTES = 98;
export const UDP_ANNOUNCE_RESPONSE_HEAD_BYTES = 20;
export const UDP_SCRAPE_RESPONSE_HEAD_BYTES = 8;
export const UDP_SCRAPE_ENTRY_BYTES = 12;
/** BEP 15: about 74 hashes fit in a packet. */
export const UDP_SCRAPE_MAX_HASHES = 74;

/** Offsets in every request. */
export const CONNECTION_ID_OFFSET = 0;
export const ACTION_OFFSET = 8;
export const TRANSACTION_ID_OFFSET = 12;
/** Offsets in an announce. */
export const ANNOUNCE_INFO_HASH_OFFSET = 16;
export const ANNOUNCE_PEER_ID_OFFSET = 36;
export const ANNOUNCE_IP_OFFSET = 84;

/** Above 3 only BEP 21's `paused` (4) has a meaning; other numbers count as no event. */
function eventFromNumber(number: number): number {
  return number <= EVENT_STOPPED || number === EVENT_PAUSED ? number : EVENT_NONE;
}

/** @param input at least {@link UDP_ANNOUNCE_REQUEST_BYTES} from `start`; the record keeps a reference to it */
export function decodeUdpAnnounce(input: Uint8Array, start: number, fields: AnnounceFields): void {
  fields.bytes = input;
  fields.infoHashOffset = start + ANNOUNCE_INFO_HASH_OFFSET;
  fields.peerIdOffset = start + ANNOUNCE_PEER_ID_OFFSET;
  fields.downloadedHigh = readUint32(input, start + 56);
  fields.downloadedLow = readUint32(input, start + 60);
  fields.leftHigh = readUint32(input, start + 64);
  fields.leftLow = readUint32(input, start + 68);
  fields.uploadedHigh = readUint32(input, start + 72);
  fields.uploadedLow = readUint32(input, start + 76);
  fields.seed = fields.leftHigh === 0 && fields.leftLow === 0;
  fields.event = eventFromNumber(readUint32(input, start + 80));
  fields.key = readUint32(input, start + 88);
  const wanted = readInt32(input, start + 92);
  fields.numWant = wanted < 0 ? NUM_WANT_UNSAID : wanted;
  fields.port = readUint16(input, start + 96);
}

/** Writes the first 8 bytes of every answer: the action, and the request's transaction id unchanged. */
export function writeUdpHead(out: Uint8Array, offset: number, action: number, input: Uint8Array, start: number): void {
  out[offset] = 0;
  out[offset + 1] = 0;
  out[offset + 2] = 0;
  out[offset + 3] = action;
  out[offset + 4] = input[start + TRANSACTION_ID_OFFSET]!;
  out[offset + 5] = input[start + TRANSACTION_ID_OFFSET + 1]!;
  out[offset + 6] = input[start + TRANSACTION_ID_OFFSET + 2]!;
  out[offset + 7] = input[start + TRANSACTION_ID_OFFSET + 3]!;
}

/** Writes the rest of an announce's fixed part; compact peers follow at {@link UDP_ANNOUNCE_RESPONSE_HEAD_BYTES}. */
export function writeUdpAnnounceCounts(
  out: Uint8Array,
  offset: number,
  intervalSeconds: number,
  leechers: number,
  seeders: number,
): void {
  writeUint32(out, offset + 8, intervalSeconds);
  writeUint32(out, offset + 12, leechers);
  writeUint32(out, offset + 16, seeders);
}

/** Writes the entry of one hash (BEP 15, scrape): seeders, completed, leechers. */
export function writeUdpScrapeEntry(
  out: Uint8Array,
  offset: number,
  seeders: number,
  completed: number,
  leechers: number,
): void {
  writeUint32(out, offset, seeders);
  writeUint32(out, offset + 4, completed);
  writeUint32(out, offset + 8, leechers);
}

/** @returns the length of the whole error answer (BEP 15, error) */
export function writeUdpError(
  out: Uint8Array,
  offset: number,
  input: Uint8Array,
  start: number,
  message: Uint8Array,
): number {
  writeUdpHead(out, offset, ACTION_ERROR, input, start);
  for (let i = 0; i < message.length; i++) out[offset + 8 + i] = message[i]!;
  return 8 + message.length;
}
