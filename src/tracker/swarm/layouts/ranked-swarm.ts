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
 *   then the records, the sorted entries (leechers upwards from the front, serving ones up to the end; each is a word
 *   (see sorted-word), the address, and the port in the high half of a word: a copy, so that an answer reads contiguous
 *   memory), and the {@link RankedIndexes}.
 */
import { firstWordOf, slotOfWord, sortedWord } from '../../../selection/sorted-word.js';
import { FOREIGN_KEY, type StandingKeys } from '../../../selection/standing-key.js';
import { type Arena, roundUpWords } from '../memory/arena.js';
import type { Endpoint } from '../memory/endpoint-key.js';
import {
  flagsOf,
  groupOf,
  LIST_LEECHERS,
  LIST_NONE,
  levelOf,
  listOfFlags,
  META_WORDS,
  portOf,
  recordWordsOf,
  setGroup,
  setLevelAndFlags,
} from '../memory/peer-record.js';
import { MAX_SLOTS } from '../memory/slot-index.js';
import {
  entryWordsOf,
  HEADER_WORDS,
  INDEX_ENTRIES,
  indexEntriesFor,
  indexWordsFor,
  RankedIndexes,
} from './ranked-indexes.js';
import { lowerBound, shiftEntries } from './sorted-entries.js';

const NO_SLOT = 0xffff;
/** Slots are at most {@link MAX_SLOTS} and growth needs a quarter more than the peers. */
export const MAX_RANKED_PEERS = 12_000;

export class RankedSwarms {
  /** The block's offset after the last operation. */
  ref = 0;
  readonly indexes: RankedIndexes;
  /** Scratch space for sorted words. */
  private readonly scratch = new Uint32Array(MAX_SLOTS);

  constructor(
    private readonly arena: Arena,
    private readonly keys: StandingKeys,
    /** Any endpoint of the store: only its keys are used. */
    hasher: Endpoint,
  ) {
    this.indexes = new RankedIndexes(arena, hasher);
  }

  size(ref: number): number {
    return this.arena.words[ref]! >>> 16;
  }

  /** Slots ever used: a walk looks at this many and skips those that {@link isUnused}. */
  slotsUsed(ref: number): number {
    return this.arena.words[ref + 1]! >>> 16;
  }

  recordInSlot(ref: number, slot: number, stride: number): number {
    return ref + HEADER_WORDS + slot * stride;
  }

  isUnused(record: number, addressWords: 1 | 4): boolean {
    return portOf(this.arena.words, record + addressWords) === 0;
  }

  /** Position of the sorted entries in the arena. */
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

  insertPeer(ref: number, endpoint: Endpoint, group: number, level: number, flags: number): number {
    const stride = endpoint.stride;
    let block = ref;
    const words = this.arena.words;
    if (words[block]! >>> 16 === (words[block]! & 0xffff)) {
      block = this.rebuild(block, endpoint, growthOf(words[block]! >>> 16));
    } else this.ensureSorted(block, endpoint.addressWords);
    const slot = this.allocateSlot(block, stride);
    const record = block + HEADER_WORDS + slot * stride;
    endpoint.writeTo(words, record);
    setGroup(words, record + endpoint.addressWords, group);
    setLevelAndFlags(words, record + endpoint.addressWords, level, flags);
    this.indexes.indexSlot(block, stride, slot, endpoint.hash);
    this.addToList(block, stride, slot, group, level, flags);
    this.ref = block;
    return record;
  }

  /** Changes what a record is ranked by. */
  updateRank(ref: number, record: number, endpoint: Endpoint, group: number, level: number, flags: number): void {
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
    this.removeFromList(ref, stride, slot, oldGroup, oldLevel, oldFlags);
    this.addToList(ref, stride, slot, group, level, flags);
  }

  removePeer(ref: number, record: number, endpoint: Endpoint): void {
    const words = this.arena.words;
    const stride = endpoint.stride;
    const meta = record + endpoint.addressWords;
    this.ensureSorted(ref, endpoint.addressWords);
    const slot = ((record - ref - HEADER_WORDS) / stride) | 0;
    this.removeFromList(ref, stride, slot, groupOf(words, meta), levelOf(words, meta), flagsOf(words, meta));
    this.indexes.unindexSlot(ref, stride, slot);
    words[meta] = 0;
    words[record] = words[ref + 1]! & 0xffff;
    words[ref + 1] = (words[ref + 1]! & 0xffff0000) | slot;
    words[ref] = words[ref]! - 0x10000;
    const count = words[ref]! >>> 16;
    const shrinks = count * 3 < (words[ref]! & 0xffff) && this.arena.canAllocate(wordsFor(growthOf(count), stride));
    this.ref = shrinks ? this.rebuild(ref, endpoint, growthOf(count)) : ref;
  }

