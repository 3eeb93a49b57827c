/**
 * Info-hash → torrent entry. Entries are cache lines of the arena. The table that finds them consists of segments that grow
 * separately, so that no growth moves more than a few thousand entries. A slot holds the entry's line number (26 bits) and six
 * bits of the hash, so a probe seldom reads a wrong entry.
 */
import type { HalfSipHash } from '../../../domain/half-sip-hash.js';
import { writeUint32 } from '../../../wire/byte-order.js';
import type { Arena } from './arena.js';

/** Words of an entry. */
const ENTRY_REF4 = 5;
const ENTRY_REF6 = 6;
export const ENTRY_SEEDS = 7;
export const ENTRY_LEECHERS = 8;
export const ENTRY_COMPLETED = 9;
/** The second from which original trackers may be asked (again). */
export const ENTRY_ASK_DUE = 10;
const ENTRY_GATEWAYS4 = 11;
const ENTRY_GATEWAYS6 = 12;
export const ENTRY_UPSTREAM = 13;
export const ENTRY_FLAGS = 14;
/** Completed downloads of the operator's own clients. */
export const ENTRY_COMPLETED_INNER = 15;
const ENTRY_WORDS = 16;
export const HASH_WORDS = 5;

export const ENTRY_FLAG_PINNED = 1;
export const ENTRY_FLAG_PEER_IDS = 2;
/** Since the entry exists, the swarm has had a foreign peer that is not known to be a seed, or it comes from a snapshot. */
export const ENTRY_FLAG_FOREIGN_LEECHER = 4;

/** The operator's clients may upload to foreign ones from now on. */
export function noteForeignLeecher(words: Uint32Array, entry: number): void {
  words[entry + ENTRY_FLAGS] = words[entry + ENTRY_FLAGS]! | ENTRY_FLAG_FOREIGN_LEECHER;
}

/** Whether the catalogue has the torrent. @param entry 0 if there is none */
export function isPinned(words: Uint32Array, entry: number): boolean {
  return entry !== 0 && (words[entry + ENTRY_FLAGS]! & ENTRY_FLAG_PINNED) !== 0;
}

/** Word of an entry with the reference to the swarm of a family. */
export function refWordOf(entry: number, family: 4 | 6): number {
  return entry + (family === 4 ? ENTRY_REF4 : ENTRY_REF6);
}

/** Word of an entry with the reference to the evidence block of a family. */
export function evidenceWordOf(entry: number, family: 4 | 6): number {
  return entry + (family === 4 ? ENTRY_GATEWAYS4 : ENTRY_GATEWAYS6);
}

/** Copies the info-hash of an entry: five words, most significant first. */
export function copyInfoHash(words: Uint32Array, entry: number, to: Uint32Array, at = 0): void {
  for (let i = 0; i < HASH_WORDS; i++) to[at + i] = words[entry + i]!;
}

/** The info-hash of an entry as 40 hexadecimal digits. */
export function infoHashText(words: Uint32Array, entry: number): string {
  let text = '';
  for (let i = 0; i < HASH_WORDS; i++) text += words[entry + i]!.toString(16).padStart(8, '0');
  return text;
}

/** Writes the info-hash of an entry as 20 bytes. */
export function writeInfoHash(words: Uint32Array, entry: number, out: Uint8Array): void {
  for (let i = 0; i < HASH_WORDS; i++) writeUint32(out, 4 * i, words[entry + i]!);
}

const ENTRIES_A_PAGE = 64;
const SMALLEST_SEGMENT = 8;

export class TorrentTable {
  torrentCount = 0;
  readonly segmentCount: number;
  private readonly bases: Uint32Array;
  private readonly capacities: Uint32Array;
  private readonly counts: Uint32Array;
  private freeEntry = 0;
  private readonly shift: number;

  /** @param segmentBits log2 of the number of segments */
  constructor(
    private readonly arena: Arena,
    private readonly hasher: HalfSipHash,
    segmentBits = 11,
  ) {
    this.segmentCount = 1 << segmentBits;
    this.shift = 32 - segmentBits;
    this.bases = new Uint32Array(this.segmentCount);
    this.capacities = new Uint32Array(this.segmentCount);
    this.counts = new Uint32Array(this.segmentCount);
  }

  /** The keyed hash of the info-hash whose five words are at `at`: of all of them, because strangers choose each. */
  hashInfoHash(infoHash: Uint32Array, at: number): number {
    return this.hasher.hash(infoHash, at, HASH_WORDS);
  }

