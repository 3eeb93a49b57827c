/**
 * An answer without the parts that differ between queries: id, flags, question and OPT record. The writer copies the question
 * in the client's spelling, then the records, and subtracts the age of the records from their times to live. RFC 1035, RFC 6891.
 */
import type { RemoteAddress } from '../transport/transport.js';
import { EDNS_UDP_BYTES, PROVEN_UDP_BYTES, TCP_IDLE_TIMEOUT_MS } from './limits.js';
import type { ServerCookies } from './serve/server-cookies.js';
import {
  DNS_HEADER_BYTES,
  EDE_STALE_ANSWER,
  FLAG_AUTHENTIC_DATA,
  FLAG_CHECKING_DISABLED,
  FLAG_RECURSION_AVAILABLE,
  FLAG_RECURSION_DESIRED,
  FLAG_RESPONSE,
  FLAG_TRUNCATED,
  OPTION_COOKIE,
  OPTION_EXTENDED_ERROR,
  OPTION_TCP_KEEPALIVE,
  TYPE_OPT,
} from './wire/dns-codes.js';
import type { DnsMessage, DnsRecord } from './wire/dns-message.js';
import type { DnsQuery } from './wire/dns-query.js';
import { MessageWriter } from './wire/message-writer.js';

export interface AnswerTemplate {
  /** It may have more than four bits: the OPT record carries the upper ones (RFC 6891 section 6.1.3). */
  readonly rcode: number;
  /** An upstream resolver has validated it: the AD bit, for clients that ask for it. */
  readonly authentic: boolean;
  readonly answers: number;
  readonly authorities: number;
  readonly additionals: number;
  /** The records. Their compression pointers are valid after a header and the question's name, in any spelling. */
  readonly records: Uint8Array;
  /** Where in `records` there are times to live that shrink with age. */
  readonly agingTtls: readonly number[];
  /** An extended error of RFC 8914, or {@link NO_EXTENDED_ERROR}. */
  readonly extendedError: number;
}

/** How an answer reaches its client. */
export interface AnswerLimits {
  readonly maxBytes: number;
  /** Over TCP, a client that asks for it gets the idle timeout of the connection (RFC 7828). */
  readonly overTcp: boolean;
}

export const NO_EXTENDED_ERROR = -1;
/** Age of records that have expired and are served because no upstream resolver answers (RFC 8767). */
export const STALE = -1;
/** RFC 8767 section 4 recommends 30 seconds. */
const STALE_TTL_SECONDS = 30;
const REPEATED_FLAGS = 0x7800 | FLAG_RECURSION_DESIRED | FLAG_CHECKING_DISABLED;
const COOKIE_BYTES = 24;
const NO_RECORDS = new Uint8Array(0);

/** An answer without records. */
export function emptyTemplate(rcode: number, extendedError = NO_EXTENDED_ERROR): AnswerTemplate {
  const counts = { answers: 0, authorities: 0, additionals: 0 };
  return { rcode, authentic: false, ...counts, records: NO_RECORDS, agingTtls: [], extendedError };
}

/**
 * @param message has one question; OPT records are left out
 * @param ownTtl the records whose time to live does not shrink, because they are made here
 */
export function templateOf(
  message: DnsMessage,
  extendedError = NO_EXTENDED_ERROR,
  ownTtl: (record: DnsRecord) => boolean = () => false,
): AnswerTemplate {
  const writer = new MessageWriter(0, 0);
  for (const question of message.questions) writer.question(question);
  const start = writer.length;
  const aging: number[] = [];
  const write = (section: 'answer' | 'authority' | 'additional', records: readonly DnsRecord[]): number => {
    let count = 0;
    for (const record of records) {
      if (record.type === TYPE_OPT) continue;
      writer.record(section, record);
      if (!ownTtl(record)) aging.push(writer.ttlOffsets.at(-1)! - start);
      count++;
    }
    return count;
  };
  const answers = write('answer', message.answers);
  const authorities = write('authority', message.authorities);
  const additionals = write('additional', message.additionals);
  return {
    rcode: message.flags & 0x0f,
    authentic: (message.flags & FLAG_AUTHENTIC_DATA) !== 0,
    answers,
    authorities,
    additionals,
    records: Uint8Array.from(writer.finish().subarray(start)),
    agingTtls: aging,
    extendedError,
  };
}

/** Writes answers to one transport's clients. */
export class AnswerWriter {
  readonly #cookies: ServerCookies;

  constructor(cookies: ServerCookies) {
    this.#cookies = cookies;
  }

  /** Whether the query has a server cookie of ours, so that its address is not forged (RFC 9018). */
  isProven(query: DnsQuery, client: RemoteAddress): boolean {
    return query.cookieBytes > 0 && this.#cookies.isProven(query, client);
  }

  /** For bytes without a readable question. @returns its length */
  writeHeaderOnly(query: DnsQuery, rcode: number, output: Uint8Array, at: number): number {
    putHeader(query, rcode, output, at);
    output[at + 5] = 0;
    return DNS_HEADER_BYTES;
  }

