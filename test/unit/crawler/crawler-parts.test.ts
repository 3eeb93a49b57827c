/** Every value that crosses from the configuration to the crawler and its fetcher; both are the real ones, looked at. */
import { afterEach, expect, test, vi } from 'vitest';
import { createDocumentReader } from '../../../src/app/document-reader.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import * as crawl from '../../../src/crawler/crawl.js';
import { createCrawlerParts } from '../../../src/crawler/crawler-parts.js';
import * as fetching from '../../../src/net/polite-fetch.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';

vi.mock('../../../src/crawler/crawl.js', { spy: true });
vi.mock('../../../src/net/polite-fetch.js', { spy: true });
afterEach(() => vi.clearAllMocks());

async function given(text: string): Promise<Record<string, unknown>> {
  const config = parseConfig(
    `operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }\ntracker: { announceUrls: ["udp://a.example:6969/announce"] }\ncrawler: ${text}\n`,
  );
  const database = openDatabase(':memory:');
  const blockedReason = () => undefined;
  const announced = { announced: async () => [] };
  const scraper = { scrape: async () => new Map() };
  const clock = { nowMs: () => 0 };
  const metadata = async () => undefined;
  const policy = { refusal: () => undefined, denial: () => undefined, pinned: () => new Set<never>() };
  const load = () => 0;
  const documents = createDocumentReader({ name: 'test' });
  const given = { config, documents, database, clock, blockedReason, announced, scraper, metadata, policy, load };
  const parts = createCrawlerParts(given);
  await parts.close();
  database.close();
  const { delayMs, timeoutMs, userAgent } = vi.mocked(fetching.createPoliteFetcher).mock.lastCall![0];
  const crawlerOptions = vi.mocked(crawl.createCrawler).mock.lastCall![0];
  const { sources, top, topMax, retainMs, retainMaxBytes, maxDocumentBytes, maxTorrentBytes } = crawlerOptions;
  const { popularityHalfLifeMs, maxDurationMs } = crawlerOptions;
  expect(crawlerOptions.policy).toBe(policy);
  expect(crawlerOptions.load).toBe(load);
  expect(crawlerOptions.announced).toBe(announced);
  expect(crawlerOptions.scraper).toBe(scraper);
  expect(crawlerOptions.documents).toBe(documents);
  expect(crawlerOptions.metadata).toBe(metadata);
  const isClosed = vi.mocked(fetching.createPoliteFetcher).mock.lastCall![0].blockedReason === blockedReason;
  return {
    ...{ delayMs, timeoutMs, userAgent, sources, top, topMax, retainMs, maxDocumentBytes, maxTorrentBytes, isClosed },
    ...{ popularityHalfLifeMs, maxDurationMs, retainMaxBytes },
  };
}

const DEFAULTS = {
  delayMs: 1_000,
  timeoutMs: 20_000,
  userAgent: undefined,
  sources: [],
  top: 100,
  topMax: undefined,
  popularityHalfLifeMs: 2 * 3_600_000,
  maxDurationMs: 3_600_000,
  retainMs: 7 * 86_400_000,
  retainMaxBytes: 10 * 2 ** 30,
  maxDocumentBytes: 8 * 2 ** 20,
  maxTorrentBytes: 16 * 2 ** 20,
  isClosed: true,
};

test.each([
  ['delayPerSite: 3s', { delayMs: 3_000 }],
  ['timeout: 4s', { timeoutMs: 4_000 }],
  ['userAgent: me', { userAgent: 'me' }],
  ['sources: [ { name: own, type: announces } ]', { sources: [{ name: 'own', type: 'announces' }] }],
  ['top: 7', { top: 7 }],
  ['topMax: 700', { topMax: 700 }],
  ['popularityHalfLife: 0ms', { popularityHalfLifeMs: 0 }],
  ['maxDuration: 10m', { maxDurationMs: 600_000 }],
  ['retain: 2d', { retainMs: 2 * 86_400_000 }],
  ['retainMaxSize: 1GiB', { retainMaxBytes: 2 ** 30 }],
  ['maxPageSize: 2MiB', { maxDocumentBytes: 2 * 2 ** 20 }],
  ['maxTorrentSize: 3MiB', { maxTorrentBytes: 3 * 2 ** 20 }],
])('crawler: { %s }', async (text, expected) => {
  expect(await given('{}')).toEqual(DEFAULTS);
  expect(await given(`{ ${text} }`)).toEqual({ ...DEFAULTS, ...expected });
});
