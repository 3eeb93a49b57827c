/**
 * The announcing client as the store searches for it: address, port and identity as 32-bit integers with their hashes. One
 * mutable object is used for all announces. Words are signed, because V8 does not put signed integers on the heap.
 */
import type { AnnounceRequest } from '../../announce-request.js';
import type { HashKeys } from './hash-keys.js';
import { IDENTITY_HIGH_MASK, identityHash, META_WORDS } from './peer-record.js';

export class Endpoint {
  addressWords: 1 | 4 = 1;
  /** Words of a record of this family. */
  stride = 1 + META_WORDS;
  word0 = 0;
  word1 = 0;
  word2 = 0;
  word3 = 0;
  port = 0;
  identityLow = 0;
  identityHigh = 0;
  /** Of address and port. */
  hash = 0;

  private readonly identityWords = new Uint32Array(6);

  constructor(readonly keys: HashKeys) {}

  setAddress(family: 4 | 6, word0: number, word1: number, word2: number, word3: number, port: number): void {
    this.word0 = word0 | 0;
    this.port = port;
    const { addresses } = this.keys;
    if (family === 4) {
      this.addressWords = 1;
      this.stride = 1 + META_WORDS;
      this.hash = addresses.ipv4Port(addresses.ipv4(word0), port);
    } else {
      this.addressWords = 4;
      this.stride = 4 + META_WORDS;
      this.word1 = word1 | 0;
      this.word2 = word2 | 0;
      this.word3 = word3 | 0;
      this.hash = addresses.ipv6(word0, word1, word2, word3, port);
    }
  }

  /** Of the address, or of the /64 of an IPv6 one. */
  get hostHash(): number {
    const { addresses } = this.keys;
    return this.addressWords === 1 ? addresses.ipv4(this.word0) : addresses.ipv6Network(this.word0, this.word1);
  }

  /** Of the /48 of an IPv6 address; 0 for IPv4. */
  get siteHash(): number {
    return this.addressWords === 1 ? 0 : this.keys.addresses.ipv6Network(this.word0, this.word1 >>> 16);
  }

  setFromRequest(request: AnnounceRequest): void {
    this.setAddress(request.family, request.word0, request.word1, request.word2, request.word3, request.port);
  }

  /** Copies address and port of a stored record of this endpoint's family. */
  setFromRecord(words: Uint32Array, record: number, addressWords: 1 | 4): void {
    if (addressWords === 1) this.setAddress(4, words[record]!, 0, 0, 0, words[record + 1]! >>> 16);
    else {
      const port = words[record + 4]! >>> 16;
      this.setAddress(6, words[record]!, words[record + 1]!, words[record + 2]!, words[record + 3]!, port);
    }
  }

  /** BEP 3 peer id and BEP 7/15 key as 35 bits: a client that does not know both cannot replace another. */
  setIdentity(bytes: Uint8Array, offset: number, key: number): void {
    const words = this.identityWords;
    for (let i = 0; i < 5; i++) words[i] = wordAt(bytes, offset + 4 * i);
    words[5] = key;
    this.identityLow = this.keys.identityLow.hash(words, 0, 6) & 0xffff;
    this.identityHigh = this.keys.identityHigh.hash(words, 0, 6) & IDENTITY_HIGH_MASK;
  }

  /** Copies the identity of a stored record. @param meta of the record */
  setIdentityFrom(words: Uint32Array, meta: number): void {
    this.identityLow = words[meta]! & 0xffff;
    this.identityHigh = words[meta + 2]! & IDENTITY_HIGH_MASK;
  }

  get identityHash(): number {
    return identityHash(this.identityLow, this.identityHigh);
  }

  /** The hash of a stored record of this endpoint's family, equal to {@link hash} of the same address and port. */
  hashOfRecord(words: Uint32Array, record: number): number {
    return this.hashOfRecordOf(words, record, this.addressWords);
  }

  hashOfRecordOf(words: Uint32Array, record: number, addressWords: 1 | 4): number {
    const { addresses } = this.keys;
    const port = words[record + addressWords]! >>> 16;
    if (addressWords === 1) return addresses.ipv4Port(addresses.ipv4(words[record]!), port);
    return addresses.ipv6(words[record]!, words[record + 1]!, words[record + 2]!, words[record + 3]!, port);
  }

  /** Like {@link hostHash}, for a stored record. */
  hostHashOfRecordOf(words: Uint32Array, record: number, addressWords: 1 | 4): number {
    const { addresses } = this.keys;
    if (addressWords === 1) return addresses.ipv4(words[record]!);
    return addresses.ipv6Network(words[record]!, words[record + 1]!);
  }

  /** The compact form (BEP 23, BEP 7) in hexadecimal digits. */
  toHex(): string {
    let digits = hex(this.word0, 8);
    if (this.addressWords === 4) digits += hex(this.word1, 8) + hex(this.word2, 8) + hex(this.word3, 8);
    return digits + hex(this.port, 4);
  }

  /** Writes address, port and identity into a record and clears the rest of it. */
  writeTo(words: Uint32Array, record: number): void {
    words[record] = this.word0;
    let meta = record + 1;
    if (this.addressWords === 4) {
      words[record + 1] = this.word1;
      words[record + 2] = this.word2;
      words[record + 3] = this.word3;
      meta = record + 4;
    }
    words[meta] = (this.port << 16) | this.identityLow;
    words[meta + 1] = 0;
    words[meta + 2] = this.identityHigh;
    words[meta + 3] = 0;
    words[meta + 4] = 0;
  }
}

function hex(value: number, digits: number): string {
  return (value >>> 0).toString(16).padStart(digits, '0');
}

/** Big-endian 32 bits, signed. */
export function wordAt(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
}
