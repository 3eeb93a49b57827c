/**
 * The indexes of a ranked swarm, after its records and sorted entries in its block: by address and port, by host, and by
 * identity, with 16 bits per entry (see slot-index).
 */
import type { Arena } from '../memory/arena.js';
import type { Endpoint } from '../memory/endpoint-key.js';
import {
  hasIdentity,
  hasKnownIdentity,
  identityHashOf,
  isAddress,
  isEndpoint,
  isSameHost,
  META_WORDS,
  setIdentity,
} from '../memory/peer-record.js';
import { homeOf, insertSlotEntry, removeSlotEntry, slotBitsOf, tagOf } from '../memory/slot-index.js';
import type { HostScan } from './host-scan.js';

/** Words of a ranked swarm's block before its records; the first has the capacity in its lower half. */
export const HEADER_WORDS = 6;
/** Word of the header with the number of entries of each index. */
export const INDEX_ENTRIES = 4;
/** Peers of one host that the host index certainly holds; a higher limit cannot be enforced. */
const MAX_INDEXED_A_HOST = 32;

export class RankedIndexes {
  constructor(
    private readonly arena: Arena,
    /** Any endpoint of the store: only its keys are used. */
    private readonly hasher: Endpoint,
  ) {}

  /** Empties the indexes of a new block. */
  clearIndexes(ref: number, stride: number): void {
    const { words } = this.arena;
    const start = this.indexStart(ref, stride) / 2;
    words.fill(0, start, start + indexWordsFor(words[ref + INDEX_ENTRIES]!));
  }

  findPeer(ref: number, endpoint: Endpoint): number {
    const words = this.arena.words;
    const halves = this.arena.halves;
    const stride = endpoint.stride;
    const entries = words[ref + INDEX_ENTRIES]!;
    const index = this.indexStart(ref, stride);
    const slotBits = this.slotBits(ref);
    const { hash, word0 } = endpoint;
    const tag = tagOf(hash, slotBits);
    for (let position = homeOf(hash, entries); ; ) {
      const entry = halves[index + position]!;
      if (entry === 0) return 0;
      if (entry >>> slotBits === tag) {
        const record = ref + HEADER_WORDS + ((entry & ((1 << slotBits) - 1)) - 1) * stride;
        if ((words[record]! | 0) === word0 && isEndpoint(words, record, endpoint)) return record;
      }
      if (++position === entries) position = 0;
    }
  }

  scanHost(ref: number, endpoint: Endpoint, scan: HostScan): void {
    const words = this.arena.words;
    const halves = this.arena.halves;
    const stride = endpoint.stride;
    const entries = words[ref + INDEX_ENTRIES]!;
    const index = this.indexStart(ref, stride) + entries;
    const slotBits = this.slotBits(ref);
    const { hostHash: hash, word0 } = endpoint;
    const tag = tagOf(hash, slotBits);
    for (let position = homeOf(hash, entries); ; ) {
      const entry = halves[index + position]!;
      if (entry === 0) return;
      if (++position === entries) position = 0;
      if (entry >>> slotBits !== tag) continue;
      const record = ref + HEADER_WORDS + ((entry & ((1 << slotBits) - 1)) - 1) * stride;
      if ((words[record]! | 0) !== word0 || !isSameHost(words, record, endpoint)) continue;
      scan.addRecord(record);
      const meta = record + endpoint.addressWords;
      if (isAddress(words, record, endpoint) && hasIdentity(words, meta, endpoint)) scan.sameIdentity = record;
    }
  }

  /** @param addressWords of the swarm's family, which need not be the endpoint's */
  findIdentity(ref: number, endpoint: Endpoint, addressWords: 1 | 4): number {
    const words = this.arena.words;
    const halves = this.arena.halves;
    const stride = addressWords + META_WORDS;
    const entries = words[ref + INDEX_ENTRIES]!;
    const index = this.indexStart(ref, stride) + 2 * entries;
    const hash = endpoint.identityHash;
    const slotBits = this.slotBits(ref);
    const tag = tagOf(hash, slotBits);
    for (let position = homeOf(hash, entries); ; ) {
      const entry = halves[index + position]!;
      if (entry === 0) return 0;
      if (++position === entries) position = 0;
      if (entry >>> slotBits !== tag) continue;
      const record = ref + HEADER_WORDS + ((entry & ((1 << slotBits) - 1)) - 1) * stride;
      if (hasIdentity(words, record + addressWords, endpoint)) return record;
    }
  }

  /** Replaces the identity of a record by that of its endpoint. */
  setIdentity(ref: number, record: number, endpoint: Endpoint): void {
    const { words } = this.arena;
    const { stride, addressWords } = endpoint;
    const slot = ((record - ref - HEADER_WORDS) / stride) | 0;
    if (hasKnownIdentity(words, record + addressWords)) this.unindexIdentity(ref, stride, slot);
    setIdentity(words, record + addressWords, endpoint);
    this.indexIdentity(ref, stride, slot, record);
  }

