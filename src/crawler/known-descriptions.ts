/**
 * Fetches descriptions of candidates, once per crawl and only if the catalogue has no fresh one. Feeds are written by
 * strangers: only a file that was fetched from an address proves which torrent is there.
 */
import type { Clock } from '../domain/clock.js';
import type { InfoHash } from '../domain/info-hash.js';
import { addressKey } from '../domain/site-address.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { KnownFile } from '../store/sqlite/catalogue-crawl-state.js';
import type { Candidate } from './candidate.js';
import { type Described, type DescriptionReading, describe, fetchable, infoHashOfMagnet } from './description.js';

/** Which torrent is at which address, as fetches have proven. */
export interface ProvenAddresses {
  /** Addresses of torrents in the catalogue. */
  readonly stored: ReadonlyMap<string, InfoHash>;
  readonly others: ReadonlyMap<string, KnownFile>;
}

/** Adds the info-hash that was found at its address, which is more reliable than what a feed states. */
export function identified(candidate: Candidate, { stored, others }: ProvenAddresses): Candidate {
  const { infoHash, magnet, torrentUrls } = candidate;
  const [first] = torrentUrls;
  if (first !== undefined) {
    const key = URL.canParse(first) ? addressKey(first) : first;
    return { ...candidate, infoHash: stored.get(key) ?? others.get(key)?.infoHash ?? infoHash };
  }
  return { ...candidate, infoHash: infoHash ?? (magnet === undefined ? undefined : infoHashOfMagnet(magnet)) };
}

export interface KnownDescriptions extends DescriptionReading {
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly refetchMs: number;
  readonly proven: ProvenAddresses;
}

/** The stored description if it is fresh or cannot be fetched again, else a new one. */
export async function describeKnown(
  candidate: Candidate,
  known: KnownDescriptions,
  signal: AbortSignal | undefined,
): Promise<Described> {
  const { catalogue, clock, refetchMs, proven } = known;
  const stored = candidate.infoHash === undefined ? undefined : catalogue.get(candidate.infoHash);
  if (stored !== undefined) {
    const [first] = candidate.torrentUrls;
    const fresh = clock.nowMs() - stored.fetchedMs < refetchMs;
    // A feed may name the wrong torrent for an address; only a fetch proves it.
    const isProven =
      first !== undefined && URL.canParse(first) && proven.stored.get(addressKey(first)) === stored.infoHash;
    // Peers may have the description of what is known as a link only.
    const isComplete = stored.magnet === undefined || known.metadata === undefined;
    const isFinal = fetchable(candidate.torrentUrls).length === 0 ? fresh || isComplete : fresh && isProven;
    if (isFinal) return { kind: 'stored', torrent: stored };
  }
  const described = await describe(candidate, known, signal);
  return described.kind === 'failed' && stored !== undefined ? { kind: 'stored', torrent: stored } : described;
}