  /**
   * @param ageSeconds of the template's records; {@link STALE} if they have expired
   * @param limits a longer answer is replaced by one with the TC bit and no records
   * @returns its length
   */
  write(
    query: DnsQuery,
    client: RemoteAddress,
    template: AnswerTemplate,
    ageSeconds: number,
    limits: AnswerLimits,
    output: Uint8Array,
    at: number,
  ): number {
    const questionBytes = query.questionEnd - query.start - DNS_HEADER_BYTES;
    const recordsAt = at + DNS_HEADER_BYTES + questionBytes;
    const extendedError = ageSeconds === STALE ? EDE_STALE_ANSWER : template.extendedError;
    const hasKeepalive = limits.overTcp && query.wantsKeepalive;
    const optBytes = query.hasEdns ? optLength(query, extendedError, hasKeepalive) : 0;
    const wholeBytes = DNS_HEADER_BYTES + questionBytes + template.records.length + optBytes;
    const fits = wholeBytes <= limits.maxBytes && at + wholeBytes <= output.length;
    putHeader(query, template.rcode & 0x0f, output, at);
    if (template.authentic && (query.dnssecOk || (query.flags & FLAG_AUTHENTIC_DATA) !== 0)) {
      output[at + 3]! |= FLAG_AUTHENTIC_DATA; // RFC 6840 section 5.8
    }
    copyBytes(query.bytes, query.start + DNS_HEADER_BYTES, questionBytes, output, at + DNS_HEADER_BYTES);
    let end = recordsAt;
    if (fits) {
      output[at + 6] = template.answers >>> 8;
      output[at + 7] = template.answers;
      output[at + 8] = template.authorities >>> 8;
      output[at + 9] = template.authorities;
      output[at + 10] = template.additionals >>> 8;
      output[at + 11] = template.additionals;
      copyBytes(template.records, 0, template.records.length, output, recordsAt);
      if (ageSeconds !== 0) for (const offset of template.agingTtls) age(output, recordsAt + offset, ageSeconds);
      end += template.records.length;
    } else {
      output[at + 2]! |= FLAG_TRUNCATED >>> 8;
    }
    if (optBytes > 0) {
      this.#putOpt(query, client, template.rcode, extendedError, hasKeepalive, output, end);
      const additionals = (fits ? template.additionals : 0) + 1;
      output[at + 10] = additionals >>> 8;
      output[at + 11] = additionals;
      end += optBytes;
    }
    return end - at;
  }

  /** An OPT record belongs to one hop: no option of the client or an upstream resolver is repeated (RFC 6891 section 6.1.1). */
  #putOpt(
    query: DnsQuery,
    client: RemoteAddress,
    rcode: number,
    extendedError: number,
    hasKeepalive: boolean,
    output: Uint8Array,
    start: number,
  ): void {
    output[start] = 0;
    putWord(output, start + 1, TYPE_OPT);
    putWord(output, start + 3, EDNS_UDP_BYTES);
    output[start + 5] = rcode >>> 4;
    output[start + 6] = 0;
    output[start + 7] = query.dnssecOk ? 0x80 : 0; // RFC 3225 section 3: the DO bit is repeated
    output[start + 8] = 0;
    let at = start + 11;
    if (query.cookieBytes > 0) {
      putWord(output, at, OPTION_COOKIE);
      putWord(output, at + 2, COOKIE_BYTES);
      this.#cookies.put(query, client, output, at + 4);
      at += 4 + COOKIE_BYTES;
    }
    if (extendedError !== NO_EXTENDED_ERROR) {
      putWord(output, at, OPTION_EXTENDED_ERROR);
      putWord(output, at + 2, 2);
      putWord(output, at + 4, extendedError);
      at += 6;
    }
    if (hasKeepalive) {
      putWord(output, at, OPTION_TCP_KEEPALIVE);
      putWord(output, at + 2, 2);
      putWord(output, at + 4, TCP_IDLE_TIMEOUT_MS / 100);
      at += 6;
    }
    putWord(output, start + 9, at - start - 11);
  }
}

/**
 * The maximum length of an answer over UDP. It is the client's buffer size, limited to what one datagram carries without
 * fragments. If the address may be forged, the limit is lower.
 */
export function udpAnswerBytes({ udpBytes, isProven }: DnsQuery): number {
  return Math.min(udpBytes, isProven ? PROVEN_UDP_BYTES : EDNS_UDP_BYTES);
}

function optLength(query: DnsQuery, extendedError: number, hasKeepalive: boolean): number {
  let bytes = 11;
  if (query.cookieBytes > 0) bytes += 4 + COOKIE_BYTES;
  if (extendedError !== NO_EXTENDED_ERROR) bytes += 6;
  if (hasKeepalive) bytes += 6;
  return bytes;
}

function putHeader(query: DnsQuery, rcode: number, output: Uint8Array, at: number): void {
  putWord(output, at, query.id);
  putWord(output, at + 2, FLAG_RESPONSE | FLAG_RECURSION_AVAILABLE | (query.flags & REPEATED_FLAGS) | rcode);
  output[at + 4] = 0;
  output[at + 5] = 1;
  for (let i = 6; i < DNS_HEADER_BYTES; i++) output[at + i] = 0;
}

function putWord(output: Uint8Array, at: number, value: number): void {
  output[at] = value >>> 8;
  output[at + 1] = value;
}

/** A loop for the few bytes of a usual question or answer: a call of `set` costs more. */
function copyBytes(from: Uint8Array, start: number, count: number, to: Uint8Array, at: number): void {
  if (count > 64) {
    to.set(start === 0 && count === from.length ? from : from.subarray(start, start + count), at);
    return;
  }
  for (let i = 0; i < count; i++) to[at + i] = from[start + i]!;
}

function age(output: Uint8Array, at: number, seconds: number): void {
  const ttl = ((output[at]! << 24) | (output[at + 1]! << 16) | (output[at + 2]! << 8) | output[at + 3]!) >>> 0;
  const left = seconds === STALE ? STALE_TTL_SECONDS : ttl > seconds ? ttl - seconds : 0;
  output[at] = left >>> 24;
  output[at + 1] = left >>> 16;
  output[at + 2] = left >>> 8;
  output[at + 3] = left;
}
