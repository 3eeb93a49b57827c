/**
 * Stores what a crawl has found: descriptions as they come, so that no file stays in memory, and at the end, at once, the
 * ranks, the places where each torrent is offered, and the log of what has changed for users.
 */
import { hasUrlSecrets, maskUrlSecrets } from '../domain/mask-url-secrets.js';
import { addressKey, siteAddressOf, siteName } from '../domain/site-address.js';
import type { Catalogue, RetainedTorrents } from '../store/sqlite/catalogue.js';
import type { CrawlState } from '../store/sqlite/catalogue-crawl-state.js';
import type { Offer, OriginPath } from '../store/sqlite/catalogue-torrent.js';
import { type Candidate, placesOf } from './candidate.js';
import type { Found } from './choose.js';
import type { CrawlEntry } from './crawl-result.js';
import { blocklist } from './crawl-sources.js';
import type { Described } from './description.js';
import type { Source } from './source-section.js';
import type { Standings } from './standings.js';
import type { TorrentPolicy } from './torrent-policy.js';

export interface Publishing {
  readonly catalogue: Catalogue;
  readonly state: CrawlState;
  readonly sources: readonly Source[];
  readonly policy: TorrentPolicy;
  readonly standings: Standings;
  readonly nowMs: number;
  /** True: nothing is stored. */
  readonly dryRun: boolean;
}

/** Stores the description without a rank. @returns the reason why the torrent is refused */
export function stage(
  candidate: Candidate,
  described: Described & { kind: 'described' | 'stored' },
  { catalogue, sources, policy, standings, nowMs, dryRun }: Publishing,
): Found | string {
  const torrent = described.kind === 'described' ? described.description : described.torrent;
  const { infoHash, hybridInfoHash, name } = torrent;
  const refused = policy.refusal(infoHash) ?? (hybridInfoHash && policy.refusal(hybridInfoHash));
  if (refused !== undefined) return refused;
  const blocking = placesOf(candidate).find(({ source }) => {
    const named = sources.find((each) => each.name === source);
    return named !== undefined && blocklist(named)(name, infoHash, hybridInfoHash);
  });
  if (blocking !== undefined) return `the block list of the source "${blocking.source}" has it`;
  const before = catalogue.get(infoHash);
  const found: Found = {
    candidate: { ...candidate, infoHash },
    infoHash,
    name,
    trackers: torrent.trackerTiers.flat(),
    fetchedFrom: described.kind === 'described' ? described.description.torrentUrls : [],
    isNew: before === undefined,
    isChanged: false,
  };
  if (described.kind === 'stored' || dryRun) return found;
  const bytes = described.description.torrentBytes;
  const bytesBefore = before && catalogue.torrentBytes(infoHash);
  const outcome = catalogue.store(
    {
      ...described.description,
      title: titleOf(candidate, described.description.torrentUrl),
      category: candidate.category,
      publishedMs: candidate.publishedMs,
      seeds: before?.seeds ?? candidate.seeds,
      leechers: before?.leechers ?? candidate.leechers,
      score: before?.score ?? standings.popularity(candidate),
      rank: before?.rank,
      origins: [],
    },
    nowMs,
  );
  const sameFile = bytes === undefined || (bytesBefore !== undefined && Buffer.compare(bytesBefore, bytes) === 0);
  return { ...found, isChanged: outcome === 'new' || !sameFile };
}

/** As the site calls it that has its file: another source could give it any name. */
function titleOf(candidate: Candidate, torrentUrl: string | undefined): string | undefined {
  const place = placesOf(candidate).find(
    ({ torrentUrls, title }) => torrentUrl !== undefined && torrentUrls.includes(torrentUrl) && title !== undefined,
  );
  return place?.title ?? candidate.title;
}

export interface Publication {
  readonly entries: readonly CrawlEntry[];
  readonly dropped: number;
  readonly deleted: number;
}

/**
 * Gives the found torrents their ranks, in this order, and takes the rank of all others.
 * @param top how many could have got a rank @param retained which of those that left the top stay
 */
