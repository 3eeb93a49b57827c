/**
 * The address index of a large swarm: hash → slot of a peer, by extendible hashing. A directory, indexed by the low bits of the
 * hash, leads to segments of fixed size. A full segment is split alone, so growth costs a few hundred entries at a time. A
 * segment that is full of similar hashes is split until they are in different segments.
 * An entry is five bits of the hash and a 27-bit slot; 0 is an empty one.
 */
import type { Arena } from './arena.js';

const SEGMENT_ENTRIES = 1024;
const SEGMENT_MASK = SEGMENT_ENTRIES - 1;
/** A segment with more is split: linear searches stay short up to three quarters. */
const FULL_ENTRIES = 768;
/** A segment with fewer is joined with its other half if both together have no more than {@link JOINED_ENTRIES}. */
const JOIN_ENTRIES = 150;
const JOINED_ENTRIES = 300;
/** Segments start this full if the number of entries is known in advance. */
const INITIAL_ENTRIES = 500;
/** Low bits of the hash that the directory may use: the higher ones are position and tag. */
const MAX_DEPTH = 17;
/** One slot always stays empty: it ends every search. */
const MAX_ENTRIES = SEGMENT_ENTRIES - 1;
export const SLOT_BITS = 27;
const SLOT_MASK = (1 << SLOT_BITS) - 1;

/** What the index needs to know about its slots. */
export interface SlotHashes {
  hashOfSlot(slot: number): number;
}

export class SegmentIndex {
  /** Low bits of a hash → segment number; a power of two long. */
  private directory: Uint32Array;
  private bases: Uint32Array;
  private counts: Uint16Array;
  /** How many low bits all hashes of a segment share. */
  private depths: Uint8Array;
  private segments = 0;
  private readonly freeNumbers: number[] = [];
  private readonly scratch = new Uint32Array(SEGMENT_ENTRIES);
  /** Where {@link firstMatch} and {@link nextMatch} are. */
  private cursorBase = 0;
  private cursorPosition = 0;
  private cursorTag = 0;

  constructor(
    private readonly arena: Arena,
    private readonly owner: SlotHashes,
    /** Makes room in advance for this many entries. */
    expected: number,
  ) {
    let depth = 0;
    while (INITIAL_ENTRIES << depth < expected && depth < MAX_DEPTH) depth++;
    const count = 1 << depth;
    this.directory = new Uint32Array(count);
    this.bases = new Uint32Array(count);
    this.counts = new Uint16Array(count);
    this.depths = new Uint8Array(count);
    for (let i = 0; i < count; i++) this.directory[i] = this.addSegment(depth);
  }

  /** @returns the first slot whose hash may be this one, 0 if there is none; continue with {@link nextMatch} */
  firstMatch(hash: number): number {
    this.cursorBase = this.bases[this.segmentOf(hash)]!;
    this.cursorPosition = hash >>> 22;
    this.cursorTag = (hash >>> 17) & 31;
    return this.scanToMatch();
  }

  nextMatch(): number {
    this.cursorPosition = (this.cursorPosition + 1) & SEGMENT_MASK;
    return this.scanToMatch();
  }

  /** @returns false if there is no room: the arena is full, or a thousand hashes have equal low bits */
  insertIndexEntry(hash: number, slot: number): boolean {
    let segment = this.segmentOf(hash);
    while (this.counts[segment]! >= FULL_ENTRIES && this.depths[segment]! < MAX_DEPTH) {
      if (!this.arena.canAllocate(SEGMENT_ENTRIES)) break;
      this.splitSegment(segment, hash);
      segment = this.segmentOf(hash);
    }
    if (this.counts[segment]! >= MAX_ENTRIES) return false;
    this.writeIndexEntry(segment, hash, slot);
    return true;
  }

  /** The peer has moved from one slot to another. A slot that is not indexed stays so. */
  moveIndexEntry(hash: number, from: number, to: number): void {
    const at = this.positionOf(hash, from);
    if (at !== 0) this.arena.words[at] = ((((hash >>> 17) & 31) << SLOT_BITS) | to) >>> 0;
  }

  /** Call while the slot still holds the peer. */
  removeIndexEntry(hash: number, slot: number): void {
    const at = this.positionOf(hash, slot);
    if (at === 0) return;
    const words = this.arena.words;
    const segment = this.segmentOf(hash);
    const base = this.bases[segment]!;
    let hole = at - base;
    for (let position = (hole + 1) & SEGMENT_MASK; ; position = (position + 1) & SEGMENT_MASK) {
      const entry = words[base + position]!;
      if (entry === 0) break;
      const home = this.owner.hashOfSlot(entry & SLOT_MASK) >>> 22;
      if (((position - home) & SEGMENT_MASK) < ((position - hole) & SEGMENT_MASK)) continue;
      words[base + hole] = entry;
      hole = position;
    }
    words[base + hole] = 0;
    const count = this.counts[segment]! - 1;
    this.counts[segment] = count;
    if (count < JOIN_ENTRIES) this.joinSegment(segment, hash);
  }

