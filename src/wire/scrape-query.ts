/** The query of an HTTP scrape (BEP 48): any number of `info_hash`, in order, up to a limit. */
import { decodeQueryBytes } from './query-values.js';

export const SCRAPE_BAD_HASH = -1;

const INFO_HASH = Uint8Array.from('info_hash', (c) => c.charCodeAt(0));
const AMPERSAND = 0x26;
const EQUALS = 0x3d;

/**
 * @param hashes takes 20 bytes a hash; as many as fit are read, the rest is left out
 * @returns how many hashes, or {@link SCRAPE_BAD_HASH} where one is not 20 bytes
 */
export function parseScrapeQuery(bytes: Uint8Array, start: number, end: number, hashes: Uint8Array): number {
  const max = Math.floor(hashes.length / 20);
  let count = 0;
  let at = start;
  while (at < end && count < max) {
    const nameStart = at;
    while (at < end && bytes[at] !== AMPERSAND) at++;
    const partEnd = at++;
    const valueStart = nameStart + INFO_HASH.length + 1;
    if (valueStart > partEnd || bytes[valueStart - 1] !== EQUALS) continue;
    let i = 0;
    while (i < INFO_HASH.length && bytes[nameStart + i] === INFO_HASH[i]) i++;
    if (i < INFO_HASH.length) continue;
    if (decodeQueryBytes(bytes, valueStart, partEnd, hashes, 20 * count, 20) !== 20) return SCRAPE_BAD_HASH;
    count++;
  }
  return count;
}
