/**
 * A swarm of some dozens to a few thousand peers of one family: records in slots that never move, an index from address
 * to slot, and the candidates sorted by standing key. One block of the arena:
 *
 *   +0  peers (16) | capacity (16)
 *   +1  slots ever used (16) | first free slot (16)
 *   +2  leechers listed (16) | serving peers listed (16)
 *   +3  stamp of the policy that the lists are sorted by
 *   +4  index entries
 *   +5  inner ones among the leechers listed (16) | among the serving peers listed (16)
 *   then the records, the sorted words (`key << 14 | slot`: leechers upwards from the front, serving ones up to the end),
 *   and the index (16 bits an entry: two bits of the hash and slot + 1).
 */
import { FOREIGN_KEY, type StandingKeys } from '../../selection/standing-key.js';
import { type Arena, roundUpWords } from './arena.js';
import type { Endpoint } from './endpoint-key.js';
import type { HostScan } from './host-scan.js';
import {
  flagsOf,
  groupOf,
  hasIdentity,
  isAddress,
  isEndpoint,
  isSameHost,
  LIST_LEECHERS,
  LIST_NONE,
  levelOf,
  listOfFlags,
  setGroup,
  setLevelAndFlags,
} from './peer-record.js';
import { lowerBound, shiftByOne } from './sorted-words.js';

const HEADER_WORDS = 6;
const NO_SLOT = 0xffff;
export const SLOT_BITS = 14;
export const SLOT_MASK = (1 << SLOT_BITS) - 1;
/** Slots are 14 bits and growth needs a quarter more than the peers. */
export const MAX_RANKED_PEERS = 12_000;

export class RankedSwarms {
  /** The block's offset after the last operation. */
  ref = 0;

  constructor(
    private readonly arena: Arena,
    private readonly keys: StandingKeys,
    /** Any endpoint of the store: only its salt is used. */
    private readonly hasher: Endpoint,
  ) {}

  size(ref: number): number {
    return this.arena.words[ref]! >>> 16;
  }

  /** Slots ever used: a walk looks at this many and skips those that {@link isFree}. */
  slotsUsed(ref: number): number {
    return this.arena.words[ref + 1]! >>> 16;
  }

  recordAt(ref: number, slot: number, stride: number): number {
    return ref + HEADER_WORDS + slot * stride;
  }

  isFree(record: number, addressWords: number): boolean {
    return this.arena.words[record + addressWords]! >>> 16 === 0;
  }

  /** Position of the sorted words in the arena. */
  listStart(ref: number, stride: number): number {
    return ref + HEADER_WORDS + (this.arena.words[ref]! & 0xffff) * stride;
  }

  leechersListed(ref: number): number {
    return this.arena.words[ref + 2]! >>> 16;
  }

  servingListed(ref: number): number {
    return this.arena.words[ref + 2]! & 0xffff;
  }

  innerLeechersListed(ref: number): number {
    return this.arena.words[ref + 5]! >>> 16;
  }

  innerServingListed(ref: number): number {
    return this.arena.words[ref + 5]! & 0xffff;
  }

  capacity(ref: number): number {
    return this.arena.words[ref]! & 0xffff;
  }

  find(ref: number, endpoint: Endpoint): number {
    const words = this.arena.words;
    const halves = this.arena.halves;
    const stride = endpoint.stride;
    const entries = words[ref + 4]!;
    const index = (ref + HEADER_WORDS + (words[ref]! & 0xffff) * (stride + 1)) * 2;
    const tag = endpoint.hash & 3;
    for (let position = homeOf(endpoint.hash, entries); ; ) {
      const entry = halves[index + position]!;
      if (entry === 0) return 0;
      if (entry >>> SLOT_BITS === tag) {
        const record = ref + HEADER_WORDS + ((entry & SLOT_MASK) - 1) * stride;
        if (isEndpoint(words, record, endpoint)) return record;
      }
      if (++position === entries) position = 0;
    }
  }

