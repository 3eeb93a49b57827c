/** Measures swarm sizes at the original trackers, for candidates whose source states none. */
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { type Candidate, largest, scoreOf } from './candidate.js';
import type { CrawlProgress } from './crawl-result.js';
import type { Described } from './description.js';
import { inParallel } from './in-parallel.js';
import { MAX_SCRAPED_TRACKERS } from './limits.js';
import { orAborted } from './or-aborted.js';
import type { Scraper } from './source.js';

interface Measured {
  readonly counts: ReadonlyMap<InfoHash, { seeds: number | undefined; leechers: number | undefined }>;
  /** Trackers that did not answer, with the reason. */
  readonly failures: readonly { tracker: string; reason: string }[];
}

/** Asks each tracker once for all torrents that name it; the largest of several answers counts. */
async function measureSwarms(
  torrents: readonly { infoHash: InfoHash; trackerTiers: readonly (readonly string[])[] }[],
  scraper: Scraper,
  signal: AbortSignal | undefined,
): Promise<Measured> {
  const hashesByTracker = new Map<string, InfoHash[]>();
  for (const { infoHash, trackerTiers } of torrents) {
    for (const tracker of trackerTiers.flat().slice(0, MAX_SCRAPED_TRACKERS)) {
      const hashes = hashesByTracker.get(tracker);
      if (hashes === undefined) hashesByTracker.set(tracker, [infoHash]);
      else hashes.push(infoHash);
    }
  }
  const counts = new Map<InfoHash, { seeds: number | undefined; leechers: number | undefined }>();
  const failures: { tracker: string; reason: string }[] = [];
  await Promise.all(
    [...hashesByTracker].map(async ([tracker, infoHashes]) => {
      try {
        const swarms = await orAborted(scraper.scrape([tracker], infoHashes), signal);
        if (swarms.size === 0) failures.push({ tracker, reason: 'it reports none of these torrents' });
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

export interface Measuring {
  readonly scraper: Scraper | undefined;
  readonly describe: (candidate: Candidate) => Promise<Described>;
  /** The maximum number of candidates to measure, those with the highest score first. */
  readonly limit: number;
  /** Descriptions fetched concurrently. */
  readonly parallel: number;
  readonly onProgress?: ((progress: CrawlProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Returns the candidates with missing swarm sizes measured. This fetches their descriptions, because only they name the
 * trackers.
 */
export async function measured(candidates: readonly Candidate[], measuring: Measuring): Promise<Candidate[]> {
  const { scraper, describe, limit, parallel, onProgress, signal } = measuring;
  const unknown = candidates
    .filter((candidate) => candidate.seeds === undefined && candidate.leechers === undefined)
    .sort((a, b) => scoreOf(b) - scoreOf(a))
    .slice(0, limit);
  if (scraper === undefined || unknown.length === 0) return [...candidates];
  const torrents = new Map<Candidate, { infoHash: InfoHash; trackerTiers: readonly (readonly string[])[] }>();
  await inParallel(unknown, parallel, async (candidate) => {
    const described = await describe(candidate);
    if (described.kind === 'described') torrents.set(candidate, described.description);
    else if (described.kind === 'stored') torrents.set(candidate, described.torrent);
  });
  const { counts, failures } = await measureSwarms([...torrents.values()], scraper, signal);
  for (const failure of failures) onProgress?.({ step: 'tracker-failed', ...failure });
  onProgress?.({ step: 'measured', torrents: counts.size });
  return candidates.map((candidate) => {
    const infoHash = torrents.get(candidate)?.infoHash;
    return infoHash === undefined ? candidate : { ...candidate, infoHash, ...counts.get(infoHash) };
  });
}
