/**
 * Runs one crawl (draft 4.2, first step): reads the sources, ranks the torrents that they name, fetches the
 * descriptions of the top N and stores them in the catalogue. Failures are reported and skipped. A failure never loses
 * stored torrents: those of an unreadable source keep their rank, and those that drop out of the top are retained for a
 * while.
 */

import { setMaxListeners } from 'node:events';
import type { Clock } from '../domain/clock.js';
import { type Deadline, startDeadline } from '../domain/deadline.js';
import type { InfoHash } from '../domain/info-hash.js';
import { addressKey } from '../domain/site-address.js';
import type { PoliteFetcher } from '../net/polite-fetch.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { CrawlState } from '../store/sqlite/catalogue-crawl-state.js';
import type { CatalogueSummary } from '../store/sqlite/catalogue-torrent.js';
import { MAX_TORRENT_BYTES } from '../wire/metainfo-limits.js';
import { type Candidate, mergeCandidates } from './candidate.js';
import { chooseBest } from './choose.js';
import type { CrawlProgress, CrawlResult } from './crawl-result.js';
import { readSources } from './crawl-sources.js';
import type { CrawlDocumentReader } from './document-tasks.js';
import { describeKnown, identified, type ProvenAddresses } from './known-descriptions.js';
import { CANDIDATES_PER_PLACE, MIN_CANDIDATES, PUSH_LIFETIME_MS } from './limits.js';
import type { FetchMetadata } from './metadata-port.js';
import { adaptedTop } from './popularity.js';
import { provePlaces } from './prove-places.js';
import { type Publishing, publish, stage } from './publish.js';
import { siteVisits } from './site-visits.js';
import type { AnnouncedSwarms, Scraper } from './source.js';
import type { Source } from './source-section.js';
import { Standings } from './standings.js';
import { type TorrentPolicy, torrentPolicy } from './torrent-policy.js';

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
  /** Told of each private torrent whose info-hash a source names (BEP 27). */
  readonly privateSeen?: ((infoHash: InfoHash) => void) | undefined;
  /** With this, the top is larger while the tracker has room. */
  readonly topMax?: number | undefined;
  /** How full the tracker is, from 0 to 1. */
  readonly load?: (() => Promise<number> | number) | undefined;
  /** Default: no torrent is refused but those that the operator has denied. */
  readonly policy?: TorrentPolicy | undefined;
  /** After this time, half of a lasting change of demand has arrived in the popularity. 0 or undefined: at once. */
  readonly popularityHalfLifeMs?: number | undefined;
  /** After this time a crawl stores what it has found, and ends. */
  readonly maxDurationMs?: number | undefined;
  /** How long a torrent is retained after it drops out of the top. */
  readonly retainMs?: number | undefined;
  /** Of all retained torrents; those that dropped out first are deleted first. Default: no limit. */
  readonly retainMaxBytes?: number | undefined;
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
const DEFAULT_MAX_DURATION_MS = 3_600_000;
/** State of access logs and documents that no source names any more is deleted after this, and so is old popularity. */
const MEMORY_MS = 30 * DAY_MS;
/** The log of publications outlives a year's questions. */
const LOG_MEMORY_MS = 400 * DAY_MS;

export interface Crawler {
  /** @throws OperatorError for an unknown source; the signal's reason if it is aborted */
  crawlOnce(run?: CrawlRun): Promise<CrawlResult>;
}

export function createCrawler(options: CrawlerOptions): Crawler {
  return {
    crawlOnce: async (run = {}) => {
      const timeUp = startDeadline(options.maxDurationMs ?? DEFAULT_MAX_DURATION_MS, run.signal);
      try {
        return await crawlOnce(options, run, timeUp);
      } finally {
        timeUp.end();
      }
    },
  };
}

