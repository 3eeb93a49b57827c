/**
 * One reserved range of memory and an allocator of word blocks in it. Untouched pages cost nothing, so the arena has the
 * maximum size of the store from the beginning and never grows, moves or pauses. Freed blocks are not merged: sizes come in
 * classes (exact up to 64 words, then eight for each doubling), and swarms of every size come and go all the time, so a freed
 * block is soon used again. Offsets count 32-bit words; offset 0 is never allocated and means "none".
 */

/** Offsets must stay below 2^30 words, so that two bits of a reference are free for the kind of swarm. */
export const MAX_ARENA_BYTES = 0xffff_0000;
const EXACT_WORDS = 64;
const CLASS_COUNT = EXACT_WORDS + 8 * 25;
/** New peers are refused when less than this is free, so that stored peers can still move. */
const RESERVE_WORDS = 1 << 20;

export class Arena {
  readonly words: Uint32Array;
  readonly halves: Uint16Array;
  private readonly freeHeads = new Uint32Array(CLASS_COUNT);
  private readonly limitWords: number;
  private readonly reserveWords: number;
  private nextWord = 1;
  private usedWordCount = 0;
  private lineWordCount = 0;

  /** @param bytes the size of the arena: reserved at once, touched as needed */
  constructor(bytes: number) {
    const rounded = Math.min(bytes, MAX_ARENA_BYTES) & -4096;
    const size = rounded < 0 ? rounded + 0x1_0000_0000 : rounded;
    const buffer = new ArrayBuffer(size);
    this.words = new Uint32Array(buffer);
    this.halves = new Uint16Array(buffer);
    this.limitWords = this.words.length;
    this.reserveWords = Math.min(RESERVE_WORDS, this.limitWords >>> 3);
  }

  /** Bytes of the blocks that are in use. */
  get usedBytes(): number {
    return this.usedWordCount * 4;
  }

  /** Bytes ever allocated: what the store costs in memory. */
  get touchedBytes(): number {
    return this.nextWord * 4;
  }

  /** False: no new peers, see {@link RESERVE_WORDS}. */
  hasRoomForPeers(): boolean {
    return this.limitWords - this.usedWordCount - this.lineWordCount > this.reserveWords;
  }

  /** Whether {@link allocateBlock} would succeed, for a move that is not necessary. */
  canAllocate(wordCount: number): boolean {
    const sizeClass = classOf(wordCount);
    if (this.nextWord + sizeOfClass(sizeClass) <= this.limitWords) return true;
    for (let larger = sizeClass; larger < CLASS_COUNT; larger++) if (this.freeHeads[larger] !== 0) return true;
    return false;
  }

  /** @returns the offset of at least `wordCount` words of unspecified content. @throws RangeError if the arena is full */
  allocateBlock(wordCount: number): number {
    const sizeClass = classOf(wordCount);
    const size = sizeOfClass(sizeClass);
    const head = this.freeHeads[sizeClass]!;
    let offset = head;
    if (head !== 0) this.freeHeads[sizeClass] = this.words[head]!;
    else if (this.nextWord + size <= this.limitWords) {
      offset = this.nextWord;
      this.nextWord = offset + size;
    } else offset = this.splitLarger(sizeClass, size);
    this.usedWordCount += size;
    return offset;
  }

  /** As {@link allocateBlock}, at an offset that is a multiple of 16 words (a cache line). Such blocks are never freed. */
  allocateLines(lineCount: number): number {
    const offset = (this.nextWord + 15) & ~15;
    if (offset + lineCount * 16 > this.limitWords) throw new RangeError('the swarm arena is full');
    this.lineWordCount += lineCount * 16;
    this.nextWord = offset + lineCount * 16;
    return offset;
  }

  /** @param wordCount as given to {@link allocateBlock}, or anything that rounds up to the same size */
  freeBlock(offset: number, wordCount: number): void {
    const sizeClass = classOf(wordCount);
    this.usedWordCount -= sizeOfClass(sizeClass);
    this.pushFreeBlock(offset, sizeClass);
  }

  private pushFreeBlock(offset: number, sizeClass: number): void {
    this.words[offset] = this.freeHeads[sizeClass]!;
    this.freeHeads[sizeClass] = offset;
  }

  /** When the arena has been used completely: takes the next larger free block and frees the rest of it. */
  private splitLarger(sizeClass: number, size: number): number {
    for (let larger = sizeClass + 1; larger < CLASS_COUNT; larger++) {
      const offset = this.freeHeads[larger]!;
      if (offset === 0) continue;
      this.freeHeads[larger] = this.words[offset]!;
      let rest = offset + size;
      for (let left = sizeOfClass(larger) - size; left > 0; ) {
        let restClass = classOf(left);
        if (sizeOfClass(restClass) > left) restClass--;
        this.pushFreeBlock(rest, restClass);
        rest += sizeOfClass(restClass);
        left -= sizeOfClass(restClass);
      }
      return offset;
    }
    throw new RangeError('the swarm arena is full');
  }
}

/** The size a request is rounded up to: a block may use all of it. */
export function roundUpWords(wordCount: number): number {
  return sizeOfClass(classOf(wordCount));
}

function classOf(wordCount: number): number {
  if (wordCount <= EXACT_WORDS) return wordCount;
  const exponent = 31 - Math.clz32(wordCount - 1);
  const base = 1 << exponent;
  const step = base >>> 3;
  return EXACT_WORDS + (exponent - 6) * 8 + (((wordCount - base + step - 1) / step) | 0);
}

function sizeOfClass(sizeClass: number): number {
  if (sizeClass <= EXACT_WORDS) return sizeClass;
  const index = sizeClass - EXACT_WORDS - 1;
  const base = 1 << ((index >>> 3) + 6);
  return base + ((index & 7) + 1) * (base >>> 3);
}
