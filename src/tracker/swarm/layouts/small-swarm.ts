/**
 * A swarm of a few peers of one family: a header word and the records, nothing else. Every search is a scan of all records. The
 * last record fills the hole of a removed one.
 *
 *   +0  peers (16) | capacity (16)
 */
import type { Arena } from '../memory/arena.js';
import { roundUpWords } from '../memory/arena.js';
import type { Endpoint } from '../memory/endpoint-key.js';
import {
  hasIdentity,
  isAddress,
  isEndpoint,
  isSameHost,
  META_WORDS,
  setGroup,
  setLevelAndFlags,
} from '../memory/peer-record.js';
import type { HostScan } from './host-scan.js';

const HEADER_WORDS = 1;
/** Requested capacities; rounding of the block size may add some. */
const STEPS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];

export class SmallSwarms {
  /** The block's offset after the last operation: it moves when it grows or shrinks; 0 when the last peer has left. */
  ref = 0;

  constructor(private readonly arena: Arena) {}

  size(ref: number): number {
    return this.arena.words[ref]! >>> 16;
  }

  recordInSlot(ref: number, index: number, stride: number): number {
    return ref + HEADER_WORDS + index * stride;
  }

  findPeer(ref: number, endpoint: Endpoint): number {
    const words = this.arena.words;
    const { stride, word0 } = endpoint;
    const end = ref + HEADER_WORDS + (words[ref]! >>> 16) * stride;
    for (let record = ref + HEADER_WORDS; record < end; record += stride) {
      if ((words[record]! | 0) === word0 && isEndpoint(words, record, endpoint)) return record;
    }
    return 0;
  }

  scanHost(ref: number, endpoint: Endpoint, scan: HostScan): void {
    const words = this.arena.words;
    const { stride, word0 } = endpoint;
    const end = ref + HEADER_WORDS + (words[ref]! >>> 16) * stride;
    for (let record = ref + HEADER_WORDS; record < end; record += stride) {
      if ((words[record]! | 0) !== word0 || !isSameHost(words, record, endpoint)) continue;
      scan.addRecord(record);
      if (isAddress(words, record, endpoint) && hasIdentity(words, record + endpoint.addressWords, endpoint)) {
        scan.sameIdentity = record;
      }
    }
  }

  /** @param addressWords of the swarm's family, which need not be the endpoint's */
  findIdentity(ref: number, endpoint: Endpoint, addressWords: 1 | 4): number {
    const words = this.arena.words;
    const stride = addressWords + META_WORDS;
    const end = ref + HEADER_WORDS + (words[ref]! >>> 16) * stride;
    for (let record = ref + HEADER_WORDS; record < end; record += stride) {
      if (hasIdentity(words, record + addressWords, endpoint)) return record;
    }
    return 0;
  }

  /** @param ref 0 creates a new swarm. @returns the record; the swarm is at {@link ref} afterwards */
  insertPeer(ref: number, endpoint: Endpoint, group: number, level: number, flags: number): number {
    const stride = endpoint.stride;
    let block = ref;
    if (block === 0) block = this.createSwarm(1, stride);
    else if (this.size(block) === (this.arena.words[block]! & 0xffff)) {
      block = this.moveTo(block, capacityFor(this.size(block) + 1), stride);
    }
    const words = this.arena.words;
    const count = words[block]! >>> 16;
    words[block] = words[block]! + 0x10000;
    const record = block + HEADER_WORDS + count * stride;
    endpoint.writeTo(words, record);
    setGroup(words, record + endpoint.addressWords, group);
    setLevelAndFlags(words, record + endpoint.addressWords, level, flags);
    this.ref = block;
    return record;
  }

  removePeer(ref: number, record: number, stride: number): void {
    const words = this.arena.words;
    const last = ref + HEADER_WORDS + ((words[ref]! >>> 16) - 1) * stride;
    if (last !== record) for (let i = 0; i < stride; i++) words[record + i] = words[last + i]!;
    words[ref] = words[ref]! - 0x10000;
    const count = words[ref]! >>> 16;
    if (count === 0) {
      this.freeSwarm(ref, stride);
      this.ref = 0;
    } else if (count * 2 < (words[ref]! & 0xffff) && this.arena.canAllocate(wordsFor(count, stride)))
      this.ref = this.moveTo(ref, capacityFor(count), stride);
    else this.ref = ref;
  }

  /** An empty swarm with room for at least `capacity` records, which the caller fills by {@link appendRecord}. */
  createSwarm(capacity: number, stride: number): number {
    const blockWords = roundUpWords(HEADER_WORDS + capacity * stride);
    const block = this.arena.allocateBlock(blockWords);
    this.arena.words[block] = Math.floor((blockWords - HEADER_WORDS) / stride);
    return block;
  }

  appendRecord(ref: number, source: number, stride: number): void {
    const words = this.arena.words;
    const to = ref + HEADER_WORDS + (words[ref]! >>> 16) * stride;
    for (let i = 0; i < stride; i++) words[to + i] = words[source + i]!;
    words[ref] = words[ref]! + 0x10000;
  }

  freeSwarm(ref: number, stride: number): void {
    this.arena.freeBlock(ref, HEADER_WORDS + (this.arena.words[ref]! & 0xffff) * stride);
  }

  private moveTo(ref: number, capacity: number, stride: number): number {
    const block = this.createSwarm(capacity, stride);
    const words = this.arena.words;
    const used = (words[ref]! >>> 16) * stride;
    for (let i = HEADER_WORDS; i < HEADER_WORDS + used; i++) words[block + i] = words[ref + i]!;
    words[block] = words[block]! | (words[ref]! & 0xffff0000);
    this.freeSwarm(ref, stride);
    return block;
  }
}

function wordsFor(count: number, stride: number): number {
  return HEADER_WORDS + capacityFor(count) * stride;
}

function capacityFor(count: number): number {
  for (const step of STEPS) if (step >= count) return step;
  return count + (count >>> 2);
}
