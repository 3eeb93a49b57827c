import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bencode from 'bencode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { createDocumentReader } from '../../../src/app/document-reader.js';
import type { ReadingTasks } from '../../../src/app/document-reader-thread.js';
import type { Crawler, CrawlerOptions } from '../../../src/crawler/crawl.js';
import type { CrawlProgress } from '../../../src/crawler/crawl-result.js';
import { startCrawler } from '../../../src/crawler/crawl-schedule.js';
import type { CrawlDocumentReader } from '../../../src/crawler/document-tasks.js';
import type { Scraper } from '../../../src/crawler/source.js';
import { readTorrent } from '../../../src/crawler/torrent-facts.js';
import { DocumentReader } from '../../../src/document-reader/document-reader.js';
import { type InfoHash, parseInfoHash } from '../../../src/domain/info-hash.js';
import { brief, feedOf, useCrawlFixture } from '../../support/crawl-fixture.js';
import { eventually, gap } from '../../support/eventually.js';
import { type OriginalSite, startOriginalSite } from '../../support/original-site.js';
import { torrentWith } from '../../support/torrents.js';

const HOUR_MS = 3_600_000;
const hash = (name: 'alice' | 'leaves' | 'numbers' | 'folder' | 'sintel'): InfoHash =>
  parseInfoHash(fixtures[name].parsedTorrent.infoHash);
const corrupt = readFileSync(
  new URL('../../../node_modules/webtorrent-fixtures/fixtures/corrupt.torrent', import.meta.url),
);

const crawling = useCrawlFixture();
const { clock } = crawling;

let site: OriginalSite;

interface Item {
  readonly name: string;
  readonly seeds?: number;
  readonly leechers?: number;
}

function setFeed(items: readonly Item[], path = '/feed.xml'): void {
  const feed = items.map(({ name, ...numbers }) => ({
    title: name,
    page: `${site.url}/page/${name}`,
    urls: [`${site.url}/t/${name}.torrent`],
    ...numbers,
  }));
  site.routes.set(path, feedOf(feed));
}

function crawlerWith(options: Partial<CrawlerOptions> = {}): Crawler {
  return crawling.crawler({ sources: [{ name: 'lab', type: 'feed', url: `${site.url}/feed.xml` }], ...options });
}

beforeEach(async () => {
  site = await startOriginalSite();
  for (const name of ['alice', 'leaves', 'numbers', 'folder', 'sintel', 'bunny'] as const) {
    site.routes.set(`/t/${name}.torrent`, new Uint8Array(fixtures[name].torrent));
  }
  site.routes.set('/t/corrupt.torrent', corrupt);
});

afterEach(async () => {
  await site.stop();
});

