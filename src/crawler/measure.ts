/** Asks original trackers for the size of swarms, each tracker once for all torrents that name it. */
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { maskUrlSecrets } from '../domain/mask-url-secrets.js';
import { largest } from './candidate.js';
import { inParallel } from './in-parallel.js';
import { MAX_CONCURRENT_SCRAPES, MAX_SCRAPED_TRACKERS } from './limits.js';
import { orAborted } from './or-aborted.js';
import type { ScrapedSwarm, Scraper } from './source.js';

export interface TrackedTorrent {
  readonly infoHash: InfoHash;
  readonly trackers: readonly string[];
}

export interface SwarmCounts {
  readonly seeds: number;
  readonly leechers: number;
  /** Completed so far. */
  readonly downloads: number | undefined;
}

export interface Measured {
  readonly counts: ReadonlyMap<InfoHash, SwarmCounts>;
  /** Trackers that did not answer, with the reason. */
  readonly failures: readonly { readonly tracker: string; readonly reason: string }[];
}

/** The largest of several answers counts. @throws only if the signal is aborted */
export async function measureSwarms(
  torrents: readonly TrackedTorrent[],
  scraper: Scraper,
  signal: AbortSignal | undefined,
): Promise<Measured> {
  const hashesByTracker = new Map<string, InfoHash[]>();
  for (const { infoHash, trackers } of torrents) {
    for (const tracker of trackers.slice(0, MAX_SCRAPED_TRACKERS)) {
      const hashes = hashesByTracker.get(tracker);
      if (hashes === undefined) hashesByTracker.set(tracker, [infoHash]);
      else hashes.push(infoHash);
    }
  }
  const counts = new Map<InfoHash, SwarmCounts>();
  const failures: { tracker: string; reason: string }[] = [];
  await inParallel([...hashesByTracker], MAX_CONCURRENT_SCRAPES, async ([url, infoHashes]) => {
    const tracker = maskUrlSecrets(url);
    try {
      const swarms = await orAborted(scraper.scrape([url], infoHashes), signal);
      if (swarms.size === 0) failures.push({ tracker, reason: 'it does not answer, or knows none of these torrents' });
      for (const [infoHash, swarm] of swarms) counts.set(infoHash, larger(counts.get(infoHash), swarm));
    } catch (thrown) {
      signal?.throwIfAborted();
      failures.push({ tracker, reason: messageOf(thrown) });
    }
  });
  return { counts, failures };
}

function larger(before: SwarmCounts | undefined, { seeders, leechers, completed }: ScrapedSwarm): SwarmCounts {
  return {
    seeds: Math.max(before?.seeds ?? 0, seeders),
    leechers: Math.max(before?.leechers ?? 0, leechers),
    downloads: largest(before?.downloads, completed),
  };
}
