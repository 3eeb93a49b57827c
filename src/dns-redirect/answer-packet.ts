/**
 * Builds answers: the client's question byte for byte, then records that point to it (so the owner name has the client's
 * spelling), then an OPT record if the client sent one. RFC 1035, RFC 2308 (NODATA), RFC 6891 (EDNS0). Redirected answers
 * are neither authoritative nor signed: a client that validates a signed name refuses them.
 */
import type { IpAddress } from '../domain/ip-address.js';
import type { Decision } from './decide.js';
import { DNS_HEADER_BYTES, EDNS_UDP_BYTES, PLAIN_UDP_BYTES } from './limits.js';
import type { Query } from './query-packet.js';
import { nameFromText } from './wire/domain-name.js';
import { addressData, soaData } from './wire/rdata-values.js';

const FLAG_RESPONSE = 0x8000;
const FLAG_TRUNCATED = 0x0200;
const FLAG_RECURSION_AVAILABLE = 0x0080;
/** Opcode, "recursion desired" and "checking disabled" are repeated from the query. */
const REPEATED_FLAGS = 0x7910;
const TYPE_A = 1;
const TYPE_SOA = 6;
const TYPE_AAAA = 28;
const TYPE_OPT = 41;
const CLASS_IN = 1;
/** A compression pointer to the question's name, which always follows the header. */
const POINTER_TO_QUESTION = 0xc000 | DNS_HEADER_BYTES;
/** RFC 6891 section 6.1.3: 16, whose upper bits travel in the OPT record. */
export const RCODE_BADVERS = 16;

/** For a packet that has a header but no readable question. */
export function errorWithoutQuestion(id: number, queryFlags: number, rcode: number): Buffer {
  return header(id, queryFlags, rcode, 0, 0, 0, 0);
}

/** The question with an error code. */
export function errorAnswer(query: Query, rcode: number): Buffer {
  return Buffer.concat([
    header(query.id, query.flags, rcode & 15, 1, 0, 0, query.edns ? 1 : 0),
    query.questionBytes,
    ...(query.edns ? [optRecord(query, rcode >>> 4)] : []),
  ]);
}

/**
 * An answer or NODATA. Records that exceed the client's UDP buffer are left out and the TC bit is set, so that the client
 * asks again over TCP.
 * @param maxBytes see {@link udpAnswerBytes}; 65,535 over TCP
 */
export function redirectedAnswer(
  query: Query,
  decision: Extract<Decision, { kind: 'answer' | 'nodata' }>,
  maxBytes: number,
): Buffer {
  const records =
    decision.kind === 'answer'
      ? decision.addresses.map((address) => addressRecord(address, decision.ttlSeconds))
      : [soaRecord(query, decision.zone, decision.serial, decision.ttlSeconds)];
  const opt = query.edns ? [optRecord(query, 0)] : [];
  const counts: [number, number] = decision.kind === 'answer' ? [records.length, 0] : [0, 1];
  const whole = Buffer.concat([
    header(query.id, query.flags, 0, 1, counts[0], counts[1], opt.length),
    query.questionBytes,
    ...records,
    ...opt,
  ]);
  return whole.length <= maxBytes ? whole : truncatedAnswer(query);
}

/** The question and the TC bit, without records. */
export function truncatedAnswer(query: Query): Buffer {
  const opt = query.edns ? [optRecord(query, 0)] : [];
  const packet = Buffer.concat([header(query.id, query.flags, 0, 1, 0, 0, opt.length), query.questionBytes, ...opt]);
  packet.writeUInt16BE(packet.readUInt16BE(2) | FLAG_TRUNCATED, 2);
  return packet;
}

/** The most bytes of an answer over UDP: the client's buffer, but never so many that the answer is fragmented. */
export function udpAnswerBytes(query: Query): number {
  return query.edns ? Math.min(query.edns.udpPayloadBytes, EDNS_UDP_BYTES) : PLAIN_UDP_BYTES;
}

function header(
  id: number,
  queryFlags: number,
  rcode: number,
  questions: number,
  answers: number,
  authorities: number,
  additionals: number,
): Buffer {
  const bytes = Buffer.alloc(DNS_HEADER_BYTES);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt16BE(FLAG_RESPONSE | FLAG_RECURSION_AVAILABLE | (queryFlags & REPEATED_FLAGS) | rcode, 2);
  bytes.writeUInt16BE(questions, 4);
  bytes.writeUInt16BE(answers, 6);
  bytes.writeUInt16BE(authorities, 8);
  bytes.writeUInt16BE(additionals, 10);
  return bytes;
}

function record(ownerPointer: number, type: number, ttlSeconds: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(ownerPointer, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(CLASS_IN, 4);
  head.writeUInt32BE(ttlSeconds, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function addressRecord(address: IpAddress, ttlSeconds: number): Buffer {
  const data = Buffer.from(addressData(address));
  return record(POINTER_TO_QUESTION, address.family === 4 ? TYPE_A : TYPE_AAAA, ttlSeconds, data);
}

/** The zone is the question's name or the tail of it (`www.` cut off), so a pointer into the question names it. */
function soaRecord(query: Query, zone: string, serial: number, ttlSeconds: number): Buffer {
  const owner = POINTER_TO_QUESTION + Math.max(0, (query.question.name ?? '').length - zone.length);
  const data = soaData({
    primary: nameFromText('alias-tracker.invalid'),
    mailbox: nameFromText('hostmaster.alias-tracker.invalid'),
    serial,
    // There are no secondaries, so refresh, retry and expire do not matter; the last bounds negative caching (RFC 2308 section 5).
    refresh: 3_600,
    retry: 600,
    expire: 86_400,
    minimum: ttlSeconds,
  });
  return record(owner, TYPE_SOA, ttlSeconds, Buffer.from(data));
}

function optRecord(query: Query, extendedRcode: number): Buffer {
  const bytes = Buffer.alloc(11);
  bytes.writeUInt16BE(TYPE_OPT, 1);
  bytes.writeUInt16BE(EDNS_UDP_BYTES, 3);
  bytes[5] = extendedRcode;
  bytes[7] = query.edns?.dnssecOk ? 0x80 : 0; // RFC 3225 section 3: the DO bit is repeated
  return bytes;
}
