/**
 * Fetches descriptions of candidates, once per crawl and only if the catalogue has no fresh one. Feeds are written by
 * strangers: only a file that was fetched from an address proves which torrent is there.
 */
import type { Clock } from '../domain/clock.js';
import type { InfoHash } from '../domain/info-hash.js';
import { siteAddressOf } from '../domain/site-address.js';
import type { PoliteFetcher } from '../net/polite-fetch.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { Candidate } from './candidate.js';
import { type Described, describe, infoHashOfMagnet } from './description.js';
import type { CrawlDocumentReader } from './document-tasks.js';
import type { FetchMetadata } from './metadata-port.js';

export interface DescriptionSources {
  readonly catalogue: Catalogue;
  readonly fetcher: PoliteFetcher;
  readonly documents: CrawlDocumentReader;
  readonly clock: Clock;
  readonly refetchMs: number;
  readonly maxTorrentBytes: number;
  readonly metadata?: FetchMetadata | undefined;
}

/** Adds the info-hash that the catalogue stores for its address, which is more reliable than what a feed states. */
export function identified(candidate: Candidate, catalogue: Catalogue): Candidate {
  const { infoHash, magnet } = candidate;
  const torrentUrl = candidate.torrentUrls[0];
  if (torrentUrl !== undefined) {
    return { ...candidate, infoHash: infoHashAt(torrentUrl, catalogue) ?? infoHash };
  }
  return { ...candidate, infoHash: infoHash ?? (magnet === undefined ? undefined : infoHashOfMagnet(magnet)) };
}

/** The info-hash of the torrent file that was fetched from there. */
function infoHashAt(torrentUrl: string, catalogue: Catalogue): InfoHash | undefined {
  const { host, path } = siteAddressOf(torrentUrl);
  const found = catalogue.findOrigin(host, path);
  return found?.kind === 'torrent' ? found.infoHash : undefined;
}

/** @returns the description of a candidate; the same promise for the same candidate */
export function describer(
  { catalogue, clock, refetchMs, ...sources }: DescriptionSources,
  signal: AbortSignal | undefined,
): (candidate: Candidate) => Promise<Described> {
  const known = new Map<string, Promise<Described>>();
  const find = async (candidate: Candidate): Promise<Described> => {
    const stored = candidate.infoHash === undefined ? undefined : catalogue.get(candidate.infoHash);
    if (stored !== undefined) {
      const torrentUrl = candidate.torrentUrls[0];
      const fresh = clock.nowMs() - stored.fetchedMs < refetchMs;
      // A feed may name the wrong torrent for an address; only a fetch proves it.
      const proven = torrentUrl === undefined || infoHashAt(torrentUrl, catalogue) === stored.infoHash;
      if (torrentUrl === undefined || (fresh && proven)) return { kind: 'stored', torrent: stored };
    }
    const described = await describe(candidate, sources, signal);
    return described.kind === 'failed' && stored !== undefined ? { kind: 'stored', torrent: stored } : described;
  };
  return (candidate) => {
    const key = candidate.torrentUrls[0] ?? candidate.magnet ?? candidate.infoHash ?? '';
    const description = known.get(key) ?? find(candidate);
    known.set(key, description);
    return description;
  };
}
