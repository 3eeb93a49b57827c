/**
 * One crawl (draft 4.2, first step): read the sources, rank what they name, fetch the descriptions of the top N, put them
 * into the catalogue. What fails is reported and left out; what is stored is never lost to a failure: torrents of a source
 * that could not be read keep their place, and those that drop out of the top stay for a while.
 */
import type { Clock } from '../domain/clock.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { CrawlState } from '../store/sqlite/catalogue-crawl-state.js';
import type { CatalogueSummary, OriginPath, StoreOutcome } from '../store/sqlite/catalogue-torrent.js';
import { MAX_TORRENT_BYTES } from '../wire/metainfo-limits.js';
import { type Candidate, mergeCandidates, scoreOf } from './candidate.js';
import { type Described, describe as describeCandidate, infoHashOfMagnet } from './description.js';
import { inParallel } from './in-parallel.js';
import { measureSwarms } from './measure.js';
import { originOfUrl } from './origin.js';
import type { PoliteFetcher } from './polite-fetch.js';
import { readSource } from './read-source.js';
import type { AnnouncedSwarms, Scraper, Source } from './source.js';

export interface CrawlerOptions {
  readonly sources: readonly Source[];
  /** How many torrents the catalogue offers (the draft's N). */
  readonly top: number;
  readonly catalogue: Catalogue;
  readonly state: CrawlState;
  readonly fetcher: PoliteFetcher;
  readonly clock: Clock;
  readonly scraper?: Scraper | undefined;
  readonly announced?: AnnouncedSwarms | undefined;
  /** How long a torrent stays after it has dropped out of the top. */
  readonly retainMs?: number | undefined;
  /** A torrent file is fetched again after this time, in case its trackers have changed. */
  readonly refetchMs?: number | undefined;
  /** A feed or list page that is larger is not read. */
  readonly maxDocumentBytes?: number | undefined;
  /** A larger torrent file is not taken; never more than clients accept. */
  readonly maxTorrentBytes?: number | undefined;
}

