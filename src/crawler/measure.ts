/** Swarm sizes from the original trackers, for torrents whose source does not tell them. */
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { largest } from './candidate.js';
import { MAX_SCRAPED_TRACKERS } from './limits.js';
import type { Scraper } from './source.js';

export interface Measured {
  readonly counts: ReadonlyMap<InfoHash, { seeds: number | undefined; leechers: number | undefined }>;
  /** Trackers that did not answer, with the reason. */
  readonly failures: readonly { tracker: string; reason: string }[];
}

/** Each tracker is asked once for all torrents that name it; of several answers the largest number counts. */
export async function measureSwarms(
  torrents: readonly { infoHash: InfoHash; trackerTiers: readonly (readonly string[])[] }[],
  scraper: Scraper,
  signal: AbortSignal | undefined,
): Promise<Measured> {
  const hashesByTracker = new Map<string, InfoHash[]>();
  for (const { infoHash, trackerTiers } of torrents) {
    for (const tracker of trackerTiers.flat().slice(0, MAX_SCRAPED_TRACKERS)) {
      hashesByTracker.set(tracker, [...(hashesByTracker.get(tracker) ?? []), infoHash]);
    }
  }
  const counts = new Map<InfoHash, { seeds: number | undefined; leechers: number | undefined }>();
  const failures: { tracker: string; reason: string }[] = [];
  await Promise.all(
    [...hashesByTracker].map(async ([tracker, infoHashes]) => {
      try {
        const swarms = await scraper.scrape([tracker], infoHashes);
        signal?.throwIfAborted();
        if (swarms.size === 0) failures.push({ tracker, reason: 'it tells nothing about these torrents' });
        for (const [infoHash, { seeders, leechers }] of swarms) {
          const before = counts.get(infoHash);
          counts.set(infoHash, {
            seeds: largest(before?.seeds, seeders),
            leechers: largest(before?.leechers, leechers),
          });
        }
      } catch (thrown) {
        signal?.throwIfAborted();
        failures.push({ tracker, reason: messageOf(thrown) });
      }
    }),
  );
  return { counts, failures };
}
