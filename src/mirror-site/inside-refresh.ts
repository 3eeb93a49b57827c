/**
 * Counts the peers inside the network of every torrent of the catalogue, again and again, so that lists can be sorted by
 * them. While the tracker is down the counts stay as they are.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { InfoHash } from '../domain/info-hash.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import { countsByTorrent, hashesOf, type ReadSwarmCounts, type SwarmCounts } from './inner-counts.js';

/** Torrents that the tracker is asked for at once. */
const CHUNK = 100;
/** Between chunks, so that neither thread is busy with counting alone. */
const CHUNK_PAUSE_MS = 10;
/** Between passes over the catalogue. */
const PAUSE_MS = 5_000;
const NOBODY: SwarmCounts = { seeds: 0, leechers: 0 };

export interface InsideRefreshOptions {
  readonly catalogue: Pick<Catalogue, 'swarmsAfter' | 'storeInsideCounts'>;
  /** Rejects while the tracker is down. */
  readonly read: ReadSwarmCounts;
  /** Called for a defect: the counts could not be stored. */
  readonly onError: (thrown: unknown) => void;
  readonly pauseMs?: number;
}

/** @returns a function that ends it */
export function refreshInsideCounts(options: InsideRefreshOptions): () => Promise<void> {
  const { onError, pauseMs = PAUSE_MS } = options;
  const ended = new AbortController();
  const run = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await refreshOnce(options, ended.signal).catch(onError);
      await pause(pauseMs, ended.signal);
    }
  };
  const running = run();
  return () => {
    ended.abort();
    return running;
  };
}

async function refreshOnce({ catalogue, read }: InsideRefreshOptions, signal: AbortSignal): Promise<void> {
  for (let after: InfoHash | '' = ''; !signal.aborted; ) {
    const swarms = catalogue.swarmsAfter(after, CHUNK);
    const counts = await read(hashesOf(swarms)).catch(() => undefined);
    if (swarms.length === 0 || counts === undefined || signal.aborted) return;
    const known = countsByTorrent(swarms, counts);
    const changed = swarms.flatMap(({ infoHash, inside }): [InfoHash, SwarmCounts][] => {
      const now = known.get(infoHash) ?? NOBODY;
      return now.seeds === inside.seeds && now.leechers === inside.leechers ? [] : [[infoHash, now]];
    });
    if (changed.length > 0) catalogue.storeInsideCounts(new Map(changed));
    after = swarms.at(-1)!.infoHash;
    await pause(CHUNK_PAUSE_MS, signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