  /** Whether there is room for {@link createSwarm}. */
  canCreate(capacity: number, stride: number): boolean {
    return this.arena.canAllocate(wordsFor(capacity, stride));
  }

  /** An empty swarm; the caller fills it by {@link appendRecord} and then calls {@link sortLists}. */
  createSwarm(capacity: number, stride: number): number {
    const blockWords = roundUpWords(wordsFor(capacity, stride));
    let room = capacity;
    while (room < MAX_SLOTS && wordsFor(room + 1, stride) <= blockWords) room++;
    const block = this.arena.allocateBlock(blockWords);
    const words = this.arena.words;
    words[block] = room;
    words[block + 1] = NO_SLOT;
    words[block + 2] = 0;
    words[block + 5] = 0;
    words[block + 3] = this.keys.stamp;
    words[block + INDEX_ENTRIES] = indexEntriesFor(room);
    this.indexes.clearIndexes(block, stride);
    return block;
  }

  /** Copies a record in without listing it. */
  appendRecord(ref: number, source: number, endpoint: Endpoint): void {
    const words = this.arena.words;
    const stride = endpoint.stride;
    const slot = this.allocateSlot(ref, stride);
    const record = ref + HEADER_WORDS + slot * stride;
    for (let i = 0; i < stride; i++) words[record + i] = words[source + i]!;
    this.indexes.indexSlot(ref, stride, slot, endpoint.hashOfRecord(words, record));
  }

  /** Lists all records by the keys now in force. */
  sortLists(ref: number, addressWords: 1 | 4): void {
    const { scratch } = this;
    const words = this.arena.words;
    const stride = recordWordsOf(addressWords);
    const entryWords = entryWordsOf(stride);
    const capacity = words[ref]! & 0xffff;
    const list = ref + HEADER_WORDS + capacity * stride;
    const slots = words[ref + 1]! >>> 16;
    let front = 0;
    let back = capacity;
    let inner = 0;
    for (let slot = 0; slot < slots; slot++) {
      const meta = ref + HEADER_WORDS + slot * stride + addressWords;
      if (portOf(words, meta) === 0) continue;
      const listOf = listOfFlags(flagsOf(words, meta));
      if (listOf === LIST_NONE) continue;
      const key = this.keys.key(groupOf(words, meta), levelOf(words, meta));
      if (key < FOREIGN_KEY) inner += listOf === LIST_LEECHERS ? 0x10000 : 1;
      const word = sortedWord(key, slot);
      if (listOf === LIST_LEECHERS) scratch[front++] = word;
      else scratch[--back] = word;
    }
    scratch.subarray(0, front).sort();
    scratch.subarray(back, capacity).sort();
    for (let i = 0; i < front; i++) this.writeEntry(list + i * entryWords, scratch[i]!, ref, stride);
    for (let i = back; i < capacity; i++) this.writeEntry(list + i * entryWords, scratch[i]!, ref, stride);
    words[ref + 2] = (front << 16) | (capacity - back);
    words[ref + 3] = this.keys.stamp;
    words[ref + 5] = inner;
  }

  ensureSorted(ref: number, addressWords: 1 | 4): void {
    if (this.arena.words[ref + 3] !== this.keys.stamp) this.resortLists(ref, addressWords);
  }

  /** {@link sortLists} if most are still in order: successive policies differ in few keys. */
  private resortLists(ref: number, addressWords: 1 | 4): void {
    const words = this.arena.words;
    const stride = addressWords + META_WORDS;
    const capacity = words[ref]! & 0xffff;
    const leechers = this.resortRun(ref, stride, 0, this.leechersListed(ref));
    const serving = this.resortRun(ref, stride, capacity - this.servingListed(ref), capacity);
    words[ref + 3] = this.keys.stamp;
    words[ref + 5] = (leechers << 16) | serving;
  }

  /** Removes the entries whose keys have changed and merges them in again. @returns how many are inner */
  private resortRun(ref: number, stride: number, from: number, to: number): number {
    const { keys, scratch } = this;
    const words = this.arena.words;
    const entryWords = entryWordsOf(stride);
    const list = this.listStart(ref, stride);
    const metas = ref + HEADER_WORDS + stride - META_WORDS;
    let kept = from;
    let moved = 0;
    for (let i = from; i < to; i++) {
      const at = list + i * entryWords;
      const word = words[at]!;
      const slot = slotOfWord(word);
      const meta = metas + slot * stride;
      const now = sortedWord(keys.key(groupOf(words, meta), levelOf(words, meta)), slot);
      if (now !== word) scratch[moved++] = now;
      else {
        if (kept !== i) copyEntry(words, list + kept * entryWords, at, entryWords);
        kept++;
      }
    }
    if (moved > 1) scratch.subarray(0, moved).sort();
    for (let i = to - 1, left = kept - 1, right = moved - 1; right >= 0; i--) {
      const at = list + i * entryWords;
      if (left >= from && words[list + left * entryWords]! > scratch[right]!) {
        copyEntry(words, at, list + left-- * entryWords, entryWords);
      } else this.writeEntry(at, scratch[right--]!, ref, stride);
    }
    return lowerBound(words, list, entryWords, from, to, firstWordOf(FOREIGN_KEY)) - from;
  }

