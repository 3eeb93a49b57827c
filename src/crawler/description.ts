/**
 * Fetches and checks a torrent's description: what the catalogue stores, or the reason why the torrent is skipped.
 * Private torrents are skipped (BEP 27), and so is everything that is not a torrent.
 */
import { cutToBytes } from '../domain/cut-text.js';
import { ClientError, messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { hasUrlSecrets, MASK, maskUrlSecrets } from '../domain/mask-url-secrets.js';
import type { CatalogueTorrent, TorrentToStore } from '../store/sqlite/catalogue-torrent.js';
import { MAX_NAME_BYTES } from '../wire/metainfo-limits.js';
import { magnetFor, parseMagnet } from '../wire/metainfo-magnet.js';
import { type Candidate, sourcesNaming } from './candidate.js';
import type { CrawlDocumentReader } from './document-tasks.js';
import { type FetchMetadata, torrentOfMetadata } from './metadata-port.js';
import type { SiteVisits } from './site-visits.js';
import type { TorrentFacts } from './torrent-facts.js';

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
  readonly visits: SiteVisits;
  readonly documents: CrawlDocumentReader;
  readonly maxTorrentBytes: number;
  readonly metadata?: FetchMetadata | undefined;
  /** Told of each private torrent whose info-hash the source names (BEP 27). */
  readonly privateSeen?: ((infoHash: InfoHash) => void) | undefined;
}

/** Tries each address of the file in turn, then the peers of its swarm, then the magnet link. @throws only if the signal is aborted */
export async function describe(
  candidate: Candidate,
  reading: DescriptionReading,
  signal: AbortSignal | undefined,
): Promise<Exclude<Described, { kind: 'stored' }>> {
  const { magnet, infoHash } = candidate;
  const ways = fetchable(candidate.torrentUrls).map(
    (url) => (): Promise<Description> => fromFile(candidate, url, reading, signal),
  );
  const swarm = infoHash ?? (magnet === undefined ? undefined : infoHashOfMagnet(magnet));
  if (swarm !== undefined && reading.metadata !== undefined) {
    ways.push(() => fromPeers(candidate, swarm, reading, signal));
  }
  if (magnet !== undefined) ways.push(async () => fromMagnet(candidate, magnet));
  const reasons: string[] = [];
  let other: Description | undefined;
  for (const way of ways) {
    try {
      const description = await way();
      if (description.trackerTiers.flat().some(hasUrlSecrets)) {
        return { kind: 'skipped', reason: 'its announce address holds a personal key: it stays with its own tracker' };
      }
      if (isTorrent(description, infoHash)) return { kind: 'described', description };
      // Another address may have the torrent that the source names.
      other ??= description;
    } catch (thrown) {
      signal?.throwIfAborted();
      if (!(thrown instanceof ClientError)) throw thrown;
      if (thrown.code === 'private-torrent') {
        if (swarm !== undefined) reading.privateSeen?.(swarm);
        return { kind: 'skipped', reason: 'private torrent (BEP 27): it stays with its own tracker' };
      }
      reasons.push(maskUrlSecrets(messageOf(thrown)));
    }
  }
  if (other !== undefined) return { kind: 'described', description: other };
  if (reasons.length > 0) return { kind: 'failed', reason: reasons.join('; ') };
  if (candidate.torrentUrls.length > 0) {
    const wayOut = 'to publish it, add its site as a source with a key of your own';
    return { kind: 'skipped', reason: `its address needs a personal key, which is not stored; ${wayOut}` };
  }
  return { kind: 'skipped', reason: 'no source gives its torrent file or magnet link' };
}

/** Addresses that the catalogue or a log had without its key cannot be fetched. */
export function fetchable(urls: readonly string[]): string[] {
  return urls.filter((url) => !url.includes(MASK));
}

function isTorrent({ infoHash, hybridInfoHash }: Description, wanted: InfoHash | undefined): boolean {
  return wanted === undefined || infoHash === wanted || hybridInfoHash === wanted;
}

async function fromFile(
  candidate: Candidate,
  torrentUrl: string,
  { visits, documents, maxTorrentBytes }: DescriptionReading,
  signal: AbortSignal | undefined,
): Promise<Description> {
  const namedBy = sourcesNaming(candidate, torrentUrl);
  const request = { maxBytes: maxTorrentBytes, accept: 'application/x-bittorrent, */*;q=0.5', signal };
  const fetched = await visits.fetch(torrentUrl, request, namedBy);
  if (fetched.kind === 'not-modified')
    throw new ClientError('invalid-answer', 'the site says "not modified" to a plain request');
  if (fetched.kind === 'magnet') return fromMagnet(candidate, fetched.magnet);
  return {
    ...(await readFile({ torrentUrl, namedBy, bytes: fetched.bytes }, { visits, documents }, signal)),
    torrentBytes: fetched.bytes,
    magnet: undefined,
    source: candidate.source,
    pageUrl: candidate.pageUrl,
    torrentUrl,
    torrentUrls: fetched.url === torrentUrl ? [torrentUrl] : [torrentUrl, fetched.url],
  };
}

/** A site whose files cannot be used again and again is given up. */
async function readFile(
  { torrentUrl, namedBy, bytes }: { torrentUrl: string; namedBy: readonly string[]; bytes: Uint8Array },
  { visits, documents }: Pick<DescriptionReading, 'visits' | 'documents'>,
  signal: AbortSignal | undefined,
): Promise<TorrentFacts> {
  try {
    const facts = await documents.run('torrent', bytes, { about: torrentUrl, signal });
    visits.usable(torrentUrl, namedBy);
    return facts;
  } catch (thrown) {
    signal?.throwIfAborted();
    visits.unusable(torrentUrl, namedBy);
    throw thrown;
  }
}

/** BEP 9. The info-hash proves what a peer sends. A torrent that lacks its piece layers becomes a magnet link. */
async function fromPeers(
  candidate: Candidate,
  infoHash: InfoHash,
  { metadata, documents }: DescriptionReading,
  signal: AbortSignal | undefined,
): Promise<Description> {
  const info = await metadata?.(infoHash, signal);
  if (info === undefined) throw new ClientError('unreachable', 'no peer of its swarm sent its description');
  const { magnet } = candidate;
  const announceUrls = magnet === undefined ? [] : parseMagnet(magnet).trackers;
  const torrentBytes = torrentOfMetadata(info, announceUrls);
  const { lacksLayers, ...facts } = await documents.run('description', torrentBytes, { about: infoHash, signal });
  if (facts.infoHash !== infoHash && facts.hybridInfoHash !== infoHash) {
    throw new ClientError('invalid-answer', 'a peer sent the description of another torrent');
  }
  return {
    ...facts,
    torrentBytes: lacksLayers ? undefined : torrentBytes,
    magnet: lacksLayers ? (magnet ?? magnetFor({ ...facts, announceUrls })) : undefined,
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
    infoHashV2: parsed.infoHashV2,
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