  scanHost(ref: number, endpoint: Endpoint, scan: HostScan): void {
    const words = this.arena.words;
    const stride = endpoint.stride;
    const end = ref + HEADER_WORDS + (words[ref + 1]! >>> 16) * stride;
    for (let record = ref + HEADER_WORDS; record < end; record += stride) {
      if (!isSameHost(words, record, endpoint)) continue;
      const meta = record + endpoint.addressWords;
      if (words[meta]! >>> 16 === 0) continue;
      scan.count++;
      if (isAddress(words, record, endpoint) && hasIdentity(words, meta, endpoint)) scan.sameIdentity = record;
    }
  }

  insert(ref: number, endpoint: Endpoint, group: number, level: number, flags: number): number {
    const stride = endpoint.stride;
    let block = ref;
    const words = this.arena.words;
    if (words[block]! >>> 16 === (words[block]! & 0xffff)) {
      block = this.rebuild(block, endpoint, growthOf(words[block]! >>> 16));
    } else this.ensureSorted(block, endpoint.addressWords);
    const slot = this.takeSlot(block, stride);
    const record = block + HEADER_WORDS + slot * stride;
    endpoint.writeTo(words, record);
    setGroup(words, record + endpoint.addressWords, group);
    setLevelAndFlags(words, record + endpoint.addressWords, level, flags);
    this.indexSlot(block, stride, slot, endpoint.hash);
    this.enlist(block, stride, slot, group, level, flags);
    this.ref = block;
    return record;
  }

  /** Changes what a record is ranked by. */
  relist(ref: number, record: number, endpoint: Endpoint, group: number, level: number, flags: number): void {
    const words = this.arena.words;
    const stride = endpoint.stride;
    const meta = record + endpoint.addressWords;
    this.ensureSorted(ref, endpoint.addressWords);
    const slot = ((record - ref - HEADER_WORDS) / stride) | 0;
    const oldFlags = flagsOf(words, meta);
    const oldGroup = groupOf(words, meta);
    const oldLevel = levelOf(words, meta);
    setGroup(words, meta, group);
    setLevelAndFlags(words, meta, level, flags);
    if (
      listOfFlags(oldFlags) === listOfFlags(flags) &&
      this.keys.key(oldGroup, oldLevel) === this.keys.key(group, level)
    ) {
      return;
    }
    this.delist(ref, stride, slot, oldGroup, oldLevel, oldFlags);
    this.enlist(ref, stride, slot, group, level, flags);
  }

  remove(ref: number, record: number, endpoint: Endpoint): void {
    const words = this.arena.words;
    const stride = endpoint.stride;
    const meta = record + endpoint.addressWords;
    this.ensureSorted(ref, endpoint.addressWords);
    const slot = ((record - ref - HEADER_WORDS) / stride) | 0;
    this.delist(ref, stride, slot, groupOf(words, meta), levelOf(words, meta), flagsOf(words, meta));
    this.unindexSlot(ref, stride, slot);
    words[meta] = 0;
    words[record] = words[ref + 1]! & 0xffff;
    words[ref + 1] = (words[ref + 1]! & 0xffff0000) | slot;
    words[ref] = words[ref]! - 0x10000;
    const count = words[ref]! >>> 16;
    const shrinks = count * 3 < (words[ref]! & 0xffff) && this.arena.fits(wordsFor(growthOf(count), stride));
    this.ref = shrinks ? this.rebuild(ref, endpoint, growthOf(count)) : ref;
  }

  /** Whether there is room for {@link create}. */
  fits(capacity: number, stride: number): boolean {
    return this.arena.fits(wordsFor(capacity, stride));
  }

  /** An empty swarm; the caller fills it by {@link append} and then calls {@link sort}. */
  create(capacity: number, stride: number): number {
    const asked = HEADER_WORDS + capacity * (stride + 1) + indexEntriesFor(capacity) / 2;
    const blockWords = roundUpWords(asked);
    let room = capacity;
    while (room < SLOT_MASK && wordsFor(room + 1, stride) <= blockWords) room++;
    const block = this.arena.allocate(blockWords);
    const words = this.arena.words;
    words[block] = room;
    words[block + 1] = NO_SLOT;
    words[block + 2] = 0;
    words[block + 5] = 0;
    words[block + 3] = this.keys.stamp;
    words[block + 4] = indexEntriesFor(room);
    const index = block + HEADER_WORDS + room * (stride + 1);
    words.fill(0, index, index + words[block + 4]! / 2);
    return block;
  }

