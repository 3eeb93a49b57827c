/**
 * Which call a path means: `/announce`, `/announce.php`, `/<passkey>/announce`, the same of `scrape` (BEP 48: the last
 * segment decides), with any number of extra slashes.
 */

export const PATH_OTHER = 0;
export const PATH_ANNOUNCE = 1;
export const PATH_SCRAPE = 2;

const SLASH = 0x2f;
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const ANNOUNCE = ascii('announce');
const SCRAPE = ascii('scrape');
const PHP = ascii('.php');

function startsWith(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start < word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word[i]) return false;
  return true;
}

function isNameOrPhp(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (!startsWith(bytes, start, end, name)) return false;
  const rest = end - start - name.length;
  return rest === 0 || (rest === PHP.length && startsWith(bytes, start + name.length, end, PHP));
}

/** @returns one of the `PATH_` constants */
export function classifyPath(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && bytes[last - 1] === SLASH) last--;
  let first = last;
  while (first > start && bytes[first - 1] !== SLASH) first--;
  if (first === start) return PATH_OTHER;
  if (isNameOrPhp(bytes, first, last, ANNOUNCE)) return PATH_ANNOUNCE;
  if (isNameOrPhp(bytes, first, last, SCRAPE)) return PATH_SCRAPE;
  return PATH_OTHER;
}
