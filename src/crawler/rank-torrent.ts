/** Gives a described torrent the next rank of the catalogue's top, and records its addresses on the original sites. */
import type { Clock } from '../domain/clock.js';
import type { InfoHash } from '../domain/info-hash.js';
import { siteAddressOf } from '../domain/site-address.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { OriginPath } from '../store/sqlite/catalogue-torrent.js';
import { type Candidate, scoreOf } from './candidate.js';
import type { CrawlEntry } from './crawl-result.js';
import type { Described } from './description.js';
import type { Source } from './source-section.js';

export interface Ranking {
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly sources: readonly Source[];
  /** True: nothing is stored. */
  readonly dryRun: boolean;
}

/**
 * @param taken torrents ranked in this crawl, in order; this one is added @returns undefined if it is ranked already
 */
export function rankTorrent(
  candidate: Candidate,
  described: Described,
  taken: Set<InfoHash>,
  { catalogue, clock, sources, dryRun }: Ranking,
): CrawlEntry | undefined {
  const { seeds, leechers, innerRequests = 0, source } = candidate;
  const score = scoreOf(candidate);
  const common = { seeds, leechers, innerRequests, score, source };
  if (described.kind === 'skipped' || described.kind === 'failed') {
    const name = candidate.title ?? candidate.torrentUrls[0] ?? candidate.infoHash ?? candidate.magnet ?? '';
    const { kind: status, reason } = described;
    return { ...common, rank: undefined, infoHash: candidate.infoHash, name, status, reason };
  }
  const torrent = described.kind === 'described' ? described.description : described.torrent;
  const { infoHash, name } = torrent;
  if (taken.has(infoHash)) return undefined;
  taken.add(infoHash);
  const rank = taken.size;
  const popularity = { seeds, leechers, score, rank };
  const entry = { ...common, rank, infoHash, name, reason: undefined };
  if (dryRun) return { ...entry, status: catalogue.get(infoHash) === undefined ? 'new' : 'kept' };
  const origins = originsOf(candidate, described, sources);
  const status =
    described.kind === 'described'
      ? catalogue.store({ ...described.description, ...popularity, origins }, clock.nowMs())
      : (catalogue.touch(infoHash, popularity, origins, clock.nowMs()) ?? 'kept');
  return { ...entry, status };
}

/**
 * The addresses of the torrent on the original sites: those its file was fetched from, and its page. Feeds are written
 * by strangers, so a page counts only if its host is also the host of the feed or the file. Otherwise a feed could
 * claim another site's addresses. A site's front page never belongs to one torrent.
 */
function originsOf(candidate: Candidate, described: Described, sources: readonly Source[]): OriginPath[] {
  const files = described.kind === 'described' ? described.description.torrentUrls : [];
  const origins = files.map((url): OriginPath => ({ ...siteAddressOf(url), kind: 'torrent' }));
  if (candidate.pageUrl === undefined) return origins;
  const source = sources.find(({ name }) => name === candidate.source);
  const listUrl = source !== undefined && 'url' in source ? source.url : undefined;
  const hosts = [listUrl, ...candidate.torrentUrls].map((url) =>
    url === undefined ? undefined : siteAddressOf(url).host,
  );
  const page = siteAddressOf(candidate.pageUrl);
  return hosts.includes(page.host) && page.path !== '/' ? [...origins, { ...page, kind: 'page' }] : origins;
}
