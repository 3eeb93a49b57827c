/**
 * The words that flat candidates are sorted by: the standing key, and below it the peer's slot, permuted. An answer is a range
 * of sorted words, and slots follow the order of arrival. Without the permutation an answer would be a cohort, that is peers
 * that arrived one after the other, and all peers of an old cohort are full.
 */

const SLOT_BITS = 14;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
/** Odd, and near the golden section of the slots, so that neighbours in the order differ much in age, whatever their number. */
const SCATTER = 10_125;
const GATHER = inverseOf(SCATTER);

/** @param slot 0 … 2¹⁴ − 1 */
export function sortedWord(key: number, slot: number): number {
  return ((key << SLOT_BITS) | (Math.imul(slot, SCATTER) & SLOT_MASK)) >>> 0;
}

/** The lowest word of a key. */
export function firstWordOf(key: number): number {
  return (key << SLOT_BITS) >>> 0;
}

export function keyOfWord(word: number): number {
  return word >>> SLOT_BITS;
}

export function slotOfWord(word: number): number {
  return Math.imul(word, GATHER) & SLOT_MASK;
}

/** The inverse of an odd number, modulo a power of two, by Newton's iteration: each step doubles the correct bits. */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let bits = 3; bits < SLOT_BITS; bits *= 2) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse & SLOT_MASK;
}
