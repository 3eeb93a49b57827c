/**
 * Numbers of 16 bits as a Rice code: the upper part of each in unary, the lower `k` bits as they are. Short for small numbers, and
 * without a table, which would be larger than a block. A number whose upper part is too long follows in full.
 */

const MAX_K = 14;
/** So many ones announce a number in full. */
const ESCAPE = 20;
const FULL_BITS = 16;

/** @returns `k` in the first byte, then the code */
export function writeRice(numbers: Uint16Array): Buffer {
  const k = bestK(numbers);
  const bytes = Buffer.alloc(1 + Math.ceil(bitsOf(numbers, k) / 8));
  bytes[0] = k;
  let at = 8;
  const write = (value: number, bits: number): void => {
    for (let i = bits - 1; i >= 0; i--, at++) if ((value >> i) & 1) bytes[at >> 3]! |= 0x80 >> (at & 7);
  };
  for (const number of numbers) {
    const upper = number >> k;
    if (upper >= ESCAPE) {
      write(2 ** ESCAPE - 1, ESCAPE);
      write(number, FULL_BITS);
    } else {
      write(2 ** (upper + 1) - 2, upper + 1);
      write(number & (2 ** k - 1), k);
    }
  }
  return bytes;
}

/** @returns undefined if the bytes are too short for `count` numbers, or have too many */
export function readRice(bytes: Buffer, count: number): Uint16Array | undefined {
  const k = bytes[0];
  if (k === undefined || k > MAX_K) return undefined;
  const end = bytes.length * 8;
  const numbers = new Uint16Array(count);
  let at = 8;
  const bit = (): number => (bytes[at >> 3]! >> (7 - (at++ & 7))) & 1;
  const read = (bits: number): number => {
    let value = 0;
    for (let i = 0; i < bits; i++) value = value * 2 + bit();
    return value;
  };
  for (let i = 0; i < count; i++) {
    let upper = 0;
    while (upper < ESCAPE && at < end && bit() === 1) upper++;
    const bits = upper === ESCAPE ? FULL_BITS : k;
    if (at + bits > end) return undefined;
    numbers[i] = upper === ESCAPE ? read(bits) : upper * 2 ** k + read(bits);
  }
  return end - at < 8 ? numbers : undefined;
}

function bestK(numbers: Uint16Array): number {
  let best = 0;
  for (let k = 1; k <= MAX_K; k++) if (bitsOf(numbers, k) < bitsOf(numbers, best)) best = k;
  return best;
}

function bitsOf(numbers: Uint16Array, k: number): number {
  return numbers.reduce((sum, number) => sum + (number >> k < ESCAPE ? (number >> k) + 1 + k : ESCAPE + FULL_BITS), 0);
}
