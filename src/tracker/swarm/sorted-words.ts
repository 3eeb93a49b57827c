/** Searching, inserting and removing in sorted runs of 32-bit words of the arena. */

/** Below this many words a loop beats the call of `copyWithin`. */
const SHORT_MOVE = 24;

/** @returns the first position in [from, to) whose word is at least `word`, or `to` */
export function lowerBound(words: Uint32Array, from: number, to: number, word: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (words[middle]! < word) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Moves [from, to) by one place up or down. */
export function shiftByOne(words: Uint32Array, from: number, to: number, by: 1 | -1): void {
  if (to - from > SHORT_MOVE) {
    words.copyWithin(from + by, from, to);
  } else if (by === 1) {
    for (let i = to - 1; i >= from; i--) words[i + 1] = words[i]!;
  } else {
    for (let i = from; i < to; i++) words[i - 1] = words[i]!;
  }
}
