/** Finds the words of the catalogue that misspelt words of a search mean. */
import type { SqliteDatabase } from './database.js';

/** Shorter words are near to too many others. */
const MIN_CHARACTERS = 4;
/** From here on two errors are forgiven. */
const LONG_WORD_CHARACTERS = 8;
/** For all words of a search. What is not found by then is not corrected: a search must not delay other visitors. */
const MAX_MS = 8;
/** Between two looks at the clock. */
const WORDS_BETWEEN = 64;
const MAX_REMEMBERED = 1_000;
const ONE_WORD = /^[\p{L}\p{N}]+$/u;

interface Word {
  readonly term: string;
  /** In how many torrents it is. */
  readonly doc: number;
}

export class Spelling {
  readonly #database: SqliteDatabase;
  /** Also of words that nothing is near to. */
  readonly #remembered = new Map<string, string | undefined>();

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** By word. Words that nothing is near to have none. */
  corrections(words: readonly string[]): Map<string, string> {
    const endMs = performance.now() + MAX_MS;
    const found = new Map<string, string>();
    for (const word of words) {
      const near = this.#remembered.has(word) ? this.#remembered.get(word) : this.#nearest(word, endMs);
      if (near !== undefined) found.set(word, near);
    }
    return found;
  }

  /**
   * The nearest word with the same first letter: one insertion, omission, other letter or exchange of neighbours away,
   * two for long words. Of several the one in most torrents. Words that begin with the same two letters come first.
   */
  #nearest(word: string, endMs: number): string | undefined {
    if (!ONE_WORD.test(word) || word.length < MIN_CHARACTERS) return undefined;
    const [first = '', second = ''] = word;
    const last = '\u{10ffff}';
    const ranges = [
      [first + second, first + second + last],
      [first, first + second],
      [first + second + last, first + last],
    ] as const;
    const nearest = new Nearest(word);
    for (const [from, below] of ranges) {
      if (!this.#compare(nearest, from, below, endMs)) return nearest.term;
      if (nearest.distance === 1) break;
    }
    if (this.#remembered.size === MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(word, nearest.term);
    return nearest.term;
  }

  /** @returns false if time was up */
  #compare(nearest: Nearest, from: string, below: string, endMs: number): boolean {
    const words = this.#database
      .prepare<[string, string, number, number], Word>(
        `SELECT term, doc FROM catalogue_vocabulary WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ?`,
      )
      .iterate(from, below, nearest.minLength, nearest.maxLength);
    let compared = 0;
    for (const word of words) {
      nearest.compare(word);
      if (++compared % WORDS_BETWEEN === 0 && performance.now() > endMs) return false;
    }
    return performance.now() <= endMs;
  }
}

class Nearest {
  readonly #word: string;
  readonly #allowed: number;
  #best: (Word & { readonly distance: number }) | undefined;

  constructor(word: string) {
    this.#word = word;
    this.#allowed = word.length >= LONG_WORD_CHARACTERS ? 2 : 1;
  }

  get minLength(): number {
    return this.#word.length - this.#allowed;
  }

  get maxLength(): number {
    return this.#word.length + this.#allowed;
  }

  get term(): string | undefined {
    return this.#best?.term;
  }

  get distance(): number | undefined {
    return this.#best?.distance;
  }

  compare({ term, doc }: Word): void {
    const distance = distanceOf(this.#word, term);
    if (distance === 0 || distance > this.#allowed) return;
    const best = this.#best;
    if (best === undefined || distance < best.distance || (distance === best.distance && doc > best.doc)) {
      this.#best = { term, doc, distance };
    }
  }
}

/** Optimal string alignment distance. */
function distanceOf(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, beforeLast[j - 2]! + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