  /** Copies a record in without listing it. */
  append(ref: number, source: number, endpoint: Endpoint): void {
    const words = this.arena.words;
    const stride = endpoint.stride;
    const slot = this.takeSlot(ref, stride);
    const record = ref + HEADER_WORDS + slot * stride;
    for (let i = 0; i < stride; i++) words[record + i] = words[source + i]!;
    this.indexSlot(ref, stride, slot, endpoint.hashOfRecord(words, record));
  }

  /** Lists all records by the keys now in force. */
  sort(ref: number, addressWords: 1 | 4): void {
    const words = this.arena.words;
    const stride = addressWords + 4;
    const capacity = words[ref]! & 0xffff;
    const list = ref + HEADER_WORDS + capacity * stride;
    const slots = words[ref + 1]! >>> 16;
    let front = list;
    let back = list + capacity;
    let inner = 0;
    for (let slot = 0; slot < slots; slot++) {
      const meta = ref + HEADER_WORDS + slot * stride + addressWords;
      if (words[meta]! >>> 16 === 0) continue;
      const listOf = listOfFlags(flagsOf(words, meta));
      if (listOf === LIST_NONE) continue;
      const key = this.keys.key(groupOf(words, meta), levelOf(words, meta));
      if (key < FOREIGN_KEY) inner += listOf === LIST_LEECHERS ? 0x10000 : 1;
      const word = (key << SLOT_BITS) | slot;
      if (listOf === LIST_LEECHERS) words[front++] = word;
      else words[--back] = word;
    }
    words.subarray(list, front).sort();
    words.subarray(back, list + capacity).sort();
    words[ref + 2] = ((front - list) << 16) | (list + capacity - back);
    words[ref + 3] = this.keys.stamp;
    words[ref + 5] = inner;
  }

  ensureSorted(ref: number, addressWords: 1 | 4): void {
    if (this.arena.words[ref + 3] !== this.keys.stamp) this.sort(ref, addressWords);
  }

  free(ref: number, stride: number): void {
    this.arena.free(ref, wordsFor(this.arena.words[ref]! & 0xffff, stride));
  }

  private rebuild(ref: number, endpoint: Endpoint, capacity: number): number {
    const stride = endpoint.stride;
    const block = this.create(capacity, stride);
    const slots = this.slotsUsed(ref);
    for (let slot = 0; slot < slots; slot++) {
      const record = ref + HEADER_WORDS + slot * stride;
      if (!this.isFree(record, endpoint.addressWords)) this.append(block, record, endpoint);
    }
    this.sort(block, endpoint.addressWords);
    this.free(ref, stride);
    return block;
  }

  private takeSlot(ref: number, stride: number): number {
    const words = this.arena.words;
    words[ref] = words[ref]! + 0x10000;
    const free = words[ref + 1]! & 0xffff;
    if (free === NO_SLOT) {
      const slot = words[ref + 1]! >>> 16;
      words[ref + 1] = words[ref + 1]! + 0x10000;
      return slot;
    }
    const next = words[ref + HEADER_WORDS + free * stride]! & 0xffff;
    words[ref + 1] = (words[ref + 1]! & 0xffff0000) | next;
    return free;
  }

