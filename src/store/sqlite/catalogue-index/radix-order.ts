/**
 * Sorts slots by numbers, stably and in linear time: 100,000 of them in a few milliseconds, where a comparison sort takes
 * ten times as long. Least significant digit first, on the bits of the numbers.
 */

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const MASK = DIGITS - 1;

export interface SortKey {
  /** Of a slot; NaN comes last, either way. */
  readonly of: Float64Array;
  readonly descending?: boolean;
}

/**
 * @param slots in the order in which equal ones stay
 * @param keys the first one counts most
 */
export function orderBy(slots: Uint32Array, keys: readonly SortKey[]): Uint32Array {
  let order = slots;
  for (const key of [...keys].reverse()) order = sortedBy(order, key);
  return order;
}

function sortedBy(slots: Uint32Array, { of, descending = false }: SortKey): Uint32Array {
  const count = slots.length;
  const low = new Uint32Array(count);
  const high = new Uint32Array(count);
  const number = new Float64Array(1);
  const bits = new Uint32Array(number.buffer);
  for (let i = 0; i < count; i++) {
    const value = of[slots[i]!]!;
    number[0] = Number.isNaN(value) ? Number.POSITIVE_INFINITY : (descending ? -value : value) + 0;
    // Order of unsigned integers is that of the numbers once the sign is flipped, and all bits of negative ones.
    const isNegative = bits[1]! >>> 31 === 1;
    low[i] = isNegative ? ~bits[0]! : bits[0]!;
    high[i] = isNegative ? ~bits[1]! : bits[1]! ^ 0x8000_0000;
  }
  let places = new Uint32Array(count);
  for (let i = 0; i < count; i++) places[i] = i;
  for (const words of [low, high]) {
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) places = sortedByDigit(places, words, shift);
  }
  const result = new Uint32Array(count);
  for (let i = 0; i < count; i++) result[i] = slots[places[i]!]!;
  return result;
}

function sortedByDigit(places: Uint32Array<ArrayBuffer>, words: Uint32Array, shift: number): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(DIGITS);
  for (let i = 0; i < places.length; i++) starts[(words[i]! >>> shift) & MASK]!++;
  let sum = 0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const size = starts[digit]!;
    // All have this digit: nothing to do, as for most digits of small numbers.
    if (size === places.length) return places;
    starts[digit] = sum;
    sum += size;
  }
  const sorted = new Uint32Array(places.length);
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    sorted[starts[(words[place]! >>> shift) & MASK]!++] = place;
  }
  return sorted;
}
