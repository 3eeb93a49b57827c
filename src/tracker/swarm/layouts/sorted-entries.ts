/** Searching, inserting and removing in sorted runs of entries in the arena: some words each, sorted by their first. */

/** Below this many words a loop beats the call of `copyWithin`. */
const SHORT_MOVE = 24;

/**
 * @param base where entry 0 lies
 * @returns the first entry in [from, to) whose word is at least `word`, or `to`
 */
export function lowerBound(
  words: Uint32Array,
  base: number,
  entryWords: number,
  from: number,
  to: number,
  word: number,
): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (words[base + middle * entryWords]! < word) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Moves the entries [from, to) by one place up or down. */
export function shiftEntries(
  words: Uint32Array,
  base: number,
  entryWords: number,
  from: number,
  to: number,
  by: 1 | -1,
): void {
  const start = base + from * entryWords;
  const end = base + to * entryWords;
  const distance = by * entryWords;
  if (end - start > SHORT_MOVE) {
    words.copyWithin(start + distance, start, end);
  } else if (by === 1) {
    for (let i = end - 1; i >= start; i--) words[i + distance] = words[i]!;
  } else {
    for (let i = start; i < end; i++) words[i + distance] = words[i]!;
  }
}
