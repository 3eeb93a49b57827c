/**
 * Reads one query from untrusted bytes, strictly, and never allocates what the bytes claim. It keeps the bytes of the
 * question, so that an answer repeats the client's spelling (the random case of draft-vixie-dnsext-dns0x20) and names that
 * are not text. RFC 1035 section 4, RFC 6891 (EDNS0).
 */
import { DNS_HEADER_BYTES, MAX_NAME_BYTES, MAX_QUERY_BYTES, MAX_QUERY_RECORDS, PLAIN_UDP_BYTES } from './limits.js';
import { type EdnsOption, readOptions } from './wire/edns-options.js';

export const OPCODE_QUERY = 0;
const TYPE_OPT = 41;
const FLAG_RESPONSE = 0x8000;

export interface Edns {
  readonly version: number;
  /** The client's UDP buffer in bytes, at least 512. */
  readonly udpPayloadBytes: number;
  readonly dnssecOk: boolean;
  readonly options: readonly EdnsOption[];
}

export interface Question {
  /** As sent: labels joined by dots, no dot at the end; `undefined` if a label has bytes that host names do not have. */
  readonly name: string | undefined;
  readonly type: number;
  readonly class: number;
}

export interface Query {
  readonly id: number;
  /** The header's second word as sent. */
  readonly flags: number;
  readonly question: Question;
  /** The question section byte for byte. */
  readonly questionBytes: Buffer;
  readonly edns: Edns | undefined;
  /** The whole packet, for forwarding. */
  readonly packet: Buffer;
}

/** A packet is a query, or is answered with an error code, or is dropped. */
export type Reading =
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'error'; readonly rcode: number; readonly id: number; readonly flags: number }
  | { readonly kind: 'drop' };

export const RCODE_FORMERR = 1;
export const RCODE_SERVFAIL = 2;
export const RCODE_NOTIMP = 4;
export const RCODE_REFUSED = 5;

/** Never throws. Drops responses and packets shorter than a header: two servers could answer each other without end. */
export function readQuery(packet: Buffer): Reading {
  if (packet.length < DNS_HEADER_BYTES) return { kind: 'drop' };
  const id = packet.readUInt16BE(0);
  const flags = packet.readUInt16BE(2);
  if ((flags & FLAG_RESPONSE) !== 0) return { kind: 'drop' };
  if (((flags >>> 11) & 15) !== OPCODE_QUERY) return { kind: 'error', rcode: RCODE_NOTIMP, id, flags };
  const malformed: Reading = { kind: 'error', rcode: RCODE_FORMERR, id, flags };
  if (packet.length > MAX_QUERY_BYTES || packet.readUInt16BE(4) !== 1) return malformed;
  const records = packet.readUInt16BE(6) + packet.readUInt16BE(8) + packet.readUInt16BE(10);
  if (records > MAX_QUERY_RECORDS) return malformed;

  const nameEnd = endOfName(packet, DNS_HEADER_BYTES, false);
  if (nameEnd < 0 || nameEnd + 4 > packet.length) return malformed;
  const questionEnd = nameEnd + 4;
  const rest = readRecords(packet, questionEnd, records);
  if (rest === undefined) return malformed;
  return {
    kind: 'query',
    query: {
      id,
      flags,
      question: {
        name: hostName(packet, DNS_HEADER_BYTES),
        type: packet.readUInt16BE(nameEnd),
        class: packet.readUInt16BE(nameEnd + 2),
      },
      questionBytes: packet.subarray(DNS_HEADER_BYTES, questionEnd),
      edns: rest.edns,
      packet,
    },
  };
}

/** Reads the records after the question; `undefined` if they do not fill the packet exactly, or there are two OPT. */
function readRecords(packet: Buffer, start: number, count: number): { edns: Edns | undefined } | undefined {
  let offset = start;
  let edns: Edns | undefined;
  for (let i = 0; i < count; i++) {
    const end = endOfName(packet, offset, true);
    if (end < 0 || end + 10 > packet.length) return undefined;
    if (packet.readUInt16BE(end) === TYPE_OPT) {
      if (edns !== undefined || packet[offset] !== 0) return undefined; // RFC 6891 section 6.1.1
      const options = optionsOf(packet, end + 10, packet.readUInt16BE(end + 8));
      if (options === undefined) return undefined;
      edns = {
        options,
        udpPayloadBytes: Math.max(PLAIN_UDP_BYTES, packet.readUInt16BE(end + 2)),
        version: packet[end + 5]!,
        dnssecOk: (packet[end + 6]! & 0x80) !== 0,
      };
    }
    offset = end + 10 + packet.readUInt16BE(end + 8);
    if (offset > packet.length) return undefined;
  }
  return offset === packet.length ? { edns } : undefined;
}

function optionsOf(packet: Buffer, start: number, length: number): EdnsOption[] | undefined {
  if (start + length > packet.length) return undefined;
  try {
    return readOptions(packet.subarray(start, start + length));
  } catch {
    return undefined;
  }
}

/** The offset after a name, or -1. A pointer ends the name and is not followed, so pointers cannot make a loop. */
function endOfName(packet: Buffer, start: number, pointerAllowed: boolean): number {
  let offset = start;
  while (offset < packet.length) {
    const length = packet[offset]!;
    if (length === 0) return offset + 1 - start <= MAX_NAME_BYTES ? offset + 1 : -1;
    if (length >= 0xc0) return pointerAllowed && offset + 2 <= packet.length ? offset + 2 : -1;
    if (length >= 0x40) return -1;
    offset += length + 1;
    if (offset - start >= MAX_NAME_BYTES) return -1;
  }
  return -1;
}

/** The text of a well-formed name of host-name bytes (and `_`, `*`), in its case; the root is the empty string. */
function hostName(packet: Buffer, start: number): string | undefined {
  const labels: string[] = [];
  for (let offset = start; packet[offset] !== 0; offset += packet[offset]! + 1) {
    const label = packet.toString('latin1', offset + 1, offset + 1 + packet[offset]!);
    if (!/^[\w*-]+$/.test(label)) return undefined;
    labels.push(label);
  }
  return labels.join('.');
}