export interface CrawlRun {
  readonly onProgress?: ((progress: CrawlProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Only this source; the torrents of the others keep their places. */
  readonly source?: string | undefined;
  readonly top?: number | undefined;
  /** True: everything is fetched and ranked, nothing stored. */
  readonly dryRun?: boolean | undefined;
}

export type CrawlProgress =
  | { readonly step: 'source'; readonly source: string; readonly candidates: number }
  | { readonly step: 'source-failed'; readonly source: string; readonly reason: string }
  | { readonly step: 'tracker-failed'; readonly tracker: string; readonly reason: string }
  | { readonly step: 'measured'; readonly torrents: number }
  | { readonly step: 'torrent'; readonly entry: CrawlEntry };

export interface CrawlEntry {
  /** From 1 for what is in the catalogue's top, undefined for what failed or was skipped. */
  readonly rank: number | undefined;
  readonly infoHash: InfoHash | undefined;
  readonly name: string;
  readonly seeds: number | undefined;
  readonly leechers: number | undefined;
  readonly innerRequests: number;
  readonly score: number;
  readonly source: string;
  readonly status: StoreOutcome | 'skipped' | 'failed';
  readonly reason: string | undefined;
}

export interface CrawlResult {
  /** By falling score. */
  readonly entries: readonly CrawlEntry[];
  readonly sources: readonly {
    readonly name: string;
    readonly candidates: number;
    readonly error: string | undefined;
  }[];
  /** Torrents that lost their rank in this crawl, and that were deleted because their time was up. */
  readonly dropped: number;
  readonly deleted: number;
}

const DAY_MS = 86_400_000;
const DEFAULT_RETAIN_MS = 14 * DAY_MS;
const DEFAULT_REFETCH_MS = DAY_MS;
/** Counts of access logs and documents of sources that nobody names any more are forgotten after this. */
const MEMORY_MS = 30 * DAY_MS;
/** Descriptions fetched at once, over all hosts; each host gets one request at a time. */
const PARALLEL_FETCHES = 8;
/** Candidates tried for each place in the top, so that a site full of broken files ends. */
const TRIES_PER_PLACE = 3;

export interface Crawler {
  /** @throws OperatorError for an unknown source; the signal's reason where that was aborted */
  crawlOnce(run?: CrawlRun): Promise<CrawlResult>;
}

export function createCrawler(options: CrawlerOptions): Crawler {
  return { crawlOnce: (run = {}) => crawlOnce(options, run) };
}

async function crawlOnce(options: CrawlerOptions, run: CrawlRun): Promise<CrawlResult> {
  const { catalogue, state, clock, retainMs = DEFAULT_RETAIN_MS } = options;
  const top = run.top ?? options.top;
  const dryRun = run.dryRun ?? false;
  const { candidates, sources, unread } = await readSources(options, run);
  const carried = catalogue.ranked().filter((torrent) => unread.has(torrent.source));
  const merged = mergeCandidates([...candidates.map((c) => identified(c, catalogue)), ...carried.map(asCandidate)]);
  const describable = merged.filter((c) => c.torrentUrl ?? c.magnet ?? (c.infoHash && catalogue.get(c.infoHash)));
  const describe = descriptions(options, run);
  // Sorting is stable: equal scores stay in the order of the sources and their entries.
  const known = mergeCandidates(await measured(describable, top, describe, options, run));
  const ranked = known.sort((a, b) => scoreOf(b) - scoreOf(a));

  const entries: CrawlEntry[] = [];
  const taken = new Set<InfoHash>();
  for (let next = 0; taken.size < top && next < Math.min(ranked.length, top * TRIES_PER_PLACE); ) {
    const wave = ranked.slice(next, next + Math.min(top - taken.size, PARALLEL_FETCHES));
    next += wave.length;
    const described = await Promise.all(wave.map(describe));
    wave.forEach((candidate, index) => {
      const entry = place(candidate, described[index]!, taken, options, dryRun);
      if (entry === undefined) return;
      entries.push(entry);
      run.onProgress?.({ step: 'torrent', entry });
    });
  }
  if (dryRun) return { entries, sources, dropped: 0, deleted: 0 };
  const dropped = catalogue.keepRanksOf([...taken]);
  const deleted = catalogue.deleteDropped(clock.nowMs() - retainMs);
  state.forgetBefore(clock.nowMs() - MEMORY_MS);
  return { entries, sources, dropped, deleted };
}

/** Candidates of all sources that could be read; `unread` are the others, whose torrents keep their places. */
async function readSources(
  options: CrawlerOptions,
  run: CrawlRun,
): Promise<{ candidates: Candidate[]; sources: CrawlResult['sources']; unread: Set<string> }> {
  const chosen = options.sources.filter((source) => run.source === undefined || source.name === run.source);
  if (chosen.length === 0) {
    const names = options.sources.map((source) => source.name).join(', ');
    throw new OperatorError(
      run.source === undefined
        ? 'the crawler has no sources; add one under crawler.sources'
        : `there is no source "${run.source}"; the configuration has ${names}`,
    );
  }
  const unread = new Set(options.sources.filter((source) => !chosen.includes(source)).map((source) => source.name));
  const read = await Promise.all(
    chosen.map(async (source) => {
      try {
        const candidates = await readSource(source, { ...options, dryRun: run.dryRun ?? false, signal: run.signal });
        run.onProgress?.({ step: 'source', source: source.name, candidates: candidates.length });
        return { name: source.name, candidates, error: undefined };
      } catch (thrown) {
        run.signal?.throwIfAborted();
        const reason = messageOf(thrown);
        unread.add(source.name);
        run.onProgress?.({ step: 'source-failed', source: source.name, reason });
        return { name: source.name, candidates: [], error: reason };
      }
    }),
  );
  return {
    candidates: read.flatMap((source) => source.candidates),
    sources: read.map(({ name, candidates, error }) => ({ name, candidates: candidates.length, error })),
    unread,
  };
}

/** With the info-hash that the catalogue knows for its address, which counts more than what a feed says it is. */
function identified(candidate: Candidate, catalogue: Catalogue): Candidate {
  const { infoHash, torrentUrl, magnet } = candidate;
  if (torrentUrl !== undefined) {
    return { ...candidate, infoHash: infoHashAt(torrentUrl, catalogue) ?? infoHash };
  }
  return { ...candidate, infoHash: infoHash ?? (magnet === undefined ? undefined : infoHashOfMagnet(magnet)) };
}

/** Of the torrent file that was really fetched from there. */
function infoHashAt(torrentUrl: string, catalogue: Catalogue): InfoHash | undefined {
  const { host, path } = originOfUrl(torrentUrl);
  const found = catalogue.findOrigin(host, path);
  return found?.kind === 'torrent' ? found.infoHash : undefined;
}

function asCandidate(torrent: CatalogueSummary): Candidate {
  const { source, name, infoHash, torrentUrl, magnet, pageUrl, seeds, leechers } = torrent;
  return { source, title: name, infoHash, torrentUrl, magnet, pageUrl, seeds, leechers };
}

/** Descriptions by candidate, each fetched once in a crawl, and only if the catalogue has no fresh one. */
function descriptions(options: CrawlerOptions, run: CrawlRun): (candidate: Candidate) => Promise<Described> {
  const { catalogue, fetcher, clock, refetchMs = DEFAULT_REFETCH_MS } = options;
  const maxTorrentBytes = Math.min(options.maxTorrentBytes ?? MAX_TORRENT_BYTES, MAX_TORRENT_BYTES);
  const known = new Map<string, Promise<Described>>();
  const find = async (candidate: Candidate): Promise<Described> => {
    const stored = candidate.infoHash === undefined ? undefined : catalogue.get(candidate.infoHash);
    if (stored !== undefined) {
      const { torrentUrl } = candidate;
      const fresh = clock.nowMs() - stored.fetchedMs < refetchMs;
      // A feed may say that an address holds a torrent that it does not hold; only a fetch proves it.
      const proven = torrentUrl === undefined || infoHashAt(torrentUrl, catalogue) === stored.infoHash;
      if (torrentUrl === undefined || (fresh && proven)) return { kind: 'stored', torrent: stored };
    }
    const described = await describeCandidate(candidate, fetcher, maxTorrentBytes, run.signal);
    return described.kind === 'failed' && stored !== undefined ? { kind: 'stored', torrent: stored } : described;
  };
  return (candidate) => {
    const key = candidate.torrentUrl ?? candidate.magnet ?? candidate.infoHash ?? '';
    const description = known.get(key) ?? find(candidate);
    known.set(key, description);
    return description;
  };
}

/** The same candidates, those without swarm sizes measured at their original trackers as far as that pays. */
async function measured(
  candidates: readonly Candidate[],
  top: number,
  describe: (candidate: Candidate) => Promise<Described>,
  { scraper }: CrawlerOptions,
  { signal, onProgress }: CrawlRun,
): Promise<Candidate[]> {
  if (scraper === undefined) return [...candidates];
  const unknown = candidates
    .filter((candidate) => candidate.seeds === undefined && candidate.leechers === undefined)
    .sort((a, b) => scoreOf(b) - scoreOf(a))
    .slice(0, top * TRIES_PER_PLACE);
  if (unknown.length === 0) return [...candidates];
  const torrents = new Map<Candidate, { infoHash: InfoHash; trackerTiers: readonly (readonly string[])[] }>();
  await inParallel(unknown, PARALLEL_FETCHES, async (candidate) => {
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

/** Puts a torrent into the next place of the top. Undefined where it has one already. */
function place(
  candidate: Candidate,
  described: Described,
  taken: Set<InfoHash>,
  { catalogue, clock, sources }: CrawlerOptions,
  dryRun: boolean,
): CrawlEntry | undefined {
  const { seeds, leechers, innerRequests = 0, source } = candidate;
  const score = scoreOf(candidate);
  const common = { seeds, leechers, innerRequests, score, source };
  if (described.kind === 'skipped' || described.kind === 'failed') {
    const name = candidate.title ?? candidate.torrentUrl ?? candidate.infoHash ?? candidate.magnet ?? '';
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
 * The places of the original sites where the torrent lies: addresses its file was fetched from, and its page. Feeds are
 * written by strangers, so a page counts only on a host that the feed or the file is on: no feed may take another site's
 * addresses. The front page of a site is nobody's.
 */
function originsOf(candidate: Candidate, described: Described, sources: readonly Source[]): OriginPath[] {
  const files = described.kind === 'described' ? described.description.torrentUrls : [];
  const origins = files.map((url): OriginPath => ({ ...originOfUrl(url), kind: 'torrent' }));
  if (candidate.pageUrl === undefined) return origins;
  const source = sources.find(({ name }) => name === candidate.source);
  const listUrl = source !== undefined && 'url' in source ? source.url : undefined;
  const hosts = [listUrl, candidate.torrentUrl].map((url) => (url === undefined ? undefined : originOfUrl(url).host));
  const page = originOfUrl(candidate.pageUrl);
  return hosts.includes(page.host) && page.path !== '/' ? [...origins, { ...page, kind: 'page' }] : origins;
}