describe('a crawl', () => {
  it('keeps the top N by popularity, reports what is broken or private, and goes on to the next', async () => {
    setFeed([
      { name: 'numbers', seeds: 1, leechers: 0 },
      { name: 'alice', seeds: 10, leechers: 50 },
      { name: 'corrupt', seeds: 500, leechers: 500 },
      { name: 'bunny', seeds: 400, leechers: 400 },
      { name: 'leaves', seeds: 100, leechers: 0 },
      { name: 'gone', seeds: 300, leechers: 0 },
      { name: 'folder', seeds: 0, leechers: 2 },
    ]);
    const progress: CrawlProgress[] = [];
    const result = await crawlerWith().crawlOnce({ onProgress: (step) => progress.push(step) });
    expect(brief(result.entries)).toEqual([
      '- corrupt failed',
      '- bunny skipped',
      '- gone failed',
      '1 alice.txt new',
      '2 Leaves of Grass by Walt Whitman.epub new',
      '3 folder new',
    ]);
    const reasons = result.entries.map((entry) => entry.reason ?? '');
    expect(reasons[0]).toMatch(/not a torrent/);
    expect(reasons[1]).toMatch(/private torrent \(BEP 27\)/);
    expect(reasons[2]).toMatch(/404/);
    expect(result.sources).toEqual([{ name: 'lab', candidates: 7, error: undefined }]);
    expect(progress[0]).toEqual({ step: 'source', source: 'lab', candidates: 7 });
    expect(crawling.catalogue.ranked().map((torrent) => torrent.infoHash)).toEqual([
      hash('alice'),
      hash('leaves'),
      hash('folder'),
    ]);
    expect(Buffer.from(crawling.catalogue.torrentBytes(hash('alice'))!)).toEqual(Buffer.from(fixtures.alice.torrent));
    expect(crawling.catalogue.findOrigin('127.0.0.1', '/t/alice.torrent')).toEqual({
      infoHash: hash('alice'),
      kind: 'torrent',
    });
    expect(crawling.catalogue.findOrigin('127.0.0.1', '/page/alice')).toEqual({
      infoHash: hash('alice'),
      kind: 'page',
    });
    expect(crawling.catalogue.findListing('127.0.0.1', '/feed.xml')).toMatchObject({ kind: 'feed', source: 'lab' });
  });

  it('fetches a torrent file once, not at every crawl, but again after a day', async () => {
    setFeed([{ name: 'alice', seeds: 1, leechers: 1 }]);
    const crawler = crawlerWith();
    await crawler.crawlOnce();
    clock.ms += HOUR_MS;
    expect(brief((await crawler.crawlOnce()).entries)).toEqual(['1 alice.txt kept']);
    setFeed([{ name: 'alice', seeds: 2, leechers: 1 }]);
    expect(brief((await crawler.crawlOnce()).entries)).toEqual(['1 alice.txt updated']);
    const fetches = (): number => site.requests.filter(({ path }) => path === '/t/alice.torrent').length;
    expect(fetches()).toBe(1);
    clock.ms += 24 * HOUR_MS;
    site.routes.delete('/t/alice.torrent');
    expect(brief((await crawler.crawlOnce()).entries)).toEqual(['1 alice.txt kept']);
    expect(fetches()).toBe(2);
  });

  it('keeps what dropped out of the top for a while', async () => {
    setFeed([
      { name: 'alice', seeds: 9, leechers: 9 },
      { name: 'leaves', seeds: 1, leechers: 1 },
    ]);
    const crawler = crawlerWith({ top: 1, retainMs: 10 * HOUR_MS });
    await crawler.crawlOnce();
    setFeed([{ name: 'leaves', seeds: 1, leechers: 1 }]);
    clock.ms += 5 * HOUR_MS;
    expect(await crawler.crawlOnce()).toMatchObject({ dropped: 1, deleted: 0 });
    expect(crawling.catalogue.get(hash('alice'))).toMatchObject({ rank: undefined });
    clock.ms += 6 * HOUR_MS;
    expect(await crawler.crawlOnce()).toMatchObject({ dropped: 0, deleted: 1 });
    expect(crawling.catalogue.get(hash('alice'))).toBeUndefined();
  });

  it('retains what dropped out of the top only up to a size', async () => {
    setFeed([{ name: 'alice', seeds: 9, leechers: 9 }]);
    const crawler = crawlerWith({ top: 1, retainMs: 10 * HOUR_MS, retainMaxBytes: 0 });
    await crawler.crawlOnce();
    setFeed([{ name: 'leaves', seeds: 1, leechers: 1 }]);
    expect(await crawler.crawlOnce()).toMatchObject({ dropped: 1, deleted: 1 });
    expect(crawling.catalogue.get(hash('alice'))).toBeUndefined();
  });

  it('stores nothing in a dry run', async () => {
    setFeed([{ name: 'alice', seeds: 9, leechers: 9 }]);
    expect(brief((await crawlerWith().crawlOnce({ dryRun: true })).entries)).toEqual(['1 alice.txt new']);
    expect(crawling.catalogue.count()).toBe(0);
    expect(crawling.catalogue.findListing('127.0.0.1', '/feed.xml')).toBeUndefined();
  });

  it('asks a feed only for news', async () => {
    const body = `<rss><channel><item><title>alice</title><link>${site.url}/t/alice.torrent</link><seeders>1</seeders></item></channel></rss>`;
    let whole = 0;
    site.routes.set('/feed.xml', (response, headers) => {
      if (headers['if-none-match'] === '"1"') return void response.writeHead(304).end();
      whole++;
      response.writeHead(200, { etag: '"1"' }).end(body);
    });
    const crawler = crawlerWith();
    await crawler.crawlOnce();
    expect(brief((await crawler.crawlOnce()).entries)).toEqual(['1 alice.txt kept']);
    expect(whole).toBe(1);
  });

  it('takes magnet links where a site has no files, and a file for the link when it turns up', async () => {
    const magnet = `magnet:?xt=urn:btih:${hash('alice')}&amp;dn=Alice&amp;tr=udp%3A%2F%2Fold.example%3A80`;
    site.routes.set('/feed.xml', `<rss><channel><item><title>x</title><link>${magnet}</link></item></channel></rss>`);
    const crawler = crawlerWith();
    expect(brief((await crawler.crawlOnce()).entries)).toEqual(['1 Alice new']);
    expect(crawling.catalogue.get(hash('alice'))).toMatchObject({
      trackerTiers: [['udp://old.example:80']],
      fileCount: 0,
    });
    site.routes.set(
      '/feed.xml',
      `<rss xmlns:n="n"><channel><item><title>x</title><link>${site.url}/t/alice.torrent</link><n:infoHash>${hash('alice')}</n:infoHash></item></channel></rss>`,
    );
    expect(brief((await crawler.crawlOnce()).entries)).toEqual(['1 alice.txt updated']);
    expect(crawling.catalogue.get(hash('alice'))).toMatchObject({ magnet: undefined, fileCount: 1 });
  });
});

