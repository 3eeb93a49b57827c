/**
 * The words that flat candidates are sorted by: the standing key, and below it the peer's slot, scattered. Answers are
 * stretches of sorted words, and slots are given in the order of arrival: by plain slots an answer would be a cohort, and
 * whoever drew an old one would find all of it full.
 */

const SLOT_BITS = 14;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
/** Odd, and near the golden section of the slots: neighbours in the order are far apart in age, whatever their number. */
const SCATTER = 10_125;
const GATHER = inverseOf(SCATTER);

/** @param slot 0 … 2¹⁴ − 1 */
export function sortedWord(key: number, slot: number): number {
  return ((key << SLOT_BITS) | (Math.imul(slot, SCATTER) & SLOT_MASK)) >>> 0;
}

/** The least word of a key. */
export function firstWordOf(key: number): number {
  return (key << SLOT_BITS) >>> 0;
}

export function keyOfWord(word: number): number {
  return word >>> SLOT_BITS;
}

export function slotOfWord(word: number): number {
  return Math.imul(word, GATHER) & SLOT_MASK;
}

/** Of an odd number, modulo a power of two, by Newton's iteration: each step doubles the bits that are right. */
function inverseOf(odd: number): number {
  let inverse = odd;
  for (let bits = 3; bits < SLOT_BITS; bits *= 2) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return inverse & SLOT_MASK;
}
