import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { createDocumentReader } from '../../../src/app/document-reader.js';
import { type CrawlerOptions, createCrawler } from '../../../src/crawler/crawl.js';
import type { FetchMetadata } from '../../../src/crawler/metadata-port.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';
import { createPoliteFetcher, type PoliteFetcher } from '../../../src/net/polite-fetch.js';
import { type Catalogue, createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { createCrawlState } from '../../../src/store/sqlite/catalogue-crawl-state.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { parseMetainfo } from '../../../src/wire/metainfo.js';
import { type OriginalSite, startOriginalSite } from '../../support/original-site.js';
import { v2TorrentWithLayer } from '../../support/torrents.js';

const documents = createDocumentReader({ name: 'test-documents' });
afterAll(() => documents.close());

const alice = parseInfoHash(fixtures.alice.parsedTorrent.infoHash);
const leaves = parseInfoHash(fixtures.leaves.parsedTorrent.infoHash);
const infoOf = (name: 'alice' | 'leaves'): Uint8Array => {
  const bytes = Buffer.from(fixtures[name].torrent);
  return bytes.subarray(bytes.indexOf('4:info') + 6, -1);
};

describe('torrents of which only the info-hash is known', () => {
  let nowMs = Date.UTC(2026, 10, 22);
  const clock = { nowMs: () => nowMs };
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

  const crawl = (metadata: FetchMetadata | undefined, options: Partial<CrawlerOptions> = {}) =>
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
      ...options,
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

  describe('and those with a magnet link', () => {
    const tracker = 'udp://old.example:6969';
    const link = `magnet:?xt=urn:btih:${alice}&dn=From+the+link&tr=${encodeURIComponent(tracker)}`;
    let site: OriginalSite;
    beforeEach(async () => {
      const item = `<item><title>t</title><link>${link.replaceAll('&', '&amp;')}</link></item>`;
      site = await startOriginalSite({ '/feed.xml': `<rss version="2.0"><channel>${item}</channel></rss>` });
    });
    afterEach(() => site.stop());
    const crawlLink = (metadata: FetchMetadata | undefined) =>
      crawl(metadata, { sources: [{ name: 'links', type: 'feed', url: `${site.url}/feed.xml` }] });

    it('are known by the link as long as no inner peer has the description', async () => {
      await crawlLink(async () => undefined);
      expect(catalogue.get(alice)).toMatchObject({ name: 'From the link', magnet: link, trackerTiers: [[tracker]] });
      // The next day somebody has it. Before that nobody is asked again.
      let asked = 0;
      const found = async (): Promise<Uint8Array> => {
        asked++;
        return infoOf('alice');
      };
      await crawlLink(found);
      expect(asked).toBe(0);
      nowMs += 2 * 86_400_000;
      await crawlLink(found);
      expect(catalogue.get(alice)).toMatchObject({ name: 'alice.txt', magnet: undefined, trackerTiers: [[tracker]] });
      expect(parseMetainfo(catalogue.torrentBytes(alice)!)).toMatchObject({
        infoHash: alice,
        trackerTiers: [[tracker]],
      });
    });

    it('are not published if the description says that they are private (BEP 27)', async () => {
      const bytes = Buffer.from(fixtures.bunny.torrent);
      const info = bytes.subarray(bytes.indexOf('4:info') + 6, -1);
      const { entries } = await crawlLink(async () => info);
      expect(entries).toMatchObject([{ status: 'skipped', reason: expect.stringContaining('BEP 27') }]);
      expect(catalogue.get(alice)).toBeUndefined();
    });
  });

  it('are offered as links if they are of version 2 and lack their piece layers (BEP 52)', async () => {
    const bytes = v2TorrentWithLayer(Buffer.alloc(96, 'layer'), 16_384);
    const { infoHash, infoHashV2, infoSpan } = parseMetainfo(bytes);
    const announced = { announced: () => [{ infoHash, seeds: 1, leechers: 4 }] };
    await crawl(async () => bytes.subarray(infoSpan.start, infoSpan.end), { announced });
    expect(catalogue.torrentBytes(infoHash)).toBeUndefined();
    expect(catalogue.get(infoHash)).toMatchObject({
      name: 'two',
      infoHashV2,
      fileCount: 1,
      magnet: expect.stringMatching(`^magnet:\\?xt=urn:btmh:1220${infoHashV2}&`),
    });
  });
});