describe('several sources', () => {
  it('count the same torrent once, with inner demand on top', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'crawl-'));
    const file = join(directory, 'access.log');
    const request = `10.0.0.1 - - [x] "GET ${site.url}/t/leaves.torrent HTTP/1.1" 200 5\n`;
    writeFileSync(file, request.repeat(30));
    setFeed([
      { name: 'alice', seeds: 50, leechers: 0 },
      { name: 'leaves', seeds: 10, leechers: 0 },
    ]);
    site.routes.set(
      '/top',
      '<ul><li><a class=d href="/t/numbers.torrent">n</a><b>5</b></li><li><a class=d href="/t/alice.torrent">a</a><b>60</b></li></ul>',
    );
    const result = await crawlerWith({
      top: 10,
      sources: [
        { name: 'lab', type: 'feed', url: `${site.url}/feed.xml` },
        { name: 'list', type: 'html', url: `${site.url}/top`, item: 'li', link: 'a.d', seeds: 'b' },
        { name: 'proxy', type: 'access-log', file },
        { name: 'own', type: 'announces' },
      ],
      announced: {
        announced: () => [
          { infoHash: hash('numbers'), seeds: 20, leechers: 20 },
          { infoHash: parseInfoHash('ab'.repeat(20)), seeds: 99, leechers: 99 },
        ],
      },
    }).crawlOnce();
    // numbers is only known by its address until it is fetched, so its inner peers count from the next crawl on.
    expect(result.entries.map((entry) => [entry.name.slice(0, 7), entry.score, entry.source])).toEqual([
      ['Leaves ', 130, 'lab'],
      ['alice.t', 60, 'lab'],
      ['numbers', 5, 'list'],
    ]);
    expect(result.sources.map((source) => source.candidates)).toEqual([2, 2, 1, 2]);
    rmSync(directory, { recursive: true });
  });

  it('fail alone, and the torrents of one that failed keep their places', async () => {
    setFeed([{ name: 'alice', seeds: 5, leechers: 5 }]);
    setFeed([{ name: 'leaves', seeds: 9, leechers: 9 }], '/other.xml');
    const crawler = crawlerWith({
      sources: [
        { name: 'lab', type: 'feed', url: `${site.url}/feed.xml` },
        { name: 'other', type: 'feed', url: `${site.url}/other.xml` },
      ],
    });
    await crawler.crawlOnce();
    site.routes.set('/other.xml', '<html>maintenance</html>');
    const progress: CrawlProgress[] = [];
    const result = await crawler.crawlOnce({ onProgress: (step) => progress.push(step) });
    expect(progress.filter((step) => step.step === 'source-failed')).toMatchObject([{ source: 'other' }]);
    expect(result.sources[1]?.error).toMatch(/neither an RSS nor an Atom feed/);
    expect(result.dropped).toBe(0);
    expect(crawling.catalogue.ranked().map((torrent) => torrent.infoHash)).toEqual([hash('leaves'), hash('alice')]);
    // The same holds for a crawl of one source alone.
    expect(brief((await crawler.crawlOnce({ source: 'lab' })).entries)).toHaveLength(2);
    await expect(crawler.crawlOnce({ source: 'nope' })).rejects.toThrow(
      /unknown source "nope"; the configuration has lab, other/,
    );
  });
});

