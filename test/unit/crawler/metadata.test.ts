import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { createDocumentReader } from '../../../src/app/document-reader.js';
import { createCrawler } from '../../../src/crawler/crawl.js';
import type { FetchMetadata } from '../../../src/crawler/metadata-port.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';
import { createPoliteFetcher, type PoliteFetcher } from '../../../src/net/polite-fetch.js';
import { type Catalogue, createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { createCrawlState } from '../../../src/store/sqlite/catalogue-crawl-state.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';

const documents = createDocumentReader({ name: 'test-documents' });
afterAll(() => documents.close());

const alice = parseInfoHash(fixtures.alice.parsedTorrent.infoHash);
const leaves = parseInfoHash(fixtures.leaves.parsedTorrent.infoHash);
const infoOf = (name: 'alice' | 'leaves'): Uint8Array => {
  const bytes = Buffer.from(fixtures[name].torrent);
  return bytes.subarray(bytes.indexOf('4:info') + 6, -1);
};

describe('torrents of which only the info-hash is known', () => {
  const clock = { nowMs: () => Date.UTC(2026, 10, 22) };
  let database: SqliteDatabase;
  let catalogue: Catalogue;
  let fetcher: PoliteFetcher;
  beforeEach(() => {
    database = openDatabase(':memory:');
    catalogue = createCatalogue(database);
    fetcher = createPoliteFetcher({ documents, clock, blockedReason: () => undefined });
  });
  afterEach(async () => {
    await fetcher.close();
    database.close();
  });

  const crawl = (metadata: FetchMetadata | undefined) =>
    createCrawler({
      sources: [{ name: 'own', type: 'announces' }],
      top: 3,
      catalogue,
      state: createCrawlState(database),
      fetcher,
      documents,
      clock,
      announced: { announced: () => [{ infoHash: alice, seeds: 1, leechers: 4 }] },
      metadata,
    }).crawlOnce();

  it('get into the catalogue with the description that peers send', async () => {
    const { entries } = await crawl(async (infoHash) => (infoHash === alice ? infoOf('alice') : undefined));
    expect(entries).toMatchObject([{ infoHash: alice, name: 'alice.txt', status: 'new', innerRequests: 5 }]);
    expect(Buffer.from(catalogue.torrentBytes(alice)!).includes(Buffer.from(infoOf('alice')))).toBe(true);
  });

  it.each([
    ['the description of another torrent', async () => infoOf('leaves'), /another torrent/],
    ['something else', async () => Buffer.from('i1e'), /./],
    ['nothing', async () => undefined, /no peer/],
  ])('are reported if peers send %s', async (_what, metadata, reason) => {
    const { entries } = await crawl(metadata);
    expect(entries).toMatchObject([{ status: 'failed', reason: expect.stringMatching(reason) }]);
    expect([catalogue.get(alice), catalogue.get(leaves)]).toEqual([undefined, undefined]);
  });

  it('are left out where nobody fetches descriptions', async () => {
    expect((await crawl(undefined)).entries).toEqual([]);
  });
});
