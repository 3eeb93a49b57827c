/**
 * An arena for tests that refuses each access outside a block that is in use. Guard words lie between blocks, so an index
 * that runs over the end of a record, list or bucket meets them instead of the next block. Freed blocks are refused as well.
 * The store itself is the same as in production, where the arena is a plain typed array and a check costs nothing.
 */
import { Arena, roundUpWords } from '../../../../../src/tracker/swarm/memory/arena.js';

/** More than the longest step from a block's end: a record of IPv6 and its sorted entry. */
const GUARD_WORDS = 16;

export class CheckedArena extends Arena {
  /** 1 for each word of a block that is in use. */
  readonly #used: Uint8Array;
  readonly #sizes = new Map<number, number>();
  #allocating = 0;

  constructor(bytes: number) {
    super(bytes);
    this.#used = new Uint8Array(this.words.length);
    const { words, halves } = this;
    Object.defineProperty(this, 'words', { value: this.#checked(words, 1) });
    Object.defineProperty(this, 'halves', { value: this.#checked(halves, 2) });
  }

  override canAllocate(wordCount: number): boolean {
    return super.canAllocate(roundUpWords(wordCount) + 2 * GUARD_WORDS);
  }

  override allocateBlock(wordCount: number): number {
    const size = roundUpWords(wordCount);
    const offset = this.#inside(() => super.allocateBlock(size + 2 * GUARD_WORDS)) + GUARD_WORDS;
    this.#occupy(offset, size);
    return offset;
  }

  override allocateLines(lineCount: number): number {
    const offset = this.#inside(() => super.allocateLines(lineCount + 1));
    this.#occupy(offset, lineCount * 16);
    return offset;
  }

  override freeBlock(offset: number, wordCount: number): void {
    const size = roundUpWords(wordCount);
    if (this.#sizes.get(offset) !== size) {
      throw new Error(`freed ${size} words at ${offset}, ${this.#describe(offset)}`);
    }
    this.#used.fill(0, offset, offset + size);
    this.#sizes.delete(offset);
    this.#inside(() => super.freeBlock(offset - GUARD_WORDS, size + 2 * GUARD_WORDS));
  }

  #occupy(offset: number, size: number): void {
    this.#used.fill(1, offset, offset + size);
    this.#sizes.set(offset, size);
  }

  /** The arena's own lists of free blocks lie in words that nobody else may touch. */
  #inside<T>(work: () => T): T {
    this.#allocating++;
    try {
      return work();
    } finally {
      this.#allocating--;
    }
  }

  #check(what: string, from: number, to: number): void {
    if (this.#allocating > 0) return;
    for (let word = from; word < to; word++) {
      if (this.#used[word] !== 1) throw new Error(`${what} word ${word}, ${this.#describe(word)}`);
    }
  }

  /** Where a word lies, seen from the last block that starts at or before it. */
  #describe(word: number): string {
    let start = 0;
    for (const offset of this.#sizes.keys()) if (offset <= word && offset > start) start = offset;
    if (start === 0) return 'which is before every block';
    const size = this.#sizes.get(start)!;
    return word < start + size
      ? `which is word ${word - start} of the block of ${size} words at ${start}`
      : `which is ${word - start - size + 1} behind the end of the block of ${size} words at ${start}`;
  }

  #checked<T extends Uint32Array | Uint16Array>(array: T, perWord: number): T {
    const check = (what: string, from: number, to: number): void => {
      if (from < to) this.#check(what, Math.floor(from / perWord), Math.floor((to - 1) / perWord) + 1);
    };
    const methods: Record<string, unknown> = {
      fill: (value: number, from: number, to: number) => {
        check('fill', from, to);
        return array.fill(value, from, to);
      },
      copyWithin: (target: number, from: number, to: number) => {
        check('copy from', from, to);
        check('copy to', target, target + to - from);
        return array.copyWithin(target, from, to);
      },
      subarray: (from: number, to: number) => {
        check('view of', from, to);
        return array.subarray(from, to);
      },
      length: array.length,
      buffer: array.buffer,
    };
    return new Proxy(array, {
      get: (target, property) => {
        const index = Number(property);
        if (Number.isNaN(index)) {
          if (property in methods) return methods[property as string];
          throw new Error(`the checked arena has no ${String(property)}`);
        }
        check('read of', index, index + 1);
        return target[index];
      },
      set: (target, property, value) => {
        const index = Number(property);
        check('write to', index, index + 1);
        target[index] = value;
        return true;
      },
    });
  }
}
