/** The query of an HTTP scrape (BEP 48): any number of `info_hash`, in order, up to a limit. */
import { PARAMETER_INFO_HASH, QueryParameters } from './query-parameters.js';
import { decodeQueryBytes } from './query-values.js';

export const SCRAPE_BAD_HASH = -1;

/** Shared by all calls, which are synchronous. */
const parameters = new QueryParameters();

/**
 * @param hashes receives 20 bytes per hash; hashes that do not fit are ignored
 * @returns how many hashes, or {@link SCRAPE_BAD_HASH} if one is not 20 bytes
 */
export function parseScrapeQuery(bytes: Uint8Array, start: number, end: number, hashes: Uint8Array): number {
  const max = Math.floor(hashes.length / 20);
  let count = 0;
  parameters.begin(bytes, start, end);
  while (count < max && parameters.next()) {
    const { name, hasValue, rawStart, rawEnd } = parameters;
    if (name !== PARAMETER_INFO_HASH || !hasValue) continue;
    if (decodeQueryBytes(bytes, rawStart, rawEnd, hashes, 20 * count, 20) !== 20) return SCRAPE_BAD_HASH;
    count++;
  }
  return count;
}
