/**
 * Reads one query from untrusted bytes, strictly, into an object that is used again: nothing is allocated but the name, which
 * is a key of maps. RFC 1035 section 4, RFC 6891 (EDNS), RFC 7873 (cookies), RFC 7828 (TCP keepalive).
 */
import {
  DNS_HEADER_BYTES,
  FLAG_CHECKING_DISABLED,
  FLAG_RECURSION_DESIRED,
  FLAG_RESPONSE,
  OPCODE_QUERY,
  OPTION_COOKIE,
  OPTION_TCP_KEEPALIVE,
  RCODE_FORMERR,
  RCODE_NOERROR,
  RCODE_NOTIMP,
  TYPE_OPT,
} from './dns-codes.js';
import { type DomainName, MAX_LABEL_BYTES, MAX_NAME_BYTES, ROOT_NAME } from './domain-name.js';

/** A real query is below 300 bytes even with cookies and padding; padded ones (RFC 8467) come in blocks of 128 or 468. */
export const MAX_QUERY_BYTES = 4_096;
/** Real queries have a question, one OPT, and one TSIG or SIG(0). */
const MAX_QUERY_RECORDS = 8;
/** RFC 1035: the buffer of a client without EDNS. */
export const PLAIN_UDP_BYTES = 512;
/** RFC 7873 section 4: a client's cookie has 8 bytes, a server's 8 to 32. */
const CLIENT_COOKIE_BYTES = 8;
const MIN_BOTH_COOKIES_BYTES = 16;
const MAX_BOTH_COOKIES_BYTES = 40;

/** Result of {@link readQuery} for bytes that must not be answered: a response, or less than a header. */
export const DROP = -1;

export class DnsQuery {
  id = 0;
  /** The header's second word as sent. */
  flags = 0;
  /** Canonical. */
  name: DomainName = ROOT_NAME;
  type = 0;
  class = 0;
  /** The message is in these bytes; its question, in the client's spelling, ends before `questionEnd`. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  questionEnd = 0;
  hasEdns = false;
  ednsVersion = 0;
  /** The client's UDP buffer, at least 512. */
  udpBytes = PLAIN_UDP_BYTES;
  dnssecOk = false;
  /** Where the data of the cookie option starts, and its length; 0: there is none. */
  cookieAt = 0;
  cookieBytes = 0;
  wantsKeepalive = false;
  /** Its server cookie shows that its address is not forged. Reading a query does not set it. */
  isProven = false;

  /** A copy that owns its bytes. */
  copy(): DnsQuery {
    const end = this.cookieBytes > 0 ? this.cookieAt + this.cookieBytes : this.questionEnd;
    const copy = Object.assign(new DnsQuery(), this);
    copy.bytes = this.bytes.slice(this.start, Math.max(end, this.questionEnd));
    copy.start = 0;
    copy.questionEnd -= this.start;
    copy.cookieAt -= this.start;
    return copy;
  }
}

/** The name that was read last, and room for what follows it in {@link questionKey}. */
const lowered = Buffer.alloc(MAX_NAME_BYTES + 8);

/**
 * Equal for queries that get the same answer. It reuses the bytes that {@link readQuery} has left, which is faster than joining
 * strings, so it is for the query that was read last.
 */
export function questionKey({ name, type, class: classNumber, flags, dnssecOk }: DnsQuery): string {
  const end = name.length;
  lowered[end] = type >>> 8;
  lowered[end + 1] = type;
  lowered[end + 2] = classNumber >>> 8;
  lowered[end + 3] = classNumber;
  lowered[end + 4] =
    ((flags & FLAG_RECURSION_DESIRED) !== 0 ? 1 : 0) |
    ((flags & FLAG_CHECKING_DISABLED) !== 0 ? 2 : 0) |
    (dnssecOk ? 4 : 0);
  return lowered.toString('latin1', 0, end + 5);
}

/**
 * Never throws.
 * @returns `RCODE_NOERROR`, {@link DROP}, or the response code to answer with; id and flags are then right, the question is not
 */
