/**
 * A source that lies about what lies elsewhere: about the torrents of an honest site, about its files, and about addresses
 * that the operator has opened for another source.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CrawlerOptions } from '../../../src/crawler/crawl.js';
import type { CrawlResult } from '../../../src/crawler/crawl-result.js';
import type { Scraper } from '../../../src/crawler/source.js';
import type { PoliteFetcher } from '../../../src/net/polite-fetch.js';
import { parseMetainfo } from '../../../src/wire/metainfo.js';
import { feedOf, resolveToLoopback, useCrawlFixture } from '../../support/crawl-fixture.js';
import { type OriginalSite, startOriginalSite } from '../../support/original-site.js';
import { torrentWith } from '../../support/torrents.js';

const crawling = useCrawlFixture({ resolve: resolveToLoopback });

/** One server is both sites, distinguished by their names. */
let site: OriginalSite;
let good: string;
let evil: string;

const honest = torrentWith({}, { name: 'honest' });
const malware = torrentWith({}, { name: 'malware' });
const hashOf = (torrent: Uint8Array): string => parseMetainfo(torrent).infoHash;

interface Item {
  readonly url: string;
  readonly hash?: string;
  readonly seeds?: number;
  readonly title?: string;
}

function setFeed(path: string, items: readonly Item[]): void {
  const feed = items.map(({ url, hash, seeds, title = 't' }) => ({ title, urls: [url], infoHash: hash, seeds }));
  site.routes.set(path, feedOf(feed));
}

/** The hostile source is the first, so that its items are merged into by those of the honest one. */
async function crawl(options: Partial<CrawlerOptions> = {}): Promise<CrawlResult> {
  const sources = [
    { name: 'hostile', type: 'feed' as const, url: `${evil}/evil.xml` },
    { name: 'honest', type: 'feed' as const, url: `${good}/good.xml` },
  ];
  return crawling.crawler({ sources, top: 10, ...options }).crawlOnce();
}

const ranked = (): string[] => crawling.catalogue.ranked().map(({ name, seeds }) => `${name} ${seeds}`);
const requests = (path: string): number => site.requests.filter((each) => each.path === path).length;

beforeEach(async () => {
  site = await startOriginalSite({ '/honest.torrent': honest, '/malware.torrent': malware });
  good = `http://good.test:${site.port}`;
  evil = `http://evil.test:${site.port}`;
});

afterEach(async () => {
  await site.stop();
});

describe('a source that lies', () => {
  it('cannot put its file in the place of a torrent by stating its info-hash, nor rename it', async () => {
    setFeed('/evil.xml', [{ url: `${evil}/malware.torrent`, hash: hashOf(honest), title: 'free money' }]);
    setFeed('/good.xml', [{ url: `${good}/honest.torrent`, hash: hashOf(honest), seeds: 1_000, title: 'The Honest' }]);
    await crawl();
    expect(ranked()).toEqual(['honest 1000']);
    expect(crawling.catalogue.ranked()[0]?.title).toBe('The Honest');
  });

  it('cannot take a torrent away by stating another info-hash for its file', async () => {
    setFeed('/evil.xml', [
      { url: `${good}/honest.torrent`, hash: hashOf(malware), seeds: 1 },
      { url: `${evil}/malware.torrent`, hash: hashOf(malware), seeds: 5 },
    ]);
    setFeed('/good.xml', [{ url: `${good}/honest.torrent`, seeds: 1_000 }]);
    await crawl();
    expect(ranked()).toEqual(['honest 1000', 'malware 5']);
  });

  it('cannot displace the place of a torrent by naming it a thousand times', async () => {
    const items = Array.from({ length: 1_000 }, (_, i) => ({ url: `${evil}/${i}.torrent`, hash: hashOf(honest) }));
    setFeed('/evil.xml', items);
    setFeed('/good.xml', [{ url: `${good}/honest.torrent`, hash: hashOf(honest), seeds: 3 }]);
    await crawl();
    expect(ranked()).toEqual(['honest 3']);
    expect(site.requests.length).toBeLessThan(12);
  });

  it('cannot make the crawl leave out a site, by dead links or by errors', async () => {
    site.routes.set('/error.torrent', { status: 500 });
    const missing = Array.from({ length: 40 }, (_, i) => ({ url: `${good}/missing-${i}.torrent`, seeds: 9_000 }));
    const errors = Array.from({ length: 9 }, (_, i) => ({ url: `${good}/error.torrent?${i}`, seeds: 8_000 }));
    setFeed('/evil.xml', [...missing, ...errors]);
    setFeed('/good.xml', [{ url: `${good}/honest.torrent`, seeds: 3 }]);
    await crawl();
    expect(ranked()).toEqual(['honest 3']);
    // Its own tries still end.
    expect(site.requests.filter(({ path }) => path.startsWith('/missing')).length).toBeLessThan(20);
  });

  it('gets neither the headers nor the private addresses of another source', async () => {
    const asked: { url: string; cookie: string | undefined; allowPrivate: boolean | undefined }[] = [];
    const watched: PoliteFetcher = {
      ...crawling.fetcher,
      fetch: (url, request) => {
        asked.push({ url, cookie: request.headers?.Cookie, allowPrivate: request.allowPrivate });
        return crawling.fetcher.fetch(url, request);
      },
    };
    site.routes.set('/delete.torrent', malware);
    setFeed('/evil.xml', [{ url: `${good}/delete.torrent`, seeds: 9 }]);
    setFeed('/good.xml', [{ url: `${good}/honest.torrent`, seeds: 3 }]);
    await crawl({
      fetcher: watched,
      sources: [
        { name: 'hostile', type: 'feed', url: `${evil}/evil.xml` },
        { name: 'honest', type: 'feed', url: `${good}/good.xml`, headers: { Cookie: 'me' }, allowPrivate: true },
      ],
    });
    const of = (path: string) => asked.find(({ url }) => url === `${good}${path}`);
    expect(of('/honest.torrent')).toMatchObject({ cookie: 'me', allowPrivate: true });
    expect(of('/delete.torrent')).toMatchObject({ cookie: undefined, allowPrivate: false });
    expect(requests('/delete.torrent')).toBe(1);
  });

  it('cannot keep the crawl from measuring the torrents of others by a long list without numbers', async () => {
    const silent = Array.from({ length: 20 }, (_, i) => ({ url: `${evil}/silent-${i}.torrent` }));
    for (const i of silent.keys()) {
      site.routes.set(`/silent-${i}.torrent`, torrentWith({ announce: 'http://t.test/announce' }, { name: `s${i}` }));
    }
    const wanted = torrentWith({ announce: 'http://t.test/announce' }, { name: 'wanted' });
    site.routes.set('/wanted.torrent', wanted);
    setFeed('/evil.xml', silent);
    setFeed('/good.xml', [{ url: `${good}/wanted.torrent` }]);
    const scraper: Scraper = {
      scrape: async (_trackers, infoHashes) =>
        new Map(
          infoHashes.map((hash) => [hash, { seeders: hash === hashOf(wanted) ? 500 : 1, leechers: 0, completed: 0 }]),
        ),
    };
    await crawl({ top: 1, scraper });
    expect(ranked()).toEqual(['wanted 500']);
  });
});
