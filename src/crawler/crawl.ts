/**
 * Runs one crawl (draft 4.2, first step): reads the sources, ranks the torrents that they name, fetches the
 * descriptions of the top N and stores them in the catalogue. Failures are reported and skipped. A failure never loses
 * stored torrents: those of an unreadable source keep their rank, and those that drop out of the top are retained for a
 * while.
 */
import type { Clock } from '../domain/clock.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { PoliteFetcher } from '../net/polite-fetch.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { CrawlState } from '../store/sqlite/catalogue-crawl-state.js';
import type { CatalogueSummary } from '../store/sqlite/catalogue-torrent.js';
import { MAX_TORRENT_BYTES } from '../wire/metainfo-limits.js';
import { type Candidate, mergeCandidates, scoreOf } from './candidate.js';
import type { CrawlEntry, CrawlProgress, CrawlResult } from './crawl-result.js';
import type { CrawlDocumentReader } from './document-tasks.js';
import { describer, identified } from './known-descriptions.js';
import { measured } from './measure.js';
import type { FetchMetadata } from './metadata-port.js';
import { rankTorrent } from './rank-torrent.js';
import { readSource } from './read-source.js';
import type { AnnouncedSwarms, Scraper } from './source.js';
import type { Source } from './source-section.js';

export interface CrawlerOptions {
  readonly sources: readonly Source[];
  /** The number of torrents that the catalogue offers (the draft's N). */
  readonly top: number;
  readonly catalogue: Catalogue;
  readonly state: CrawlState;
  readonly fetcher: PoliteFetcher;
  readonly documents: CrawlDocumentReader;
  readonly clock: Clock;
  readonly scraper?: Scraper | undefined;
  readonly announced?: AnnouncedSwarms | undefined;
  /** For torrents of which only the info-hash is known. */
  readonly metadata?: FetchMetadata | undefined;
  /** How long a torrent is retained after it drops out of the top. */
  readonly retainMs?: number | undefined;
  /** A torrent file is fetched again after this time, because its trackers may have changed. */
  readonly refetchMs?: number | undefined;
  /** A larger feed or list page is not read. */
  readonly maxDocumentBytes?: number | undefined;
  /** A larger torrent file is skipped; never more than clients accept. */
  readonly maxTorrentBytes?: number | undefined;
}

export interface CrawlRun {
  readonly onProgress?: ((progress: CrawlProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Reads only this source; torrents of the others keep their rank. */
  readonly source?: string | undefined;
  readonly top?: number | undefined;
  /** True: fetches and ranks everything, stores nothing. */
  readonly dryRun?: boolean | undefined;
}

const DAY_MS = 86_400_000;
const DEFAULT_RETAIN_MS = 14 * DAY_MS;
const DEFAULT_REFETCH_MS = DAY_MS;
/** State of access logs and documents that no source names any more is deleted after this. */
const MEMORY_MS = 30 * DAY_MS;
/** Descriptions fetched concurrently over all hosts; each host receives one request at a time. */
const PARALLEL_FETCHES = 8;
/** Candidates tried for each rank, so that a site full of broken files ends. */
const TRIES_PER_RANK = 3;

export interface Crawler {
  /** @throws OperatorError for an unknown source; the signal's reason if it is aborted */
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
  const describable = merged.filter(
    (c) => c.torrentUrls[0] ?? c.magnet ?? (c.infoHash && (options.metadata ?? catalogue.get(c.infoHash))),
  );
  const describe = describer(
    {
      ...options,
      refetchMs: options.refetchMs ?? DEFAULT_REFETCH_MS,
      maxTorrentBytes: Math.min(options.maxTorrentBytes ?? MAX_TORRENT_BYTES, MAX_TORRENT_BYTES),
    },
    run.signal,
  );
  // Sorting is stable: equal scores keep the order of the sources and their entries.
  const known = mergeCandidates(
    await measured(describable, {
      ...run,
      scraper: options.scraper,
      describe,
      limit: top * TRIES_PER_RANK,
      parallel: PARALLEL_FETCHES,
    }),
  );
  const ranked = known.sort((a, b) => scoreOf(b) - scoreOf(a));

  const entries: CrawlEntry[] = [];
  const taken = new Set<InfoHash>();
  for (let next = 0; taken.size < top && next < Math.min(ranked.length, top * TRIES_PER_RANK); ) {
    const wave = ranked.slice(next, next + Math.min(top - taken.size, PARALLEL_FETCHES));
    next += wave.length;
    const described = await Promise.all(wave.map(describe));
    wave.forEach((candidate, index) => {
      const entry = rankTorrent(candidate, described[index]!, taken, { ...options, dryRun });
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

/** Candidates of all sources that could be read; `unread` lists the others, whose torrents keep their rank. */
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
        const candidates = await readSource(source, {
          ...options,
          dryRun: run.dryRun ?? false,
          signal: run.signal,
          onNote: (note) => run.onProgress?.({ step: 'source-note', source: source.name, note }),
        });
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

function asCandidate(torrent: CatalogueSummary): Candidate {
  const { source, name, infoHash, torrentUrl, magnet, pageUrl, seeds, leechers } = torrent;
  const torrentUrls = torrentUrl === undefined ? [] : [torrentUrl];
  return { source, title: name, infoHash, torrentUrls, magnet, pageUrl, seeds, leechers };
}
