/**
 * The address index of a large swarm: hash → place of a peer, by linear hashing. Segments of fixed size are split one after
 * another as peers come and joined again as they leave, so growth costs a few hundred entries at a time, never all of them.
 * An entry is five bits of the hash and a 27-bit place; 0 is an empty one.
 */
import type { Arena } from './arena.js';

const SEGMENT_ENTRIES = 1024;
const SEGMENT_MASK = SEGMENT_ENTRIES - 1;
/** Mean entries a segment: those not yet split in a round hold up to twice as many as the others. */
const TARGET_ENTRIES = 400;
/** Segments are joined only below this, so that a swarm of constant size does neither. */
const JOIN_ENTRIES = 250;
export const PLACE_BITS = 27;
const PLACE_MASK = (1 << PLACE_BITS) - 1;

/** What the index asks of those whose places it keeps. */
export interface PlaceHashes {
  hashOfPlace(place: number): number;
}

export class SegmentIndex {
  private bases = new Uint32Array(8);
  private segments = 0;
  private level = 0;
  private count = 0;
  /** Where {@link first} and {@link next} are. */
  private cursorBase = 0;
  private cursorPosition = 0;
  private cursorTag = 0;

  constructor(
    private readonly arena: Arena,
    private readonly owner: PlaceHashes,
    /** Entries that will come at once: room is made for them beforehand. */
    expected: number,
  ) {
    do this.addSegment();
    while (this.segments * TARGET_ENTRIES < expected);
  }

  /** @returns the first place whose hash may be this one, 0 where there is none; go on with {@link next} */
  first(hash: number): number {
    this.cursorBase = this.bases[this.segmentOf(hash)]!;
    this.cursorPosition = hash >>> 22;
    this.cursorTag = (hash >>> 17) & 31;
    return this.scan();
  }

  next(): number {
    this.cursorPosition = (this.cursorPosition + 1) & SEGMENT_MASK;
    return this.scan();
  }

  insert(hash: number, place: number): void {
    this.put(this.bases[this.segmentOf(hash)]!, hash, place);
    if (++this.count > this.segments * TARGET_ENTRIES) this.split();
  }

  /** The peer in one place now lies in another. A place that is not indexed stays so. */
  move(hash: number, from: number, to: number): void {
    const at = this.positionOf(hash, from);
    if (at !== 0) this.arena.words[at] = ((((hash >>> 17) & 31) << PLACE_BITS) | to) >>> 0;
  }

  /** Call while the place still holds the peer. */
  remove(hash: number, place: number): void {
    const at = this.positionOf(hash, place);
    if (at === 0) return;
    const words = this.arena.words;
    const base = this.bases[this.segmentOf(hash)]!;
    let hole = at - base;
    for (let position = (hole + 1) & SEGMENT_MASK; ; position = (position + 1) & SEGMENT_MASK) {
      const entry = words[base + position]!;
      if (entry === 0) break;
      const home = this.owner.hashOfPlace(entry & PLACE_MASK) >>> 22;
      if (((position - home) & SEGMENT_MASK) < ((position - hole) & SEGMENT_MASK)) continue;
      words[base + hole] = entry;
      hole = position;
    }
    words[base + hole] = 0;
    this.count--;
    if (this.segments > 1 && this.count < (this.segments - 1) * JOIN_ENTRIES) this.join();
  }

  free(): void {
    for (let i = 0; i < this.segments; i++) this.arena.free(this.bases[i]!, SEGMENT_ENTRIES);
    this.segments = 0;
  }

  private scan(): number {
    const words = this.arena.words;
    for (;;) {
      const entry = words[this.cursorBase + this.cursorPosition]!;
      if (entry === 0) return 0;
      if (entry >>> PLACE_BITS === this.cursorTag) return entry & PLACE_MASK;
      this.cursorPosition = (this.cursorPosition + 1) & SEGMENT_MASK;
    }
  }

  private positionOf(hash: number, place: number): number {
    for (let found = this.first(hash); found !== 0; found = this.next()) {
      if (found === place) return this.cursorBase + this.cursorPosition;
    }
    return 0;
  }

  private put(base: number, hash: number, place: number): void {
    const words = this.arena.words;
    let position = hash >>> 22;
    while (words[base + position] !== 0) position = (position + 1) & SEGMENT_MASK;
    words[base + position] = ((((hash >>> 17) & 31) << PLACE_BITS) | place) >>> 0;
  }

  private segmentOf(hash: number): number {
    const narrow = hash & ((1 << this.level) - 1);
    const split = this.segments - (1 << this.level);
    return narrow < split ? hash & ((2 << this.level) - 1) : narrow;
  }

  private addSegment(): void {
    if (this.segments === this.bases.length) {
      const grown = new Uint32Array(this.segments * 2);
      grown.set(this.bases);
      this.bases = grown;
    }
    const base = this.arena.allocate(SEGMENT_ENTRIES);
    this.arena.words.fill(0, base, base + SEGMENT_ENTRIES);
    this.bases[this.segments++] = base;
    while (2 << this.level <= this.segments) this.level++;
  }

  private split(): void {
    const from = this.segments - (1 << this.level);
    this.addSegment();
    this.scatter(this.bases[from]!);
  }

  private join(): void {
    const base = this.bases[--this.segments]!;
    while (this.level > 0 && 1 << this.level > this.segments) this.level--;
    this.scatter(base);
    this.arena.free(base, SEGMENT_ENTRIES);
  }

  /** Puts all entries of a segment where they belong now. */
  private scatter(base: number): void {
    const words = this.arena.words;
    const entries = words.slice(base, base + SEGMENT_ENTRIES);
    words.fill(0, base, base + SEGMENT_ENTRIES);
    for (const entry of entries) {
      if (entry === 0) continue;
      const place = entry & PLACE_MASK;
      const hash = this.owner.hashOfPlace(place);
      this.put(this.bases[this.segmentOf(hash)]!, hash, place);
    }
  }
}
