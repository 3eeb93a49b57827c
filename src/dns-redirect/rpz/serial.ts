/** Serial numbers of zones (RFC 1982): 32 bits, compared around the circle. */

/** Which serials this primary uses, so that two primaries of the same secondaries never give the same number. */
export type SerialParity = 'any' | 'even' | 'odd';

/** @returns whether `a` is later than `b`; false where RFC 1982 leaves it undefined */
export function isLater(a: number, b: number): boolean {
  const distance = (a - b) >>> 0;
  return distance !== 0 && distance < 0x80000000;
}

/**
 * The serial of the next version: the time, so that the version of a primary that was changed last is the latest one
 * whichever primary it is, but always later than the last one.
 * @param last undefined: there was none
 */
export function nextSerial(last: number | undefined, nowSeconds: number, parity: SerialParity): number {
  const now = nowSeconds >>> 0;
  const serial = last === undefined || isLater(now, last) ? now : (last + 1) >>> 0;
  return parity === 'any' || serial % 2 === (parity === 'odd' ? 1 : 0) ? serial : (serial + 1) >>> 0;
}