describe('a feed that lies', () => {
  const item = (name: string, more: string): string =>
    `<item><title>${name}</title><enclosure url="${site.url}/t/${name}.torrent" type="application/x-bittorrent"/><n:seeds>9</n:seeds>${more}</item>`;
  const feedOf = (...items: string[]): string => `<rss xmlns:n="n"><channel>${items.join('')}</channel></rss>`;

  it('cannot put one torrent at the address of another', async () => {
    setFeed([{ name: 'alice', seeds: 1, leechers: 1 }]);
    await crawlerWith().crawlOnce();
    site.routes.set('/feed.xml', feedOf(item('leaves', `<n:infoHash>${hash('alice')}</n:infoHash>`)));
    expect(brief((await crawlerWith().crawlOnce()).entries)).toEqual(['1 Leaves of Grass by Walt Whitman.epub new']);
    expect(crawling.catalogue.findOrigin('127.0.0.1', '/t/leaves.torrent')?.infoHash).toBe(hash('leaves'));
    expect(crawling.catalogue.findOrigin('127.0.0.1', '/t/alice.torrent')?.infoHash).toBe(hash('alice'));
  });

  it('cannot take pages of other sites, front pages, or the place of a file', async () => {
    site.routes.set(
      '/feed.xml',
      feedOf(
        item('alice', '<link>http://bank.example/login</link>'),
        item('leaves', `<link>${site.url}/</link>`),
        item('folder', `<link>${site.url}/t/alice.torrent#</link><link>x</link>`),
      ),
    );
    await crawlerWith().crawlOnce();
    expect(crawling.catalogue.findOrigin('bank.example', '/login')).toBeUndefined();
    expect(crawling.catalogue.findOrigin('127.0.0.1', '/')).toBeUndefined();
    expect(crawling.catalogue.findOrigin('127.0.0.1', '/t/alice.torrent')).toEqual({
      infoHash: hash('alice'),
      kind: 'torrent',
    });
  });
});

describe('a site that costs too much', () => {
  const item = (path: string): string =>
    `<item><title>${path}</title><enclosure url="${site.url}${path}" type="application/x-bittorrent"/></item>`;

  it('loses the document that is too large to read, and no other', async () => {
    const patient = createDocumentReader({ name: 'small-documents', maxHeapMb: 24 });
    site.routes.set('/bad.xml', `<rss>${'<a><b/><c>x</c></a>'.repeat(300_000)}</rss>`);
    setFeed([{ name: 'alice' }]);
    const sources = ['bad', 'feed'].map((name) => ({ name, type: 'feed' as const, url: `${site.url}/${name}.xml` }));
    const result = await crawlerWith({ sources, documents: patient }).crawlOnce();
    await patient.close();
    expect(result.sources).toEqual([
      {
        name: 'bad',
        candidates: 0,
        error: expect.stringMatching(/bad\.xml takes more than 24 MB|has more than 1000000/),
      },
      { name: 'feed', candidates: 1, error: undefined },
    ]);
    expect(brief(result.entries)).toEqual(['1 alice.txt new']);
  });

  it('gets its names cut to 255 bytes and its file lists to 1,000 files, in the catalogue and on the pages', async () => {
    const files = Array.from({ length: 3_000 }, (_, i) => ({ length: 1, path: ['p'.repeat(3_000), String(i)] }));
    const pieces = Buffer.alloc(20);
    const long = torrentWith({}, { name: 'é"'.repeat(500_000) });
    const many = bencode.encode({ info: { files, name: 'many', 'piece length': 16_384, pieces } });
    site.routes.set('/long.torrent', long).set('/many.torrent', new Uint8Array(many));
    const magnet = `magnet:?xt=urn:btih:${'a'.repeat(40)}&amp;x=1`;
    const titled = `<item><title>${'T'.repeat(100_000)}</title><link>${magnet}</link></item>`;
    site.routes.set(
      '/feed.xml',
      `<rss><channel>${item('/long.torrent')}${item('/many.torrent')}${titled}</channel></rss>`,
    );
    const { entries } = await crawlerWith({ top: 10 }).crawlOnce();
    expect(entries.map((entry) => [entry.status, Buffer.byteLength(entry.name)])).toEqual([
      ['new', 255],
      ['new', 4],
      ['new', 255],
    ]);
    expect(crawling.catalogue.ranked().map(({ name }) => Buffer.byteLength(name))).toEqual([255, 4, 255]);
    const stored = crawling.catalogue.get(entries[1]!.infoHash!)!;
    expect(stored.fileCount).toBe(3_000);
    expect(stored.files).toHaveLength(1_000);
    expect(Math.max(...stored.files.map(({ path }) => path.length))).toBe(1_024);
  });

  it('is left at once in the middle of a document when the crawl is stopped', async () => {
    const slow = new DocumentReader<ReadingTasks>({
      module: new URL('../../support/costly-tasks.mjs', import.meta.url),
      name: 'slow-documents',
    });
    const stopping = new AbortController();
    setFeed([{ name: 'alice' }]);
    // Whatever the crawler wants read, this thread never comes back from it.
    let reading = false;
    const endless: CrawlDocumentReader = {
      run: (_task, _input, options) => {
        reading = true;
        return slow.run('loop' as 'feed', undefined as never, options) as never;
      },
    };
    const crawl = crawlerWith({ documents: endless }).crawlOnce({ signal: stopping.signal });
    const rejected = expect(crawl).rejects.toThrow('stopped');
    await eventually('the document is read', () => reading);
    stopping.abort(new Error('stopped'));
    await rejected;
    await slow.close();
  });
});

