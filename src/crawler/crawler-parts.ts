/** Makes the crawler of a configuration, for `serve` and for `crawl`. */

import type { Clock } from '../domain/clock.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { NameResolver } from '../net/name-resolver.js';
import type { BlockedReason } from '../net/outbound-rules.js';
import { createPoliteFetcher } from '../net/polite-fetch.js';
import { type Catalogue, createCatalogue } from '../store/sqlite/catalogue.js';
import { createCrawlState } from '../store/sqlite/catalogue-crawl-state.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import { type Crawler, createCrawler } from './crawl.js';
import type { CrawlDocumentReader } from './document-tasks.js';
import type { FetchMetadata } from './metadata-port.js';
import type { CrawlerConfig } from './section.js';
import type { AnnouncedSwarms, Scraper } from './source.js';
import type { TorrentPolicy } from './torrent-policy.js';

/** The crawl limits its documents in flight; what reads them has to be more than its sources and parallel fetches. */
export const MAX_CRAWL_DOCUMENTS = 10_000;

export interface CrawlerPartsOptions {
  readonly config: CrawlerConfig;
  readonly database: SqliteDatabase;
  readonly clock: Clock;
  readonly blockedReason: BlockedReason;
  /** A resolver that does not redirect; default: the system's. */
  readonly resolver?: NameResolver | undefined;
  /** The upstream exchange. */
  readonly scraper?: Scraper | undefined;
  /** Torrents that inner clients announce. Without it the source `announces` is empty. */
  readonly announced?: AnnouncedSwarms | undefined;
  /** Descriptions of torrents of which only the info-hash is known. */
  readonly metadata?: FetchMetadata | undefined;
  /** Told of each private torrent whose info-hash a source names (BEP 27). */
  readonly privateSeen?: ((infoHash: InfoHash) => void) | undefined;
  /** Default: only what the operator has denied by hand is refused. */
  readonly policy?: TorrentPolicy | undefined;
  /** How full the tracker is, from 0 to 1. */
  readonly load?: (() => number) | undefined;
  /** Reads documents in a thread, which `close` ends. */
  readonly documents: CrawlDocumentReader & { close(): Promise<void> };
}

export interface CrawlerParts {
  readonly catalogue: Catalogue;
  readonly crawler: Crawler;
  /** Ends idle connections and the thread that reads documents. The database stays open. */
  close(): Promise<void>;
}

export function createCrawlerParts(options: CrawlerPartsOptions): CrawlerParts {
  const { config, database, clock, resolver, documents } = options;
  const settings = config.crawler;
  const catalogue = createCatalogue(database);
  const fetcher = createPoliteFetcher({
    clock,
    documents,
    blockedReason: options.blockedReason,
    delayMs: settings.delayPerSiteMs,
    timeoutMs: settings.timeoutMs,
    ...(settings.userAgent === undefined ? {} : { userAgent: settings.userAgent }),
    ...(resolver === undefined ? {} : { resolve: (hostname: string) => resolver.addresses(hostname) }),
  });
  const crawler = createCrawler({
    sources: settings.sources,
    top: settings.top,
    topMax: settings.topMax,
    load: options.load,
    policy: options.policy,
    popularityHalfLifeMs: settings.popularityHalfLifeMs,
    maxDurationMs: settings.maxDurationMs,
    retainMs: settings.retainMs,
    retainMaxBytes: settings.retainMaxBytes,
    maxDocumentBytes: settings.maxPageBytes,
    maxTorrentBytes: settings.maxTorrentBytes,
    catalogue,
    state: createCrawlState(database),
    fetcher,
    documents,
    clock,
    scraper: options.scraper,
    announced: options.announced,
    metadata: options.metadata,
    privateSeen: options.privateSeen,
  });
  return { catalogue, crawler, close: async () => void (await Promise.all([fetcher.close(), documents.close()])) };
}
