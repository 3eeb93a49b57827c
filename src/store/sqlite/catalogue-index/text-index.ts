/**
 * Which entries have the terms of a search, from two full-text indexes: of words, and of parts of words. What a search may
 * cost is bounded. The index of words is cheap; that of parts is asked only if few torrents have the terms as words, and for
 * a limited number of parts. Terms that it was not asked for are looked for in the texts of what was found.
 */
import type { SearchTerms } from '../catalogue-search-text.js';
import type { SqliteDatabase } from '../database.js';

/** The parts in the index have three characters. */
const PART_CHARACTERS = 3;
/** Parts that are looked up for one search. Each costs up to a millisecond among 100,000 torrents. */
const MAX_PARTS = 12;
/** Where so many torrents have the terms as words, those that have them within longer words are left out. */
const ENOUGH = 1_000;
/** Words that are excluded by the index: each costs some milliseconds, because all torrents that have it are read. */
const MAX_LISTS = 4;
/** Texts that are read for terms that the indexes were not asked for; a text takes some microseconds. */
export const MAX_VERIFIED = 1_000;
const COMMA = 44;
const ZERO = 48;
const WORD = /^[\p{L}\p{N}]+$/u;

/** Ids of entries, in ascending order. */
export type EntryIds = Uint32Array;

export interface TextMatches {
  /** Undefined: the indexes were asked for nothing, so all may have the terms. */
  readonly ids: EntryIds | undefined;
  /** Terms that the entries need not have yet. */
  readonly unverified: readonly string[];
  /** To be used if `ids` are too many to verify: entries that have all terms, although not all of them. */
  readonly certain?: EntryIds | undefined;
}

export class TextIndex {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** Entries that have all of these terms. */
  withAll(terms: readonly string[]): TextMatches {
    const distinct = [...new Set(terms)];
    const words = distinct.filter((term) => WORD.test(term));
    const areWords = distinct.length > 0 && words.length === distinct.length;
    const certain = areWords ? this.#words(words.map(quoted)) : undefined;
    if (certain !== undefined && certain.length >= ENOUGH) return { ids: certain, unverified: [] };
    const { parts, unverified } = planParts(distinct);
    const short = words.filter((term) => [...term].length < PART_CHARACTERS).map((word) => `${quoted(word)} *`);
    const byPart = parts.length === 0 ? undefined : this.#parts(parts.map(({ phrase }) => phrase));
    if (short.length === 0 || byPart?.length === 0) return { ids: byPart, unverified, certain };
    const byWord = this.#words(short);
    return { ids: byPart === undefined ? byWord : intersection(byPart, byWord), unverified, certain };
  }

  /** Entries that have any of these terms, in several lists: words as whole words, other terms anywhere. */
  withAny(terms: readonly string[]): { readonly lists: readonly EntryIds[]; readonly unverified: readonly string[] } {
    const { parts, unverified } = planParts(terms.filter((term) => !WORD.test(term)));
    const words = [...new Set(terms)].filter((term) => WORD.test(term));
    const lists = words.slice(0, MAX_LISTS).map((word) => this.#words([quoted(word)]));
    // The beginning of a long term would exclude too much.
    for (const { phrase, isWhole } of parts) if (isWhole) lists.push(this.#parts([phrase]));
    return { lists, unverified: [...unverified, ...words.slice(MAX_LISTS)] };
  }

  /** Whether the term is not a word, or a whole word of any entry. */
  isKnown(word: string): boolean {
    return (
      !WORD.test(word) ||
      this.#database
        .prepare<[string], number>('SELECT 1 FROM catalogue_words WHERE catalogue_words MATCH ? LIMIT 1')
        .get(quoted(word)) !== undefined
    );
  }

  /** Whether the text of the entry has all of `included` and none of `excluded`. */
  verify(entryId: number, { included, excluded }: SearchTerms): boolean {
    const text =
      this.#database
        .prepare<[number], string>('SELECT text FROM catalogue_text WHERE rowid = ?')
        .pluck()
        .get(entryId) ?? '';
    return included.every((term) => text.includes(term)) && !excluded.some((term) => text.includes(term));
  }

  #words(terms: readonly string[]): EntryIds {
    return this.#match('catalogue_words', terms);
  }

  #parts(phrases: readonly string[]): EntryIds {
    return this.#match('catalogue_text', phrases);
  }

  /** One string of all ids costs a fifth of a row for each. */
  #match(table: string, expressions: readonly string[]): EntryIds {
    const ids = this.#database
      .prepare<[string], string | null>(`SELECT group_concat(rowid) FROM ${table} WHERE ${table} MATCH ?`)
      .pluck()
      .get(expressions.join(' AND '));
    return readIds(ids ?? '');
  }
}

interface PartsPlan {
  /** Of FTS5, for a whole term or for its beginning. */
  readonly parts: readonly { readonly phrase: string; readonly isWhole: boolean }[];
  /** Terms that the phrases do not tell of, or only in part. Short words are not among them. */
  readonly unverified: readonly string[];
}

function planParts(terms: readonly string[]): PartsPlan {
  const parts: { phrase: string; isWhole: boolean }[] = [];
  const unverified: string[] = [];
  // Longer terms are rarer.
  const byLength = [...new Set(terms)].sort((a, b) => b.length - a.length);
  let left = MAX_PARTS;
  for (const term of byLength) {
    const characters = [...term];
    const count = characters.length - PART_CHARACTERS + 1;
    if (count < 1) {
      if (!WORD.test(term)) unverified.push(term);
      continue;
    }
    const used = Math.min(count, left);
    const beginning = characters.slice(0, used + PART_CHARACTERS - 1).join('');
    if (used > 0) parts.push({ phrase: quoted(beginning), isWhole: used === count });
    if (used < count) unverified.push(term);
    left -= used;
  }
  return { parts, unverified };
}

function quoted(term: string): string {
  return `"${term.replaceAll('"', '""')}"`;
}

/** `1,5,17`: faster than `split` and `Number`. */
function readIds(text: string): EntryIds {
  // An id takes a digit and a comma at least.
  const ids = new Uint32Array((text.length + 1) >>> 1);
  let count = 0;
  let id = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === COMMA) {
      ids[count++] = id;
      id = 0;
    } else id = 10 * id + code - ZERO;
  }
  if (text !== '') ids[count++] = id;
  return ids.subarray(0, count);
}

function intersection(a: EntryIds, b: EntryIds): EntryIds {
  const both = new Uint32Array(Math.min(a.length, b.length));
  let count = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      both[count++] = a[i++]!;
      j++;
    } else if (a[i]! < b[j]!) i++;
    else j++;
  }
  return both.subarray(0, count);
}