  freeIndex(): void {
    for (let i = 0; i < this.segments; i++)
      if (this.bases[i] !== 0) this.arena.freeBlock(this.bases[i]!, SEGMENT_ENTRIES);
    this.segments = 0;
  }

  private scanToMatch(): number {
    const words = this.arena.words;
    for (;;) {
      const entry = words[this.cursorBase + this.cursorPosition]!;
      if (entry === 0) return 0;
      if (entry >>> SLOT_BITS === this.cursorTag) return entry & SLOT_MASK;
      this.cursorPosition = (this.cursorPosition + 1) & SEGMENT_MASK;
    }
  }

  private positionOf(hash: number, slot: number): number {
    for (let found = this.firstMatch(hash); found !== 0; found = this.nextMatch()) {
      if (found === slot) return this.cursorBase + this.cursorPosition;
    }
    return 0;
  }

  private segmentOf(hash: number): number {
    return this.directory[hash & (this.directory.length - 1)]!;
  }

  private writeIndexEntry(segment: number, hash: number, slot: number): void {
    const words = this.arena.words;
    const base = this.bases[segment]!;
    let position = hash >>> 22;
    while (words[base + position] !== 0) position = (position + 1) & SEGMENT_MASK;
    words[base + position] = ((((hash >>> 17) & 31) << SLOT_BITS) | slot) >>> 0;
    this.counts[segment] = this.counts[segment]! + 1;
  }

  private addSegment(depth: number): number {
    const base = this.arena.allocateBlock(SEGMENT_ENTRIES);
    this.arena.words.fill(0, base, base + SEGMENT_ENTRIES);
    const segment = this.freeNumbers.pop() ?? this.segments++;
    if (segment >= this.bases.length) {
      const room = this.bases.length * 2;
      this.bases = copyInto(this.bases, new Uint32Array(room));
      this.counts = copyInto(this.counts, new Uint16Array(room));
      this.depths = copyInto(this.depths, new Uint8Array(room));
    }
    this.bases[segment] = base;
    this.counts[segment] = 0;
    this.depths[segment] = depth;
    return segment;
  }

  /** Half of the entries go to a new segment: those whose hash has the next bit set. */
  private splitSegment(segment: number, hash: number): void {
    const depth = this.depths[segment]!;
    const added = this.addSegment(depth + 1);
    if (1 << depth === this.directory.length) this.doubleDirectory();
    const { directory } = this;
    const step = 1 << (depth + 1);
    for (let i = (hash & ((1 << depth) - 1)) | (1 << depth); i < directory.length; i += step) directory[i] = added;
    this.depths[segment] = depth + 1;
    this.redistribute(segment);
  }

  /** Joins a segment with its other half if both are small and that half is not split further. */
  private joinSegment(segment: number, hash: number): void {
    const depth = this.depths[segment]!;
    if (depth === 0) return;
    const { directory } = this;
    const bit = 1 << (depth - 1);
    const other = directory[(hash & (directory.length - 1)) ^ bit]!;
    if (this.depths[other] !== depth || this.counts[other]! + this.counts[segment]! > JOINED_ENTRIES) return;
    for (let i = hash & (bit - 1); i < directory.length; i += bit) directory[i] = segment;
    this.depths[segment] = depth - 1;
    this.redistribute(other);
    this.arena.freeBlock(this.bases[other]!, SEGMENT_ENTRIES);
    this.bases[other] = 0;
    this.freeNumbers.push(other);
  }

  private doubleDirectory(): void {
    const { length } = this.directory;
    const doubled = copyInto(this.directory, new Uint32Array(length * 2));
    doubled.set(this.directory, length);
    this.directory = doubled;
  }

  /** Inserts all entries of a segment where they belong now. */
  private redistribute(segment: number): void {
    const { words } = this.arena;
    const { scratch } = this;
    const base = this.bases[segment]!;
    scratch.set(words.subarray(base, base + SEGMENT_ENTRIES));
    words.fill(0, base, base + SEGMENT_ENTRIES);
    this.counts[segment] = 0;
    for (let i = 0; i < SEGMENT_ENTRIES; i++) {
      const entry = scratch[i]!;
      if (entry === 0) continue;
      const slot = entry & SLOT_MASK;
      const hash = this.owner.hashOfSlot(slot);
      this.writeIndexEntry(this.segmentOf(hash), hash, slot);
    }
  }
}

function copyInto<T extends Uint8Array | Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