  /** Adds a record that has been written to its slot. @param hash of its address and port */
  indexSlot(ref: number, stride: number, slot: number, hash: number): void {
    const record = ref + HEADER_WORDS + slot * stride;
    const { halves, words } = this.arena;
    insertSlotEntry(halves, this.indexStart(ref, stride), words[ref + INDEX_ENTRIES]!, this.slotBits(ref), slot, hash);
    this.indexHost(ref, stride, slot, record);
    this.indexIdentity(ref, stride, slot, record);
  }

  /** For limits, and for clients that return on another port. */
  private indexHost(ref: number, stride: number, slot: number, record: number): void {
    const { words } = this.arena;
    const hash = this.hasher.hostHashOfRecordOf(words, record, addressWordsOfStride(stride));
    this.insertBounded(
      this.indexStart(ref, stride) + words[ref + INDEX_ENTRIES]!,
      words[ref + INDEX_ENTRIES]!,
      this.slotBits(ref),
      slot,
      hash,
    );
  }

  private indexIdentity(ref: number, stride: number, slot: number, record: number): void {
    const { words } = this.arena;
    const meta = record + addressWordsOfStride(stride);
    if (!hasKnownIdentity(words, meta)) return;
    this.insertBounded(
      this.indexStart(ref, stride) + 2 * words[ref + INDEX_ENTRIES]!,
      words[ref + INDEX_ENTRIES]!,
      this.slotBits(ref),
      slot,
      identityHashOf(words, meta),
    );
  }

  /** Limited for each host and identity: a stranger may create thousands of peers that all have one hash. */
  private insertBounded(index: number, entries: number, slotBits: number, slot: number, hash: number): void {
    const { halves } = this.arena;
    const tag = tagOf(hash, slotBits);
    let sameTag = 0;
    for (let position = homeOf(hash, entries); halves[index + position] !== 0; ) {
      if (halves[index + position]! >>> slotBits === tag && ++sameTag >= 2 * MAX_INDEXED_A_HOST) return;
      if (++position === entries) position = 0;
    }
    insertSlotEntry(halves, index, entries, slotBits, slot, hash);
  }

  private unindexIdentity(ref: number, stride: number, slot: number): void {
    const { halves, words } = this.arena;
    const entries = words[ref + INDEX_ENTRIES]!;
    const metas = ref + HEADER_WORDS + addressWordsOfStride(stride);
    const hashOf = (other: number): number => identityHashOf(words, metas + other * stride);
    removeSlotEntry(halves, this.indexStart(ref, stride) + 2 * entries, entries, this.slotBits(ref), slot, hashOf);
  }

  unindexSlot(ref: number, stride: number, slot: number): void {
    const { halves, words } = this.arena;
    const addressWords = addressWordsOfStride(stride);
    const entries = words[ref + INDEX_ENTRIES]!;
    const index = this.indexStart(ref, stride);
    const records = ref + HEADER_WORDS;
    const hashOf = (other: number): number => this.hasher.hashOfRecordOf(words, records + other * stride, addressWords);
    const hostHashOf = (other: number): number =>
      this.hasher.hostHashOfRecordOf(words, records + other * stride, addressWords);
    const slotBits = this.slotBits(ref);
    removeSlotEntry(halves, index, entries, slotBits, slot, hashOf);
    removeSlotEntry(halves, index + entries, entries, slotBits, slot, hostHashOf);
    if (hasKnownIdentity(words, records + slot * stride + addressWords)) this.unindexIdentity(ref, stride, slot);
  }

  private slotBits(ref: number): number {
    return slotBitsOf(this.arena.words[ref]! & 0xffff);
  }

  private indexStart(ref: number, stride: number): number {
    return (ref + HEADER_WORDS + (this.arena.words[ref]! & 0xffff) * (stride + entryWordsOf(stride))) * 2;
  }
}

function addressWordsOfStride(stride: number): 1 | 4 {
  return stride === 1 + META_WORDS ? 1 : 4;
}

/** Words of a sorted entry: the word itself, the address, and the port. */
export function entryWordsOf(stride: number): number {
  return stride - META_WORDS + 2;
}

/** Even, about 1.6 entries a slot; there are three indexes of this many. */
export function indexEntriesFor(capacity: number): number {
  return (capacity + (capacity >>> 1) + (capacity >>> 3) + 4) & ~1;
}

/** Of three indexes, two entries a word. */
export function indexWordsFor(entries: number): number {
  return (entries * 3) / 2;
}
