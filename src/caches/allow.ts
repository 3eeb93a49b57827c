/** What the operator allows a cache to hold (`caches.allow`): nothing that is not named. */
import type { InfoHash } from '../domain/info-hash.js';

export interface Allow {
  readonly sources: readonly string[];
  /** Patterns with `*` (any text) and `?` (one character); letters of either case are the same. */
  readonly names: readonly string[];
  readonly infoHashes: readonly InfoHash[];
}

export interface NamedTorrent {
  readonly infoHash: InfoHash;
  readonly hybridInfoHash?: InfoHash | undefined;
  readonly name: string;
  /** Name of the crawler's source. */
  readonly source: string;
}

export function isAllowed({ sources, names, infoHashes }: Allow, torrent: NamedTorrent): boolean {
  return (
    sources.includes(torrent.source) ||
    infoHashes.includes(torrent.infoHash) ||
    (torrent.hybridInfoHash !== undefined && infoHashes.includes(torrent.hybridInfoHash)) ||
    names.some((pattern) => matchesPattern(pattern.toLowerCase(), torrent.name.toLowerCase()))
  );
}

/** In time proportional to the product of both lengths, whatever the pattern. */
function matchesPattern(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let retry = 0;
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++retry;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