async function crawlOnce(options: CrawlerOptions, run: CrawlRun, timeUp: Deadline): Promise<CrawlResult> {
  const { signal } = timeUp;
  // Every document and request of the crawl listens to it.
  setMaxListeners(0, signal);
  const { catalogue, state, clock, retainMs = DEFAULT_RETAIN_MS, retainMaxBytes: maxBytes } = options;
  const { onProgress, dryRun = false } = run;
  const top = run.top ?? adaptedTop(options.top, options.topMax, (await options.load?.()) ?? 0);
  const policy = options.policy ?? torrentPolicy(catalogue, () => ({ denied: new Set(), allowed: undefined }));
  const visits = siteVisits(options);
  const read = await readSources({
    all: options.sources,
    only: run.source,
    limit: Math.max(MIN_CANDIDATES, top * CANDIDATES_PER_PLACE),
    visits,
    reading: { ...options, dryRun, signal },
    stopped: run.signal,
    onProgress,
  });
  const nowMs = clock.nowMs();
  const ranked = catalogue.ranked();
  const standings = new Standings({
    history: catalogue.popularities(),
    rankedBefore: new Set(ranked.map(({ infoHash }) => infoHash)),
    pinned: policy.pinned(),
    pinningSources: new Set(options.sources.filter(({ type }) => type === 'pinned').map(({ name }) => name)),
    halfLifeMs: options.popularityHalfLifeMs ?? 0,
    nowMs,
  });
  const proven: ProvenAddresses = { stored: catalogue.fileAddresses(), others: state.knownFiles() };
  const carried = carriedOver(ranked, read.unread, policy, catalogue);
  // Taken out of the list as they are merged: they need tens of megabytes, and the crawl goes on for minutes.
  const candidates = await candidatesOf(read.candidates, carried, proven);
  const describable = candidates.filter(
    (c) => c.torrentUrls[0] ?? c.magnet ?? (c.infoHash && (options.metadata ?? catalogue.get(c.infoHash))),
  );
  const reading = {
    ...options,
    visits,
    proven,
    refetchMs: options.refetchMs ?? DEFAULT_REFETCH_MS,
    maxTorrentBytes: Math.min(options.maxTorrentBytes ?? MAX_TORRENT_BYTES, MAX_TORRENT_BYTES),
  };
  const publishing: Publishing = { catalogue, state, sources: options.sources, policy, standings, nowMs, dryRun };
  const { found, others, failures } = await chooseBest(describable, {
    ...{ top, standings, signal, onProgress },
    describe: (candidate) => describeKnown(candidate, reading, signal),
    knownTrackers: (candidate) => knownTrackers(candidate, catalogue, proven),
    stage: (candidate, described) => stage(candidate, described, publishing),
    scraper: options.scraper,
    stopped: run.signal,
  });
  const { entries, dropped, deleted } = publish(
    found,
    others,
    top,
    { sinceMs: nowMs - retainMs, maxBytes },
    publishing,
  );
  for (const entry of entries) onProgress?.({ step: 'torrent', entry });
  if (!dryRun) {
    catalogue.samplePopularity(nowMs);
    await provePlaces(found, { ...options, visits, proven, maxTorrentBytes: reading.maxTorrentBytes }, signal);
    run.signal?.throwIfAborted();
    forget(options, policy, nowMs);
  }
  return { entries: [...failures, ...entries], sources: read.sources, dropped, deleted, ended: timeUp.isOver };
}

/** Also what was denied since it was stored. */
function forget({ catalogue, state }: CrawlerOptions, policy: TorrentPolicy, nowMs: number): void {
  catalogue.remove(catalogue.allInfoHashes().filter((infoHash) => policy.refusal(infoHash) !== undefined));
  state.forgetBefore(nowMs - MEMORY_MS);
  catalogue.forgetPopularityBefore(nowMs - MEMORY_MS);
  catalogue.forgetOffersBefore(nowMs - MEMORY_MS);
  catalogue.forgetPushedBefore(nowMs - PUSH_LIFETIME_MS);
  catalogue.forgetLogBefore(nowMs - LOG_MEMORY_MS);
}

/** Merged, with the info-hashes that are known. In slices, because a crawl shares its thread with the mirror site. */
async function candidatesOf(
  read: Candidate[],
  carried: readonly Candidate[],
  proven: ProvenAddresses,
): Promise<Candidate[]> {
  const known: Candidate[] = [];
  for (let at = 0; at < read.length; at += SLICE) {
    for (const candidate of read.slice(at, at + SLICE)) known.push(identified(candidate, proven));
    await new Promise(setImmediate);
  }
  read.length = 0;
  return mergeCandidates([...known, ...carried]);
}

const SLICE = 1_000;

/** Ranked torrents of sources that were not read, and pinned ones. */
function carriedOver(
  ranked: readonly CatalogueSummary[],
  unread: ReadonlySet<string>,
  policy: TorrentPolicy,
  catalogue: Catalogue,
): Candidate[] {
  const isUnread = ({ source, infoHash }: CatalogueSummary): boolean =>
    unread.has(source) || (unread.size > 0 && catalogue.offers(infoHash).some((offer) => unread.has(offer.source)));
  const pinned = [...policy.pinned()].flatMap((infoHash) => catalogue.get(infoHash) ?? []);
  return [...ranked.filter(isUnread), ...pinned].map(asCandidate);
}

function asCandidate(torrent: CatalogueSummary): Candidate {
  const { source, name, title, infoHash, torrentUrl, magnet, pageUrl, seeds, leechers } = torrent;
  const torrentUrls = torrentUrl === undefined ? [] : [torrentUrl];
  return { source, title: title ?? name, infoHash, torrentUrls, magnet, pageUrl, seeds, leechers };
}

function knownTrackers(
  { infoHash, torrentUrls }: Candidate,
  catalogue: Catalogue,
  { others }: ProvenAddresses,
): readonly string[] | undefined {
  const stored = infoHash === undefined ? undefined : catalogue.get(infoHash);
  if (stored !== undefined) return stored.trackerTiers.flat();
  const [first] = torrentUrls;
  return first !== undefined && URL.canParse(first) ? others.get(addressKey(first))?.trackers : undefined;
}
