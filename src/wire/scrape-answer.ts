/**
 * The bencoded answer to an HTTP scrape (BEP 48). The keys of the `files` dictionary are the raw 20-byte hashes, so
 * they must be sorted and unique in whatever order the client asked.
 */
import { asciiBytes, copyBytes, writeBytes, writeDecimal } from './write-bytes.js';

const FILES = asciiBytes('d5:filesd');
const KEY = asciiBytes('20:');
const COMPLETE = asciiBytes('d8:completei');
const DOWNLOADED = asciiBytes('e10:downloadedi');
const INCOMPLETE = asciiBytes('e10:incompletei');
const END = 0x65;

function compareHashes(hashes: Uint8Array, a: number, b: number): number {
  for (let i = 0; i < 20; i++) {
    const difference = hashes[20 * a + i]! - hashes[20 * b + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Sorts the first `count` hashes by their bytes and drops duplicates.
 * @param order receives the indices of the hashes to answer, sorted; as long as the largest count
 * @returns how many remain
 */
export function sortHashes(hashes: Uint8Array, count: number, order: Uint8Array): number {
  let kept = 0;
  for (let index = 0; index < count; index++) {
    let at = kept;
    let comparison = 1;
    while (at > 0) {
      comparison = compareHashes(hashes, index, order[at - 1]!);
      if (comparison >= 0) break;
      at--;
    }
    if (at > 0 && comparison === 0) continue;
    for (let move = kept; move > at; move--) order[move] = order[move - 1]!;
    order[at] = index;
    kept++;
  }
  return kept;
}

export function writeScrapeStart(out: Uint8Array, at: number): number {
  return writeBytes(out, at, FILES);
}

export function writeScrapeFile(
  out: Uint8Array,
  start: number,
  hashes: Uint8Array,
  hashOffset: number,
  complete: number,
  downloaded: number,
  incomplete: number,
): number {
  let at = copyBytes(out, writeBytes(out, start, KEY), hashes, hashOffset, 20);
  at = writeDecimal(out, writeBytes(out, at, COMPLETE), complete);
  at = writeDecimal(out, writeBytes(out, at, DOWNLOADED), downloaded);
  at = writeDecimal(out, writeBytes(out, at, INCOMPLETE), incomplete);
  out[at++] = END;
  out[at++] = END;
  return at;
}

export function writeScrapeEnd(out: Uint8Array, at: number): number {
  out[at] = END;
  out[at + 1] = END;
  return at + 2;
}
