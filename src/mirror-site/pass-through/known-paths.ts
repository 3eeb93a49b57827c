/**
 * What the catalogue knows of an original's addresses, remembered for a moment: every request in an original's place asks,
 * most of them for pictures and pages that the catalogue never had.
 */
import type { InfoHash } from '../../domain/info-hash.js';

export type KnownPath = { readonly infoHash: InfoHash; readonly kind: 'torrent' | 'page' } | undefined;

/** A torrent that a crawl adds is served by the catalogue this much later. In ms. */
const REMEMBERED_MS = 2_000;
/** About 5 MB with long addresses. */
const MAX_PATHS = 10_000;

/** @param find asks the catalogue */
export function knownPaths(find: (host: string, path: string) => KnownPath): (host: string, url: URL) => KnownPath {
  let known = new Map<string, KnownPath>();
  let untilMs = 0;
  const at = (host: string, path: string): KnownPath => {
    const key = `${host}${path}`;
    if (known.has(key)) return known.get(key);
    const found = find(host, path);
    known.set(key, found);
    return found;
  };
  return (host, { pathname, search }) => {
    const nowMs = performance.now();
    if (nowMs > untilMs || known.size > MAX_PATHS) {
      known = new Map();
      untilMs = nowMs + REMEMBERED_MS;
    }
    if (search === '') return at(host, pathname);
    return at(host, pathname + search) ?? at(host, pathname);
  };
}
