/**
 * Fetches and checks a torrent's description: what the catalogue stores, or the reason why the torrent is skipped.
 * Private torrents are skipped (BEP 27), and so is everything that is not a torrent.
 */
import { cutToBytes } from '../domain/cut-text.js';
import { ClientError, messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { PoliteFetcher } from '../net/polite-fetch.js';
import type { CatalogueTorrent, TorrentToStore } from '../store/sqlite/catalogue-torrent.js';
import { MAX_NAME_BYTES } from '../wire/metainfo-limits.js';
import { parseMagnet } from '../wire/metainfo-magnet.js';
import type { Candidate } from './candidate.js';
import type { CrawlDocumentReader } from './document-tasks.js';
import { type FetchMetadata, torrentOfMetadata } from './metadata-port.js';

export type Description = Omit<TorrentToStore, 'rank' | 'score' | 'seeds' | 'leechers' | 'origins'> & {
  /** Every address of the file on the original site. */
  readonly torrentUrls: readonly string[];
};

export type Described =
  | { readonly kind: 'described'; readonly description: Description }
  | { readonly kind: 'stored'; readonly torrent: CatalogueTorrent }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

export interface DescriptionReading {
  readonly fetcher: PoliteFetcher;
  readonly documents: CrawlDocumentReader;
  readonly maxTorrentBytes: number;
  readonly metadata?: FetchMetadata | undefined;
}

/** Tries each address of the file in turn, then the magnet link. @throws only if the signal is aborted */
export async function describe(
  candidate: Candidate,
  reading: DescriptionReading,
  signal: AbortSignal | undefined,
): Promise<Exclude<Described, { kind: 'stored' }>> {
  const { torrentUrls, magnet, infoHash } = candidate;
  const ways = torrentUrls.map((url) => (): Promise<Description> => fromFile(candidate, url, reading, signal));
  if (magnet !== undefined) ways.push(async () => fromMagnet(candidate, magnet));
  else if (infoHash !== undefined && reading.metadata !== undefined) {
    ways.push(() => fromPeers(candidate, infoHash, reading, signal));
  }
  const reasons: string[] = [];
  for (const way of ways) {
    try {
      return { kind: 'described', description: await way() };
    } catch (thrown) {
      signal?.throwIfAborted();
      if (!(thrown instanceof ClientError)) throw thrown;
      if (thrown.code === 'private-torrent') {
        return { kind: 'skipped', reason: 'private torrent (BEP 27): it stays with its own tracker' };
      }
      reasons.push(messageOf(thrown));
    }
  }
  if (reasons.length > 0) return { kind: 'failed', reason: reasons.join('; ') };
  return { kind: 'skipped', reason: 'no source gives its torrent file or magnet link' };
}

async function fromFile(
  candidate: Candidate,
  torrentUrl: string,
  { fetcher, documents, maxTorrentBytes }: DescriptionReading,
  signal: AbortSignal | undefined,
): Promise<Description> {
  const fetched = await fetcher.fetch(torrentUrl, {
    maxBytes: maxTorrentBytes,
    accept: 'application/x-bittorrent, */*;q=0.5',
    signal,
  });
  if (fetched.kind === 'not-modified')
    throw new ClientError('invalid-answer', 'the site says "not modified" to a plain request');
  if (fetched.kind === 'magnet') return fromMagnet(candidate, fetched.magnet);
  return {
    ...(await documents.run('torrent', fetched.bytes, { about: torrentUrl, signal })),
    torrentBytes: fetched.bytes,
    magnet: undefined,
    source: candidate.source,
    pageUrl: candidate.pageUrl,
    torrentUrl,
    torrentUrls: fetched.url === torrentUrl ? [torrentUrl] : [torrentUrl, fetched.url],
  };
}

/** BEP 9. The info-hash proves what a peer sends. */
async function fromPeers(
  candidate: Candidate,
  infoHash: InfoHash,
  { metadata, documents }: DescriptionReading,
  signal: AbortSignal | undefined,
): Promise<Description> {
  const info = await metadata?.(infoHash, signal);
  if (info === undefined) throw new ClientError('unreachable', 'no peer of its swarm sent its description');
  const torrentBytes = torrentOfMetadata(info);
  const facts = await documents.run('torrent', torrentBytes, { about: infoHash, signal });
  if (facts.infoHash !== infoHash && facts.hybridInfoHash !== infoHash) {
    throw new ClientError('invalid-answer', 'a peer sent the description of another torrent');
  }
  return {
    ...facts,
    torrentBytes,
    magnet: undefined,
    source: candidate.source,
    pageUrl: candidate.pageUrl,
    torrentUrl: undefined,
    torrentUrls: [],
  };
}

function fromMagnet(candidate: Candidate, magnet: string): Description {
  const parsed = parseMagnet(magnet);
  return {
    infoHash: parsed.infoHash,
    hybridInfoHash: parsed.hybridInfoHash,
    infoHashV2: undefined,
    name: parsed.name ?? cutToBytes(candidate.title ?? parsed.infoHash, MAX_NAME_BYTES),
    totalBytes: parsed.totalBytes,
    pieceBytes: undefined,
    files: [],
    fileCount: 0,
    trackerTiers: parsed.trackers.map((url) => [url]),
    torrentBytes: undefined,
    magnet,
    source: candidate.source,
    pageUrl: candidate.pageUrl,
    torrentUrl: undefined,
    torrentUrls: [],
  };
}

/** Undefined if the link is invalid. */
export function infoHashOfMagnet(magnet: string): InfoHash | undefined {
  try {
    return parseMagnet(magnet).infoHash;
  } catch {
    return undefined;
  }
}