  /**
   * @param hash of the info-hash at `at`, see {@link TorrentTable.hashInfoHash}
   * @returns the entry's offset, 0 if there is none
   */
  findTorrent(hash: number, infoHash: Uint32Array, at: number): number {
    const segment = hash >>> this.shift;
    const base = this.bases[segment]!;
    if (base === 0) return 0;
    const mask = this.capacities[segment]! - 1;
    const words = this.arena.words;
    const tag = (hash >>> 12) & 63;
    for (let position = hash & mask; ; position = (position + 1) & mask) {
      const slot = words[base + position]!;
      if (slot === 0) return 0;
      if (slot >>> 26 !== tag) continue;
      const entry = (slot & 0x3ffffff) << 4;
      if (
        words[entry] === infoHash[at] &&
        words[entry + 1] === infoHash[at + 1] &&
        words[entry + 2] === infoHash[at + 2] &&
        words[entry + 3] === infoHash[at + 3] &&
        words[entry + 4] === infoHash[at + 4]
      ) {
        return entry;
      }
    }
  }

  /** A zeroed entry for a hash that is not there yet. */
  insertTorrent(hash: number, infoHash: Uint32Array, at: number): number {
    const segment = hash >>> this.shift;
    const capacity = this.capacities[segment]!;
    if (this.bases[segment] === 0) this.resizeSegment(segment, SMALLEST_SEGMENT);
    else if ((this.counts[segment]! + 1) * 4 > capacity * 3) this.resizeSegment(segment, capacity * 2);
    const entry = this.allocateEntry();
    const words = this.arena.words;
    words.fill(0, entry, entry + ENTRY_WORDS);
    for (let i = 0; i < HASH_WORDS; i++) words[entry + i] = infoHash[at + i]!;
    this.insertTableSlot(segment, hash, entry);
    this.counts[segment]!++;
    this.torrentCount++;
    return entry;
  }

  removeTorrent(entry: number): void {
    const words = this.arena.words;
    const hash = this.hashOfEntry(entry);
    const segment = hash >>> this.shift;
    const base = this.bases[segment]!;
    const mask = this.capacities[segment]! - 1;
    let hole = hash & mask;
    while ((words[base + hole]! & 0x3ffffff) << 4 !== entry) hole = (hole + 1) & mask;
    for (let position = (hole + 1) & mask; words[base + position] !== 0; position = (position + 1) & mask) {
      const slot = words[base + position]!;
      const home = this.hashOfEntry((slot & 0x3ffffff) << 4) & mask;
      if (((position - home) & mask) < ((position - hole) & mask)) continue;
      words[base + hole] = slot;
      hole = position;
    }
    words[base + hole] = 0;
    words[entry] = this.freeEntry;
    this.freeEntry = entry;
    this.counts[segment]!--;
    this.torrentCount--;
    const capacity = mask + 1;
    if (this.counts[segment] === 0) this.dropSegment(segment);
    else if (capacity > SMALLEST_SEGMENT && this.counts[segment]! * 6 < capacity)
      this.resizeSegment(segment, capacity >>> 1);
  }

  /** Slots of a segment, for walks over all entries; 0 for an empty one. */
  tableSlotsOf(segment: number): number {
    return this.bases[segment] === 0 ? 0 : this.capacities[segment]!;
  }

  /** @returns the entry in a slot of a segment, 0 if the slot is empty */
  entryInTableSlot(segment: number, slot: number): number {
    return (this.arena.words[this.bases[segment]! + slot]! & 0x3ffffff) << 4;
  }

  private hashOfEntry(entry: number): number {
    return this.hashInfoHash(this.arena.words, entry);
  }

  private insertTableSlot(segment: number, hash: number, entry: number): void {
    const words = this.arena.words;
    const base = this.bases[segment]!;
    const mask = this.capacities[segment]! - 1;
    let position = hash & mask;
    while (words[base + position] !== 0) position = (position + 1) & mask;
    words[base + position] = (((hash >>> 12) & 63) << 26) | (entry >>> 4);
  }

  private resizeSegment(segment: number, capacity: number): void {
    const words = this.arena.words;
    const oldBase = this.bases[segment]!;
    const oldCapacity = this.capacities[segment]!;
    const base = this.arena.allocateBlock(capacity);
    words.fill(0, base, base + capacity);
    this.bases[segment] = base;
    this.capacities[segment] = capacity;
    if (oldBase === 0) return;
    for (let i = 0; i < oldCapacity; i++) {
      const slot = words[oldBase + i]!;
      if (slot === 0) continue;
      const entry = (slot & 0x3ffffff) << 4;
      this.insertTableSlot(segment, this.hashOfEntry(entry), entry);
    }
    this.arena.freeBlock(oldBase, oldCapacity);
  }

  private dropSegment(segment: number): void {
    this.arena.freeBlock(this.bases[segment]!, this.capacities[segment]!);
    this.bases[segment] = 0;
    this.capacities[segment] = 0;
  }

  private allocateEntry(): number {
    const words = this.arena.words;
    if (this.freeEntry === 0) {
      const page = this.arena.allocateLines(ENTRIES_A_PAGE);
      for (let i = ENTRIES_A_PAGE - 1; i >= 0; i--) {
        words[page + i * ENTRY_WORDS] = this.freeEntry;
        this.freeEntry = page + i * ENTRY_WORDS;
      }
    }
    const entry = this.freeEntry;
    this.freeEntry = words[entry]!;
    return entry;
  }
}
