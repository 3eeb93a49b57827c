/**
 * What a crawl in a test needs, made before each test and closed after it: a database in memory with its catalogue, a polite
 * fetcher that does not pause, a reader of documents and a clock that the test moves.
 */
import { afterAll, afterEach, beforeEach } from 'vitest';
import { createDocumentReader } from '../../src/app/document-reader.js';
import { type Crawler, type CrawlerOptions, createCrawler } from '../../src/crawler/crawl.js';
import type { CrawlEntry } from '../../src/crawler/crawl-result.js';
import { parseIp } from '../../src/domain/ip-address.js';
import { createPoliteFetcher, type PoliteFetcher, type PoliteFetcherOptions } from '../../src/net/polite-fetch.js';
import { type Catalogue, createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { createCrawlState } from '../../src/store/sqlite/catalogue-crawl-state.js';
import { openDatabase, type SqliteDatabase } from '../../src/store/sqlite/database.js';

export interface CrawlFixture {
  readonly database: SqliteDatabase;
  readonly catalogue: Catalogue;
  readonly fetcher: PoliteFetcher;
  readonly documents: ReturnType<typeof createDocumentReader>;
  readonly clock: { ms: number; nowMs(): number };
  /** Closed after the test. */
  openFetcher(options?: Partial<PoliteFetcherOptions>): PoliteFetcher;
  crawler(options: Pick<CrawlerOptions, 'sources'> & Partial<CrawlerOptions>): Crawler;
}

/** Every name is this machine's: sites of a test have names as real ones do. */
export const resolveToLoopback = async () => [parseIp('127.0.0.1')];

/** To be called outside of tests. What it returns is valid during a test. */
export function useCrawlFixture(options: Partial<PoliteFetcherOptions> = {}): CrawlFixture {
  const documents = createDocumentReader({ name: 'test-documents' });
  afterAll(() => documents.close());
  let database: SqliteDatabase;
  let catalogue: Catalogue;
  let fetcher: PoliteFetcher;
  const opened: PoliteFetcher[] = [];
  const clock = { ms: 0, nowMs: () => clock.ms };
  const openFetcher = (more: Partial<PoliteFetcherOptions> = {}): PoliteFetcher => {
    const quick = { documents, clock, blockedReason: () => undefined, delayMs: 0, sleep: async () => undefined };
    const made = createPoliteFetcher({ ...quick, ...options, ...more });
    opened.push(made);
    return made;
  };
  beforeEach(() => {
    clock.ms = Date.UTC(2026, 10, 22);
    database = openDatabase(':memory:');
    catalogue = createCatalogue(database);
    fetcher = openFetcher();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
    database.close();
  });
  return {
    get database() {
      return database;
    },
    get catalogue() {
      return catalogue;
    },
    get fetcher() {
      return fetcher;
    },
    documents,
    clock,
    openFetcher,
    crawler: (more) =>
      createCrawler({ top: 3, catalogue, state: createCrawlState(database), fetcher, documents, clock, ...more }),
  };
}

/** `RANK NAME STATUS` for each entry of a crawl. */
export const brief = (entries: readonly CrawlEntry[]): string[] =>
  entries.map((entry) => `${entry.rank ?? '-'} ${entry.name} ${entry.status}`);

export interface FeedItem {
  readonly title: string;
  /** Of torrent files. */
  readonly urls: readonly string[];
  readonly page?: string | undefined;
  readonly infoHash?: string | undefined;
  readonly seeds?: number | string | undefined;
  readonly leechers?: number | undefined;
  /** More elements. */
  readonly more?: string | undefined;
}

/** An RSS feed of torrents, with their numbers as indexers write them. */
export function feedOf(items: readonly FeedItem[]): string {
  const element = (name: string, value: unknown): string => (value === undefined ? '' : `<${name}>${value}</${name}>`);
  const item = ({ title, urls, page, infoHash, seeds, leechers, more = '' }: FeedItem): string =>
    `<item>${element('title', title)}${element('link', page)}` +
    urls.map((url) => `<enclosure url="${url}" type="application/x-bittorrent"/>`).join('') +
    element('nyaa:infoHash', infoHash) +
    element('nyaa:seeders', seeds) +
    `${element('nyaa:leechers', leechers)}${more}</item>`;
  return `<rss xmlns:nyaa="n"><channel>${items.map(item).join('')}</channel></rss>`;
}