describe('popularity that no source tells', () => {
  it('comes from the original trackers', async () => {
    const withTracker = (name: string): Uint8Array =>
      torrentWith({ announce: 'http://old.example/announce' }, { name });
    for (const name of ['one', 'two', 'three']) site.routes.set(`/t/${name}.torrent`, withTracker(name));
    setFeed([{ name: 'one' }, { name: 'two' }, { name: 'three', seeds: 3, leechers: 0 }]);
    const sizes = new Map(
      (['one', 'two', 'three'] as const).map((name, i) => [readTorrent(withTracker(name)).infoHash, [0, 100, 3][i]!]),
    );
    const asked: [readonly string[], number][] = [];
    const scraper: Scraper = {
      scrape: async (trackers, infoHashes) => {
        asked.push([trackers, infoHashes.length]);
        return new Map(infoHashes.map((infoHash) => [infoHash, { seeders: sizes.get(infoHash)!, leechers: 1 }]));
      },
    };
    const result = await crawlerWith({ scraper, top: 2 }).crawlOnce();
    // Two at first, and then the one whose stated size might be false.
    expect(asked).toEqual([
      [['http://old.example/announce'], 2],
      [['http://old.example/announce'], 1],
    ]);
    expect(result.entries.map(({ name, seeds, leechers }) => [name, seeds, leechers])).toEqual([
      ['two', 100, 1],
      ['three', 3, 1],
    ]);
    // Nothing was fetched twice for being measured first.
    expect(site.requests.filter(({ path }) => path === '/t/two.torrent')).toHaveLength(1);
  });

  it('is nothing where the tracker does not answer, and the crawl goes on', async () => {
    site.routes.set('/t/one.torrent', torrentWith({ announce: 'http://old.example/announce' }));
    setFeed([{ name: 'one' }]);
    const scraper: Scraper = { scrape: () => Promise.reject(new Error('tracker is down')) };
    const progress: CrawlProgress[] = [];
    const result = await crawlerWith({ scraper }).crawlOnce({ onProgress: (step) => progress.push(step) });
    expect(progress.find((step) => step.step === 'tracker-failed')).toMatchObject({ reason: 'tracker is down' });
    expect(brief(result.entries)).toEqual(['1 hello.txt new']);
  });
});

describe('a crawl that is stopped', () => {
  it('does not wait for a tracker that is silent', async () => {
    site.routes.set('/t/one.torrent', torrentWith({ announce: 'http://old.example/announce' }));
    setFeed([{ name: 'one' }]);
    const stopping = new AbortController();
    const scraper: Scraper = {
      scrape: () => {
        setImmediate(() => stopping.abort(new Error('stopped')));
        return new Promise(() => undefined);
      },
    };
    await expect(crawlerWith({ scraper }).crawlOnce({ signal: stopping.signal })).rejects.toThrow('stopped');
  });
});

describe('crawling on a schedule', () => {
  it('begins at once, never overlaps, survives failures, and stops in the middle of a crawl', async () => {
    let running = 0;
    let most = 0;
    let begun = 0;
    const failures: string[] = [];
    const crawler: Crawler = {
      crawlOnce: async ({ signal } = {}) => {
        most = Math.max(most, ++running);
        begun++;
        try {
          if (begun === 2) throw new Error('broken');
          if (begun >= 4)
            await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
          await gap(15);
          return { entries: [], sources: [], dropped: 0, deleted: 0, ended: false };
        } finally {
          running--;
        }
      },
    };
    const schedule = startCrawler({ crawler, everyMs: 5, onFailure: (reason) => failures.push(reason) });
    await eventually('the fourth crawl', () => begun === 4);
    await schedule.stop();
    expect(most).toBe(1);
    expect(running).toBe(0);
    expect(begun).toBe(4);
    expect(failures).toEqual(['broken']);
  });

  it('keeps what a stopped crawl had stored', async () => {
    setFeed([
      { name: 'alice', seeds: 9, leechers: 9 },
      { name: 'leaves', seeds: 1, leechers: 1 },
    ]);
    const stopping = new AbortController();
    const crawler = crawlerWith({ top: 1 });
    await crawler.crawlOnce();
    site.routes.set('/t/leaves.torrent', () => stopping.abort(new Error('stopped')));
    await expect(crawlerWith({ top: 2 }).crawlOnce({ signal: stopping.signal })).rejects.toThrow('stopped');
    expect(crawling.catalogue.ranked().map((torrent) => torrent.infoHash)).toEqual([hash('alice')]);
  });
});
