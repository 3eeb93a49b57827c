/** DNS messages as values (RFC 1035 section 4), and the strict reader of untrusted bytes. */
import { DNS_HEADER_BYTES } from './dns-codes.js';
import { DnsFormatError, type DomainName, readName } from './domain-name.js';
import { readRecordData } from './rdata-names.js';

export interface DnsQuestion {
  readonly name: DomainName;
  readonly type: number;
  readonly class: number;
}

export interface DnsRecord {
  readonly name: DomainName;
  readonly type: number;
  readonly class: number;
  /** Seconds; in OPT and TSIG records the word has another meaning. */
  readonly ttl: number;
  /** Names in it are uncompressed. */
  readonly data: Uint8Array;
}

export interface DnsMessage {
  readonly id: number;
  /** The header's second word: the `FLAG_…` bits, opcode and the lower four bits of the response code. */
  readonly flags: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

export function opcodeOf(flags: number): number {
  return (flags >>> 11) & 15;
}

/**
 * Reads a whole message. The cost depends on the bytes that are present, not on the counts in the header.
 * @throws DnsFormatError if the sections do not fill the message exactly
 */
export function readMessage(bytes: Uint8Array): DnsMessage {
  if (bytes.length < DNS_HEADER_BYTES) throw new DnsFormatError('a message without its header');
  const word = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
  let offset = DNS_HEADER_BYTES;
  const questions: DnsQuestion[] = [];
  for (let i = word(4); i > 0; i--) {
    const { name, end } = readName(bytes, offset);
    if (end + 4 > bytes.length) throw new DnsFormatError('a question exceeds the message');
    questions.push({ name, type: word(end), class: word(end + 2) });
    offset = end + 4;
  }
  const section = (count: number): DnsRecord[] => {
    const records: DnsRecord[] = [];
    for (let i = count; i > 0; i--) {
      const { name, end } = readName(bytes, offset);
      const start = end + 10;
      if (start > bytes.length) throw new DnsFormatError('a record exceeds the message');
      const type = word(end);
      const length = word(end + 8);
      const ttl = ((word(end + 4) << 16) | word(end + 6)) >>> 0;
      records.push({ name, type, class: word(end + 2), ttl, data: readRecordData(bytes, type, start, length) });
      offset = start + length;
    }
    return records;
  };
  const answers = section(word(6));
  const authorities = section(word(8));
  const additionals = section(word(10));
  if (offset !== bytes.length) throw new DnsFormatError('bytes follow the last record');
  return { id: word(0), flags: word(2), questions, answers, authorities, additionals };
}