  private enlist(ref: number, stride: number, slot: number, group: number, level: number, flags: number): void {
    const listOf = listOfFlags(flags);
    if (listOf === LIST_NONE) return;
    const words = this.arena.words;
    const key = this.keys.key(group, level);
    const word = ((key << SLOT_BITS) | slot) >>> 0;
    if (key < FOREIGN_KEY) words[ref + 5] = words[ref + 5]! + (listOf === LIST_LEECHERS ? 0x10000 : 1);
    const start = this.listStart(ref, stride);
    if (listOf === LIST_LEECHERS) {
      const end = start + (words[ref + 2]! >>> 16);
      const position = lowerBound(words, start, end, word);
      shiftByOne(words, position, end, 1);
      words[position] = word;
      words[ref + 2] = words[ref + 2]! + 0x10000;
      return;
    }
    const end = start + (words[ref]! & 0xffff);
    const front = end - (words[ref + 2]! & 0xffff);
    const position = lowerBound(words, front, end, word);
    shiftByOne(words, front, position, -1);
    words[position - 1] = word;
    words[ref + 2] = words[ref + 2]! + 1;
  }

  private delist(ref: number, stride: number, slot: number, group: number, level: number, flags: number): void {
    const listOf = listOfFlags(flags);
    if (listOf === LIST_NONE) return;
    const words = this.arena.words;
    const key = this.keys.key(group, level);
    const word = ((key << SLOT_BITS) | slot) >>> 0;
    if (key < FOREIGN_KEY) words[ref + 5] = words[ref + 5]! - (listOf === LIST_LEECHERS ? 0x10000 : 1);
    const start = this.listStart(ref, stride);
    if (listOf === LIST_LEECHERS) {
      const end = start + (words[ref + 2]! >>> 16);
      const position = lowerBound(words, start, end, word);
      shiftByOne(words, position + 1, end, -1);
      words[ref + 2] = words[ref + 2]! - 0x10000;
      return;
    }
    const end = start + (words[ref]! & 0xffff);
    const front = end - (words[ref + 2]! & 0xffff);
    const position = lowerBound(words, front, end, word);
    shiftByOne(words, front, position, 1);
    words[ref + 2] = words[ref + 2]! - 1;
  }

  private indexSlot(ref: number, stride: number, slot: number, hash: number): void {
    const halves = this.arena.halves;
    const entries = this.arena.words[ref + 4]!;
    const index = this.indexStart(ref, stride);
    let position = homeOf(hash, entries);
    while (halves[index + position] !== 0) if (++position === entries) position = 0;
    halves[index + position] = ((hash & 3) << SLOT_BITS) | (slot + 1);
  }

  private unindexSlot(ref: number, stride: number, slot: number): void {
    const { halves, words } = this.arena;
    const entries = words[ref + 4]!;
    const index = this.indexStart(ref, stride);
    const record = ref + HEADER_WORDS + slot * stride;
    let hole = homeOf(this.hash(record, stride), entries);
    while ((halves[index + hole]! & SLOT_MASK) !== slot + 1) if (++hole === entries) hole = 0;
    for (let position = hole; ; ) {
      if (++position === entries) position = 0;
      const entry = halves[index + position]!;
      if (entry === 0) break;
      const other = ref + HEADER_WORDS + ((entry & SLOT_MASK) - 1) * stride;
      const home = homeOf(this.hash(other, stride), entries);
      if (distance(home, position, entries) < distance(hole, position, entries)) continue;
      halves[index + hole] = entry;
      hole = position;
    }
    halves[index + hole] = 0;
  }

  private hash(record: number, stride: number): number {
    return this.hasher.hashOfRecordOf(this.arena.words, record, stride === 5 ? 1 : 4);
  }

  private indexStart(ref: number, stride: number): number {
    return (ref + HEADER_WORDS + (this.arena.words[ref]! & 0xffff) * (stride + 1)) * 2;
  }
}

function homeOf(hash: number, entries: number): number {
  return ((hash >>> 16) * entries) >>> 16;
}

function distance(from: number, to: number, entries: number): number {
  return to >= from ? to - from : to - from + entries;
}

/** Even, about 1.6 entries a slot. */
function indexEntriesFor(capacity: number): number {
  return (capacity + (capacity >>> 1) + (capacity >>> 3) + 4) & ~1;
}

function wordsFor(capacity: number, stride: number): number {
  return HEADER_WORDS + capacity * (stride + 1) + indexEntriesFor(capacity) / 2;
}

function growthOf(count: number): number {
  return Math.max(16, count + (count >>> 2) + 4);
}
