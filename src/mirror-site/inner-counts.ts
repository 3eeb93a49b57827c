/** How many seeds and leechers inside the network the alias tracker has for torrents. */
import type { InfoHash } from '../domain/info-hash.js';
import type { CatalogueSummary } from '../store/sqlite/catalogue-torrent.js';

export interface SwarmCounts {
  readonly seeds: number;
  readonly leechers: number;
}

/** A torrent with all hashes that its clients announce. */
export type Hashes = Pick<CatalogueSummary, 'infoHash' | 'hybridInfoHash'>;

/** Swarm sizes from the alias tracker; unknown swarms are omitted. */
export type ReadSwarmCounts = (infoHashes: readonly InfoHash[]) => Promise<ReadonlyMap<InfoHash, SwarmCounts>>;

/** Longer than a busy tracker needs, shorter than a visitor waits. In ms. */
const COUNTS_TIMEOUT_MS = 500;

/**
 * If the tracker does not answer in time, the page appears without its numbers.
 * @param onError called with the reason
 */
export async function innerCounts(
  torrents: readonly Hashes[],
  read: ReadSwarmCounts | undefined,
  onError: (thrown: unknown) => void,
): Promise<Map<InfoHash, SwarmCounts>> {
  const counts = await withinTime(read?.(hashesOf(torrents)), COUNTS_TIMEOUT_MS).catch((thrown: unknown) => {
    onError(thrown);
    return undefined;
  });
  return counts === undefined ? new Map() : countsByTorrent(torrents, counts);
}

/** Every hash of these torrents. */
export function hashesOf(torrents: readonly Hashes[]): InfoHash[] {
  return torrents.flatMap(({ infoHash, hybridInfoHash }) => (hybridInfoHash ? [infoHash, hybridInfoHash] : [infoHash]));
}

/** A client of a hybrid torrent is in both of its swarms, so the larger count is closer to the truth than the sum. */
export function countsByTorrent(
  torrents: readonly Hashes[],
  counts: ReadonlyMap<InfoHash, SwarmCounts>,
): Map<InfoHash, SwarmCounts> {
  const result = new Map<InfoHash, SwarmCounts>();
  for (const { infoHash, hybridInfoHash } of torrents) {
    const v1 = counts.get(infoHash);
    const v2 = hybridInfoHash === undefined ? undefined : counts.get(hybridInfoHash);
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
