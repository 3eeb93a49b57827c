/**
 * Writes a DNS message into a buffer that grows, with name compression (RFC 1035 section 4.1.4). Names are compressed
 * against names of any case, and the spelling of the first one is what a reader sees (RFC 4343 section 4.1).
 */
import { DNS_HEADER_BYTES } from './dns-codes.js';
import type { DnsMessage, DnsQuestion, DnsRecord } from './dns-message.js';
import { canonicalName, type DomainName } from './domain-name.js';
import { compressibleNames } from './rdata-names.js';

/** A pointer has 14 bits. */
const MAX_POINTER = 0x3fff;
const COUNT_OFFSETS = { question: 4, answer: 6, authority: 8, additional: 10 } as const;

export type RecordSection = 'answer' | 'authority' | 'additional';

export class MessageWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = DNS_HEADER_BYTES;
  /** Canonical name → offset of its first occurrence. */
  readonly #names = new Map<DomainName, number>();
  /** Offsets of the times to live that were written. */
  readonly ttlOffsets: number[] = [];

  constructor(id: number, flags: number, capacityBytes = 512) {
    this.#bytes = new Uint8Array(Math.max(DNS_HEADER_BYTES, capacityBytes));
    this.#view = new DataView(this.#bytes.buffer);
    this.#view.setUint16(0, id);
    this.#view.setUint16(2, flags);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  question({ name, type, class: classNumber }: DnsQuestion): void {
    this.name(name);
    this.#uint16(type);
    this.#uint16(classNumber);
    this.#count('question');
  }

  /** Names in the data are uncompressed, and are compressed where RFC 3597 section 4 allows it. */
  record(section: RecordSection, { name, type, class: classNumber, ttl, data }: DnsRecord): void {
    this.name(name);
    this.#uint16(type);
    this.#uint16(classNumber);
    this.ttlOffsets.push(this.#length);
    this.#uint32(ttl);
    const lengthAt = this.#length;
    this.#uint16(0);
    this.#data(type, data);
    this.#view.setUint16(lengthAt, this.#length - lengthAt - 2);
    this.#count(section);
  }

  /**
   * Writes as much of the name as no earlier name ends with.
   * @param compress false where a pointer is not permitted: what follows is written whole
   */
  name(name: DomainName, compress = true): void {
    const canonical = canonicalName(name);
    let at = 0;
    while (name.charCodeAt(at) > 0) {
      const tail = canonical.slice(at);
      const known = this.#names.get(tail);
      if (known !== undefined && compress) {
        this.#uint16(0xc000 | known);
        return;
      }
      if (known === undefined && this.#length <= MAX_POINTER) this.#names.set(tail, this.#length);
      const next = at + 1 + name.charCodeAt(at);
      this.#octets(name, at, next);
      at = next;
    }
    this.#octets('\0', 0, 1);
  }

  /** A copy of the message so far. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  #data(type: number, data: Uint8Array): void {
    const layout = compressibleNames(type);
    if (layout === undefined || data.length <= layout.before) {
      this.#raw(data);
      return;
    }
    this.#raw(data.subarray(0, layout.before));
    let at = layout.before;
    for (let i = 0; i < layout.names; i++) {
      const end = endOfName(data, at);
      this.name(latin1(data, at, end));
      at = end;
    }
    this.#raw(data.subarray(at));
  }

  #count(section: keyof typeof COUNT_OFFSETS): void {
    const at = COUNT_OFFSETS[section];
    this.#view.setUint16(at, this.#view.getUint16(at) + 1);
  }

  #uint16(value: number): void {
    this.#makeRoom(2);
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
  }

  #uint32(value: number): void {
    this.#makeRoom(4);
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
  }

  #raw(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #octets(text: string, start: number, end: number): void {
    this.#makeRoom(end - start);
    for (let i = start; i < end; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  #makeRoom(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** The message with its names compressed. It may exceed 65,535 bytes; the caller decides what then. */
export function writeMessage(message: DnsMessage): Buffer {
  const writer = new MessageWriter(message.id, message.flags);
  for (const question of message.questions) writer.question(question);
  for (const record of message.answers) writer.record('answer', record);
  for (const record of message.authorities) writer.record('authority', record);
  for (const record of message.additionals) writer.record('additional', record);
  return writer.finish();
}

/** The end of an uncompressed name inside data. */
function endOfName(data: Uint8Array, start: number): number {
  let at = start;
  while (at < data.length && data[at]! > 0) at += data[at]! + 1;
  return Math.min(at + 1, data.length);
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