export function readQuery(query: DnsQuery, bytes: Uint8Array, start: number, length: number): number {
  if (length < DNS_HEADER_BYTES) return DROP;
  query.id = (bytes[start]! << 8) | bytes[start + 1]!;
  query.flags = (bytes[start + 2]! << 8) | bytes[start + 3]!;
  if ((query.flags & FLAG_RESPONSE) !== 0) return DROP;
  if (((query.flags >>> 11) & 15) !== OPCODE_QUERY) return RCODE_NOTIMP;
  const end = start + length;
  if (length > MAX_QUERY_BYTES || word(bytes, start + 4) !== 1) return RCODE_FORMERR;
  const records = word(bytes, start + 6) + word(bytes, start + 8) + word(bytes, start + 10);
  if (records > MAX_QUERY_RECORDS) return RCODE_FORMERR;

  const nameStart = start + DNS_HEADER_BYTES;
  const nameEnd = lowerName(bytes, nameStart, end);
  if (nameEnd < 0 || nameEnd + 4 > end) return RCODE_FORMERR;
  query.name = lowered.toString('latin1', 0, nameEnd - nameStart);
  query.type = word(bytes, nameEnd);
  query.class = word(bytes, nameEnd + 2);
  query.bytes = bytes;
  query.start = start;
  query.questionEnd = nameEnd + 4;
  query.hasEdns = false;
  query.udpBytes = PLAIN_UDP_BYTES;
  query.dnssecOk = false;
  query.cookieAt = 0;
  query.cookieBytes = 0;
  query.wantsKeepalive = false;
  return readRecords(query, bytes, query.questionEnd, end, records) ? RCODE_NOERROR : RCODE_FORMERR;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Copies the question's name to `lowered`, in lower case. Pointers are not permitted there. @returns its end, or −1 */
function lowerName(bytes: Uint8Array, start: number, end: number): number {
  let left = 0;
  for (let at = start; at < end && at - start < MAX_NAME_BYTES; at++) {
    const byte = bytes[at]!;
    if (left === 0) {
      lowered[at - start] = byte;
      if (byte === 0) return at + 1;
      if (byte > MAX_LABEL_BYTES) return -1;
      left = byte;
    } else {
      lowered[at - start] = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
      left--;
    }
  }
  return -1;
}

/** @returns false if the records do not fill the message exactly, there are two OPT, or an option is malformed */
function readRecords(query: DnsQuery, bytes: Uint8Array, start: number, end: number, count: number): boolean {
  let at = start;
  for (let i = 0; i < count; i++) {
    const nameEnd = endOfName(bytes, at, end);
    if (nameEnd < 0 || nameEnd + 10 > end) return false;
    const next = nameEnd + 10 + word(bytes, nameEnd + 8);
    if (next > end) return false;
    if (word(bytes, nameEnd) === TYPE_OPT) {
      if (query.hasEdns || bytes[at] !== 0) return false; // RFC 6891 section 6.1.1
      query.hasEdns = true;
      query.udpBytes = Math.max(PLAIN_UDP_BYTES, word(bytes, nameEnd + 2));
      query.ednsVersion = bytes[nameEnd + 5]!;
      query.dnssecOk = (bytes[nameEnd + 6]! & 0x80) !== 0;
      if (!readOptions(query, bytes, nameEnd + 10, next)) return false;
    }
    at = next;
  }
  return at === end;
}

function readOptions(query: DnsQuery, bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    if (at + 4 > end) return false;
    const code = word(bytes, at);
    const length = word(bytes, at + 2);
    at += 4;
    if (at + length > end) return false;
    if (code === OPTION_COOKIE && query.cookieBytes === 0) {
      if (!isCookieLength(length)) return false; // RFC 7873 section 5.2.2
      query.cookieAt = at;
      query.cookieBytes = length;
    } else if (code === OPTION_TCP_KEEPALIVE) {
      query.wantsKeepalive = true;
    }
    at += length;
  }
  return true;
}

function isCookieLength(length: number): boolean {
  return length === CLIENT_COOKIE_BYTES || (length >= MIN_BOTH_COOKIES_BYTES && length <= MAX_BOTH_COOKIES_BYTES);
}

/** The offset after a name, or −1. A pointer ends the name and is not followed, so pointers cannot make a loop. */
function endOfName(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const length = bytes[at]!;
    if (length === 0) return at + 1 - start <= MAX_NAME_BYTES ? at + 1 : -1;
    if (length >= 0xc0) return at + 2 <= end ? at + 2 : -1;
    if (length > MAX_LABEL_BYTES) return -1;
    at += length + 1;
    if (at - start >= MAX_NAME_BYTES) return -1;
  }
  return -1;
}
