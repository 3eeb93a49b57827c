/** Finds the words of the catalogue that misspelt words of a search mean. */
import type { SqliteDatabase } from './database.js';

/** Shorter words are near to too many others. */
const MIN_CHARACTERS = 4;
/** From here on two errors are forgiven. */
const LONG_WORD_CHARACTERS = 8;
/** Words with the same first letter that are compared, at most. */
const MAX_COMPARED = 20_000;
const ONE_WORD = /^[\p{L}\p{N}]+$/u;

/**
 * The nearest word with the same first letter: one insertion, omission, other letter or exchange of neighbours away,
 * two for long words. Of several the one in most torrents.
 */
export function nearestWord(database: SqliteDatabase, word: string): string | undefined {
  if (!ONE_WORD.test(word) || word.length < MIN_CHARACTERS) return undefined;
  const allowed = word.length >= LONG_WORD_CHARACTERS ? 2 : 1;
  const first = String.fromCodePoint(word.codePointAt(0)!);
  const candidates = database
    .prepare<[string, string, number, number, number], { term: string; doc: number }>(
      `SELECT term, doc FROM catalogue_vocabulary
       WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ? LIMIT ?`,
    )
    .all(first, `${first}\u{10ffff}`, word.length - allowed, word.length + allowed, MAX_COMPARED);
  let best: { term: string; doc: number; distance: number } | undefined;
  for (const { term, doc } of candidates) {
    const distance = distanceOf(word, term);
    if (distance === 0 || distance > allowed) continue;
    if (best === undefined || distance < best.distance || (distance === best.distance && doc > best.doc)) {
      best = { term, doc, distance };
    }
  }
  return best?.term;
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