export function publish(
  found: readonly Found[],
  others: readonly Found[],
  top: number,
  retained: RetainedTorrents,
  publishing: Publishing,
): Publication {
  const { catalogue, state, standings, nowMs, dryRun } = publishing;
  if (dryRun)
    return { entries: found.map((each, i) => entryOf(each, i + 1, 'kept', standings)), dropped: 0, deleted: 0 };
  const lastRanked = found.length < top ? undefined : standings.popularity(found.at(-1)!.candidate);
  return catalogue.atomically(() => {
    const entries = found.map((each, i) => {
      const { infoHash, candidate } = each;
      const { seeds, leechers } = candidate;
      const popularity = { seeds, leechers, score: standings.popularity(candidate), rank: i + 1 };
      const origins = originsOf(each, publishing.sources);
      const outcome = catalogue.touch(infoHash, popularity, origins, nowMs, offersOf(candidate, publishing.sources));
      if (each.isChanged) log(each, publishing);
      return entryOf(each, i + 1, outcome ?? 'kept', standings);
    });
    for (const each of others) remember(each, state, nowMs);
    catalogue.remove(others.filter(({ isNew }) => isNew).map(({ infoHash }) => infoHash));
    catalogue.storePopularities([
      ...found.map((each, i) => {
        const place = { rank: i + 1, lastRanked, top };
        return [each.infoHash, standings.record(each.candidate, place)] as const;
      }),
      ...others.map((each) => [each.infoHash, standings.record(each.candidate, { lastRanked, top })] as const),
    ]);
    const dropped = catalogue.keepRanksOf(found.map(({ infoHash }) => infoHash));
    const deleted = catalogue.deleteDropped(retained);
    for (const { infoHash, name } of deleted) {
      catalogue.addLogEntry({
        atMs: nowMs,
        infoHash,
        name,
        action: 'expired',
        actor: 'crawler',
        source: undefined,
        details: {},
      });
    }
    return { entries, dropped, deleted: deleted.length };
  });
}

function entryOf(found: Found, rank: number, outcome: CrawlEntry['status'], standings: Standings): CrawlEntry {
  const { candidate, infoHash, name, isNew, isChanged } = found;
  const { seeds, leechers, innerRequests = 0, source } = candidate;
  const status = isNew ? 'new' : isChanged ? 'updated' : outcome;
  const score = standings.popularity(candidate);
  return { rank, infoHash, name, seeds, leechers, innerRequests, score, source, status, reason: undefined };
}

function log(
  { candidate, infoHash, name, isNew, fetchedFrom, trackers }: Found,
  { catalogue, nowMs }: Publishing,
): void {
  catalogue.addLogEntry({
    atMs: nowMs,
    infoHash,
    name,
    action: isNew ? 'published' : 'changed',
    actor: 'crawler',
    source: candidate.source,
    details: {
      from: [...fetchedFrom, ...(candidate.magnet === undefined ? [] : ['a magnet link'])].map(maskUrlSecrets),
      page: candidate.pageUrl === undefined ? undefined : maskUrlSecrets(candidate.pageUrl),
      title: candidate.title,
      trackersReplaced: trackers,
    },
  });
}

/** The next crawl asks the trackers of these without fetching them again. */
function remember({ infoHash, trackers, fetchedFrom }: Found, state: CrawlState, nowMs: number): void {
  for (const url of fetchedFrom) {
    if (!hasUrlSecrets(url)) state.rememberFile(addressKey(url), { infoHash, trackers: trackers.slice(0, 3) }, nowMs);
  }
}

function offersOf(candidate: Candidate, sources: readonly Source[]): Offer[] {
  return placesOf(candidate).map(({ source, torrentUrls, pageUrl, title }) => {
    const listUrl = listUrlOf(source, sources);
    const url = listUrl ?? pageUrl ?? torrentUrls[0];
    const site = url !== undefined && URL.canParse(url) ? siteName(new URL(url).hostname) : '';
    return { source, site, torrentUrl: torrentUrls[0], pageUrl, title };
  });
}

function listUrlOf(name: string, sources: readonly Source[]): string | undefined {
  const source = sources.find((each) => each.name === name);
  return source !== undefined && 'url' in source ? source.url : undefined;
}

/**
 * The addresses of the torrent on the original sites: those its file was fetched from, and its pages. Feeds are written
 * by strangers, so a page counts only if its host is also the host of the feed or the file. Otherwise a feed could
 * claim another site's addresses. A site's front page never belongs to one torrent.
 */
function originsOf({ candidate, fetchedFrom }: Found, sources: readonly Source[]): OriginPath[] {
  const files = fetchedFrom.map((url): OriginPath => ({ ...siteAddressOf(url), kind: 'torrent' }));
  const pages = placesOf(candidate).flatMap(({ source, pageUrl, torrentUrls }): OriginPath[] => {
    if (pageUrl === undefined || !URL.canParse(pageUrl)) return [];
    const hosts = [listUrlOf(source, sources), ...torrentUrls].map((url) =>
      url !== undefined && URL.canParse(url) ? siteAddressOf(url).host : undefined,
    );
    const page = siteAddressOf(pageUrl);
    return hosts.includes(page.host) && page.path !== '/' ? [{ ...page, kind: 'page' }] : [];
  });
  return [...files, ...pages];
}