  freeSwarm(ref: number, stride: number): void {
    this.arena.freeBlock(ref, wordsFor(this.arena.words[ref]! & 0xffff, stride));
  }

  private rebuild(ref: number, endpoint: Endpoint, capacity: number): number {
    const stride = endpoint.stride;
    const block = this.createSwarm(capacity, stride);
    const slots = this.slotsUsed(ref);
    for (let slot = 0; slot < slots; slot++) {
      const record = ref + HEADER_WORDS + slot * stride;
      if (!this.isUnused(record, endpoint.addressWords)) this.appendRecord(block, record, endpoint);
    }
    this.sortLists(block, endpoint.addressWords);
    this.freeSwarm(ref, stride);
    return block;
  }

  private allocateSlot(ref: number, stride: number): number {
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

  private addToList(ref: number, stride: number, slot: number, group: number, level: number, flags: number): void {
    const listOf = listOfFlags(flags);
    if (listOf === LIST_NONE) return;
    const words = this.arena.words;
    const entryWords = entryWordsOf(stride);
    const key = this.keys.key(group, level);
    const word = sortedWord(key, slot);
    if (key < FOREIGN_KEY) words[ref + 5] = words[ref + 5]! + (listOf === LIST_LEECHERS ? 0x10000 : 1);
    const start = this.listStart(ref, stride);
    if (listOf === LIST_LEECHERS) {
      const count = words[ref + 2]! >>> 16;
      const position = lowerBound(words, start, entryWords, 0, count, word);
      shiftEntries(words, start, entryWords, position, count, 1);
      this.writeEntry(start + position * entryWords, word, ref, stride);
      words[ref + 2] = words[ref + 2]! + 0x10000;
      return;
    }
    const end = words[ref]! & 0xffff;
    const front = end - (words[ref + 2]! & 0xffff);
    const position = lowerBound(words, start, entryWords, front, end, word);
    shiftEntries(words, start, entryWords, front, position, -1);
    this.writeEntry(start + (position - 1) * entryWords, word, ref, stride);
    words[ref + 2] = words[ref + 2]! + 1;
  }

  /** An entry: the sorted word, and what an answer needs from the record. */
  private writeEntry(at: number, word: number, ref: number, stride: number): void {
    const words = this.arena.words;
    const record = ref + HEADER_WORDS + slotOfWord(word) * stride;
    words[at] = word;
    for (let i = 0; i <= stride - META_WORDS; i++) words[at + 1 + i] = words[record + i]!;
  }

  private removeFromList(ref: number, stride: number, slot: number, group: number, level: number, flags: number): void {
    const listOf = listOfFlags(flags);
    if (listOf === LIST_NONE) return;
    const words = this.arena.words;
    const entryWords = entryWordsOf(stride);
    const key = this.keys.key(group, level);
    const word = sortedWord(key, slot);
    if (key < FOREIGN_KEY) words[ref + 5] = words[ref + 5]! - (listOf === LIST_LEECHERS ? 0x10000 : 1);
    const start = this.listStart(ref, stride);
    if (listOf === LIST_LEECHERS) {
      const count = words[ref + 2]! >>> 16;
      const position = lowerBound(words, start, entryWords, 0, count, word);
      shiftEntries(words, start, entryWords, position + 1, count, -1);
      words[ref + 2] = words[ref + 2]! - 0x10000;
      return;
    }
    const end = words[ref]! & 0xffff;
    const front = end - (words[ref + 2]! & 0xffff);
    const position = lowerBound(words, start, entryWords, front, end, word);
    shiftEntries(words, start, entryWords, front, position, 1);
    words[ref + 2] = words[ref + 2]! - 1;
  }
}

function copyEntry(words: Uint32Array, to: number, from: number, entryWords: number): void {
  for (let i = 0; i < entryWords; i++) words[to + i] = words[from + i]!;
}

function wordsFor(capacity: number, stride: number): number {
  return HEADER_WORDS + capacity * (stride + entryWordsOf(stride)) + indexWordsFor(indexEntriesFor(capacity));
}

function growthOf(count: number): number {
  return Math.max(16, count + (count >>> 2) + 4);
}
