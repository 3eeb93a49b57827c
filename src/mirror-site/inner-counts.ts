/** How many seeds and leechers the alias tracker has for the torrents of a page. */
import type { InfoHash } from '../domain/info-hash.js';
import type { CatalogueSummary } from '../store/sqlite/catalogue-torrent.js';
import type { SwarmCounts } from './catalogue-page.js';

/** Swarm sizes from the alias tracker; unknown swarms are omitted. */
export type ReadSwarmCounts = (infoHashes: readonly InfoHash[]) => Promise<ReadonlyMap<InfoHash, SwarmCounts>>;

/** Longer than a busy tracker needs, shorter than a visitor waits. In ms. */
const COUNTS_TIMEOUT_MS = 500;

/**
 * If the tracker does not answer in time, the page appears without its numbers.
 * @param onError called with the reason
 */
export async function innerCounts(
  torrents: readonly CatalogueSummary[],
  read: ReadSwarmCounts | undefined,
  onError: (thrown: unknown) => void,
): Promise<Map<InfoHash, SwarmCounts>> {
  const hashes = torrents.flatMap(({ infoHash, hybridInfoHash }) => [
    infoHash,
    ...(hybridInfoHash ? [hybridInfoHash] : []),
  ]);
  const counts = await withinTime(read?.(hashes), COUNTS_TIMEOUT_MS).catch((thrown: unknown) => {
    onError(thrown);
    return undefined;
  });
  const result = new Map<InfoHash, SwarmCounts>();
  for (const { infoHash, hybridInfoHash } of torrents) {
    const v1 = counts?.get(infoHash);
    const v2 = hybridInfoHash === undefined ? undefined : counts?.get(hybridInfoHash);
    // A client of a hybrid torrent is in both swarms, so the larger count is closer than the sum.
    const larger = v1 !== undefined && v2 !== undefined ? maxCounts(v1, v2) : (v1 ?? v2);
    if (larger !== undefined) result.set(infoHash, larger);
  }
  return result;
}

function maxCounts(a: SwarmCounts, b: SwarmCounts): SwarmCounts {
  return { seeds: Math.max(a.seeds, b.seeds), leechers: Math.max(a.leechers, b.leechers) };
}

async function withinTime<T>(work: Promise<T> | undefined, timeoutMs: number): Promise<T | undefined> {
  if (work === undefined) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the tracker did not report its swarms within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
