/** Crawls of sites as they are: several addresses of one torrent, broken and hostile places, false numbers, personal keys. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import type { Crawler, CrawlerOptions } from '../../../src/crawler/crawl.js';
import { MAX_DEAD_LINKS, MAX_HOST_FAILURES } from '../../../src/crawler/limits.js';
import type { Scraper } from '../../../src/crawler/source.js';
import { readTorrent } from '../../../src/crawler/torrent-facts.js';
import { type InfoHash, parseInfoHash } from '../../../src/domain/info-hash.js';
import { brief, feedOf, resolveToLoopback, useCrawlFixture } from '../../support/crawl-fixture.js';
import { type OriginalSite, startOriginalSite } from '../../support/original-site.js';
import { torrentWith } from '../../support/torrents.js';

const crawling = useCrawlFixture({ resolve: resolveToLoopback });
const { clock } = crawling;

const HOUR_MS = 3_600_000;
const alice = parseInfoHash(fixtures.alice.parsedTorrent.infoHash);
const torrentOf = (name: string, more: Record<string, unknown> = {}): Uint8Array =>
  torrentWith({ announce: 'http://old.example/announce', ...more }, { name });
const hashOf = (name: string): InfoHash => readTorrent(torrentOf(name)).infoHash;

let a: OriginalSite;
let b: OriginalSite;

/** Both sites have names, which differ as those of real sites do. */
const at = (site: OriginalSite, path: string): string =>
  `http://${site === a ? 'www.a.example' : 'b.example'}:${site.port}${path}`;

interface Item {
  readonly name: string;
  readonly urls?: readonly string[];
  readonly seeds?: number | string;
  readonly more?: string;
}

function setFeed(site: OriginalSite, items: readonly Item[]): void {
  const feed = items.map(({ name, urls = [at(site, `/t/${name}.torrent`)], ...rest }) => ({
    ...rest,
    title: name,
    urls,
  }));
  site.routes.set('/feed.xml', feedOf(feed));
}

function crawler(options: Partial<CrawlerOptions> = {}): Crawler {
  const sources = [
    { name: 'a', type: 'feed' as const, url: at(a, '/feed.xml') },
    { name: 'b', type: 'feed' as const, url: at(b, '/feed.xml') },
  ];
  return crawling.crawler({ sources, ...options });
}

const requestsFor = (site: OriginalSite, part: string): number =>
  site.requests.filter(({ path }) => path.includes(part)).length;
const everythingStored = (): string =>
  crawling.database
    .prepare<[], string>(`SELECT name FROM sqlite_master WHERE type = 'table'`)
    .pluck()
    .all()
    .map((table) => JSON.stringify(crawling.database.prepare(`SELECT * FROM ${table}`).all()))
    .join('\n');

beforeEach(async () => {
  [a, b] = await Promise.all([startOriginalSite(), startOriginalSite()]);
  setFeed(a, []);
  setFeed(b, []);
});

afterEach(async () => {
  await Promise.all([a.stop(), b.stop()]);
});

describe('a torrent that lies on two sites', () => {
  const onBoth = (): void => {
    a.routes.set('/t/one.torrent', torrentOf('one'));
    b.routes.set('/get?id=%7e1', torrentOf('one'));
    const more = `<n:infoHash>${hashOf('one')}</n:infoHash>`;
    setFeed(a, [{ name: 'one', seeds: 5, more: `${more}<link>${at(a, '/about/one')}</link>` }]);
    setFeed(b, [{ name: 'Uno', urls: [at(b, '/get?id=%7e1')], more: `${more}<link>${at(b, '/sobre/1')}</link>` }]);
  };

  it('is served in the place of both, in every spelling of the address, and found by both titles', async () => {
    onBoth();
    expect(brief((await crawler().crawlOnce()).entries)).toEqual(['1 one new']);
    for (const [host, path, kind] of [
      ['a.example', '/t/one.torrent', 'torrent'],
      ['www.a.example', '/t/%6fne.torrent', 'torrent'],
      ['a.example', '/about/one', 'page'],
      ['b.example', '/get?id=~1', 'torrent'],
      ['www.b.example', '/sobre/1', 'page'],
    ] as const) {
      expect(crawling.catalogue.findOrigin(host, path), `${host}${path}`).toEqual({ infoHash: hashOf('one'), kind });
    }
    expect(crawling.catalogue.offers(hashOf('one'))).toMatchObject([
      { source: 'a', site: 'a.example', title: 'one' },
      { source: 'b', site: 'b.example', title: 'Uno' },
    ]);
    expect(crawling.catalogue.search({ text: 'uno' }).total).toBe(1);
    expect(crawling.catalogue.search({ site: 'b.example' }).total).toBe(1);
    // Each file was fetched once, and not again by the next crawl.
    await crawler().crawlOnce();
    expect([requestsFor(a, 'one.torrent'), requestsFor(b, '/get')]).toEqual([1, 1]);
  });

  it('is not served in the place of a site whose file is another torrent', async () => {
    onBoth();
    b.routes.set('/get?id=%7e1', torrentOf('other'));
    await crawler().crawlOnce();
    expect(crawling.catalogue.findOrigin('b.example', '/get?id=~1')).toBeUndefined();
  });

  it('keeps its rank while one of its sites cannot be read', async () => {
    onBoth();
    await crawler().crawlOnce();
    setFeed(a, []);
    b.routes.delete('/feed.xml');
    expect(await crawler().crawlOnce()).toMatchObject({ dropped: 0 });
  });
});

it('a torrent whose address leads to a magnet link is described by that link', async () => {
  const magnet = `magnet:?xt=urn:btih:${hashOf('one')}&dn=Uno`;
  a.routes.set('/t/one.torrent', { status: 302, headers: { location: magnet } });
  setFeed(a, [{ name: 'one', seeds: 5 }]);
  expect(brief((await crawler().crawlOnce()).entries)).toEqual(['1 Uno new']);
  expect(crawling.catalogue.get(hashOf('one'))).toMatchObject({ magnet });
});

describe('a broken place', () => {
  it('makes room for the next address, and then for the magnet link', async () => {
    b.routes.set('/t/one.torrent', torrentOf('one'));
    a.routes.set('/t/junk.torrent', 'not a torrent');
    const magnet = `<link>magnet:?xt=urn:btih:${alice}&amp;dn=Alice</link>`;
    setFeed(a, [
      { name: 'one', urls: [at(a, '/gone'), at(a, '/t/junk.torrent'), at(b, '/t/one.torrent')], seeds: 9 },
      { name: 'alice', urls: [at(a, '/gone/2')], seeds: 8, more: magnet },
    ]);
    expect(brief((await crawler().crawlOnce()).entries)).toEqual(['1 one new', '2 Alice new']);
  });

  it('does not empty the top: tries are counted by source, and a dead site is asked no more', async () => {
    setFeed(
      a,
      Array.from({ length: 100 }, (_, i) => ({ name: `dead${i}`, seeds: 1_000 - i })),
    );
    b.routes.set('/t/one.torrent', torrentOf('one'));
    setFeed(b, [{ name: 'one', seeds: 1 }]);
    expect(brief((await crawler().crawlOnce()).entries).at(-1)).toBe('1 one new');
    expect(requestsFor(a, '/t/dead')).toBe(MAX_DEAD_LINKS);
  });

  it('is given up after a few errors in a row, and the reasons are told', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `t${i}`);
    for (const name of names) a.routes.set(`/t/${name}.torrent`, { status: 500 });
    setFeed(
      a,
      names.map((name, i) => ({ name, seeds: 100 - i })),
    );
    const { entries } = await crawler().crawlOnce();
    expect(requestsFor(a, '/t/')).toBe(MAX_HOST_FAILURES);
    expect(entries.at(0)?.reason).toMatch(/answers 500/);
    expect(entries.at(-1)?.reason).toMatch(/is left out of this crawl: .* answers 500/);
  });

  it('that asks to be left alone is left alone, until the time that it said', async () => {
    const busy = { status: 503, headers: { 'retry-after': '36000' } };
    for (const name of ['one', 'two']) a.routes.set(`/t/${name}.torrent`, busy);
    setFeed(a, [
      { name: 'one', seeds: 5 },
      { name: 'two', seeds: 4 },
    ]);
    b.routes.set('/t/three.torrent', torrentOf('three'));
    setFeed(b, [{ name: 'three', seeds: 1 }]);
    expect(brief((await crawler().crawlOnce()).entries)).toEqual(['- one failed', '- two failed', '1 three new']);
    expect(requestsFor(a, '/t/')).toBe(1);
    const asked = a.requests.length;
    clock.ms += 9 * HOUR_MS;
    const { sources } = await crawler().crawlOnce();
    expect(sources[0]?.error).toMatch(/it asked for a pause until 2026-11-22T10:00:00/);
    expect(a.requests).toHaveLength(asked);
    clock.ms += 2 * HOUR_MS;
    a.routes.set('/t/one.torrent', torrentOf('one'));
    expect(brief((await crawler().crawlOnce()).entries)).toContain('1 one new');
  });

  it('cannot hold the crawl beyond its time, and what was found by then is published', async () => {
    a.routes.set('/t/never.torrent', () => undefined);
    setFeed(a, [{ name: 'never', seeds: 9 }]);
    b.routes.set('/t/one.torrent', torrentOf('one'));
    setFeed(b, [{ name: 'one', seeds: 1 }]);
    const result = await crawler({ maxDurationMs: 1_500 }).crawlOnce();
    expect(result.ended).toBe(true);
    expect(brief(result.entries)).toEqual(['1 one new']);
  });
});

describe('numbers that are false', () => {
  const swarms: Record<string, number> = { liar: 1, honest: 50, modest: 20 };
  const scraper: Scraper = {
    scrape: async (_trackers, infoHashes) =>
      new Map(
        Object.entries(swarms)
          .filter(([name]) => infoHashes.includes(hashOf(name)))
          .map(([name, seeders]) => [hashOf(name), { seeders, leechers: 0, completed: 7 }]),
      ),
  };

  it('do not get a torrent into the top: its trackers are asked', async () => {
    for (const name of Object.keys(swarms)) a.routes.set(`/t/${name}.torrent`, torrentOf(name));
    setFeed(a, [
      { name: 'liar', seeds: 5_000_000 },
      { name: 'modest', seeds: 20 },
      { name: 'honest', seeds: 50 },
    ]);
    const first = await crawler({ scraper, top: 1 }).crawlOnce();
    expect(brief(first.entries)).toEqual(['1 honest new']);
    expect(crawling.catalogue.get(hashOf('liar')), 'nothing of it is published').toBeUndefined();
    // The next crawl knows from the trackers alone.
    await crawler({ scraper, top: 1 }).crawlOnce();
    expect(requestsFor(a, 'liar')).toBe(1);
  });

  it('are unknown if they are impossible, and measured', async () => {
    for (const name of Object.keys(swarms)) a.routes.set(`/t/${name}.torrent`, torrentOf(name));
    setFeed(a, [
      { name: 'liar', seeds: '99999999999' },
      { name: 'honest', seeds: 50 },
      { name: 'modest', seeds: '-3' },
    ]);
    const { entries } = await crawler({ scraper }).crawlOnce();
    expect(entries.map(({ name, seeds }) => [name, seeds])).toEqual([
      ['honest', 50],
      ['modest', 20],
      ['liar', 1],
    ]);
  });
});

describe('the operator', () => {
  beforeEach(() => {
    for (const name of ['one', 'two', 'three']) a.routes.set(`/t/${name}.torrent`, torrentOf(name));
    setFeed(a, [
      { name: 'one', seeds: 9 },
      { name: 'two', seeds: 5 },
      { name: 'three', seeds: 1 },
    ]);
  });

  it('denies torrents, which are not stored, with the reason', async () => {
    const entry = { infoHash: hashOf('one'), reason: 'court order 7', actor: 'op', atMs: 1 };
    crawling.catalogue.decide({ ...entry, decision: 'deny' });
    const { entries } = await crawler().crawlOnce();
    expect(brief(entries)).toEqual(['- one skipped', '1 two new', '2 three new']);
    expect(entries[0]?.reason).toBe('the operator has denied it: court order 7');
    expect(crawling.catalogue.get(hashOf('one'))).toBeUndefined();
  });

  it('pins torrents, which always have a rank, even if no source names them any more', async () => {
    await crawler().crawlOnce();
    crawling.catalogue.decide({ infoHash: hashOf('three'), decision: 'pin', reason: undefined, actor: 'op', atMs: 1 });
    expect(brief((await crawler({ top: 1 }).crawlOnce()).entries)).toEqual(['1 three updated']);
    setFeed(a, [{ name: 'one', seeds: 9 }]);
    expect(brief((await crawler({ top: 2 }).crawlOnce()).entries)).toEqual(['1 three kept', '2 one updated']);
  });

  it('blocks words and weighs sources', async () => {
    b.routes.set('/t/two.torrent', torrentOf('four'));
    setFeed(b, [{ name: 'two', seeds: 6, urls: [at(b, '/t/two.torrent')] }]);
    const sources = [
      { name: 'a', type: 'feed' as const, url: at(a, '/feed.xml'), block: ['ONE', hashOf('three')] },
      { name: 'b', type: 'feed' as const, url: at(b, '/feed.xml'), weight: 0.5 },
    ];
    const { entries } = await crawler({ sources }).crawlOnce();
    expect(brief(entries)).toEqual(['- three skipped', '1 two new', '2 four new']);
    expect(entries.map(({ score }) => score)).toEqual([1, 5, 3]);
  });

  it('reads in the log where each torrent came from and what was changed', async () => {
    await crawler().crawlOnce();
    await crawler().crawlOnce();
    const log = crawling.catalogue.logEntries({ infoHash: hashOf('one'), limit: 9 });
    expect(log).toEqual([
      {
        ...{ atMs: clock.ms, infoHash: hashOf('one'), name: 'one', action: 'published', actor: 'crawler', source: 'a' },
        details: {
          from: [at(a, '/t/one.torrent')],
          title: 'one',
          trackersReplaced: ['http://old.example/announce'],
        },
      },
    ]);
    a.routes.set('/t/one.torrent', torrentOf('one', { announce: 'http://new.example/announce' }));
    clock.ms += 25 * HOUR_MS;
    await crawler().crawlOnce();
    expect(crawling.catalogue.logEntries({ infoHash: hashOf('one'), limit: 1 })).toMatchObject([{ action: 'changed' }]);
    setFeed(a, [{ name: 'two', seeds: 5 }]);
    await crawler().crawlOnce();
    clock.ms += 25 * HOUR_MS;
    await crawler({ retainMs: HOUR_MS }).crawlOnce();
    expect(crawling.catalogue.logEntries({ infoHash: hashOf('one'), limit: 1 })).toMatchObject([{ action: 'expired' }]);
  });
});

describe('personal keys', () => {
  it('are neither stored nor shown, and torrents of a private tracker are left alone', async () => {
    const key = 'abcdef0123456789';
    a.routes.set(`/feed.xml?apikey=${key}`, {
      headers: { etag: '"1"' },
      body: `<rss xmlns:n="n"><channel>
        <item><title>one</title><enclosure url="${at(a, `/get?id=1&amp;passkey=${key}`)}" type="application/x-bittorrent"/><n:seeders>9</n:seeders></item>
        <item><title>two</title><enclosure url="${at(a, `/get?id=2&amp;passkey=${key}`)}" type="application/x-bittorrent"/><n:seeders>8</n:seeders></item>
        <item><title>three</title><enclosure url="${at(a, `/get?id=3&amp;passkey=${key}`)}" type="application/x-bittorrent"/><n:seeders>7</n:seeders></item>
      </channel></rss>`,
    });
    a.routes.set(`/get?id=1&passkey=${key}`, torrentOf('one'));
    a.routes.set(`/get?id=2&passkey=${key}`, torrentOf('two', { announce: `http://t.example/${key}/announce` }));
    const sources = [{ name: 'a', type: 'feed' as const, url: at(a, `/feed.xml?apikey=${key}`) }];
    const shown: unknown[] = [];
    const result = await crawler({ sources }).crawlOnce({ onProgress: (step) => shown.push(step) });
    expect(brief(result.entries)).toEqual(['- two skipped', '- three failed', '1 one new']);
    expect(result.entries[0]?.reason).toMatch(/personal key: it stays with its own tracker/);
    expect(JSON.stringify([result, shown])).not.toContain(key);
    expect(everythingStored()).not.toContain(key);
    expect(crawling.catalogue.findOrigin('a.example', '/get?id=1&passkey=theirs')?.infoHash).toBe(hashOf('one'));
    // A stored address without its key is not fetched.
    a.routes.delete(`/feed.xml?apikey=${key}`);
    clock.ms += 48 * HOUR_MS;
    expect(brief((await crawler({ sources }).crawlOnce()).entries)).toEqual(['1 one kept']);
    expect(a.requests.some(({ path }) => path.includes('secret'))).toBe(false);
  });

  it.each([true, false])('of users in an access log are not used, dry run: %s', async (dryRun) => {
    const file = join(mkdtempSync(join(tmpdir(), 'keys-')), 'access.log');
    const url = at(a, '/one.torrent?passkey=abcdef0123456789');
    writeFileSync(
      file,
      `${(clock.ms / 1000).toFixed(3)} 45 10.1.2.3 TCP_MISS/200 14321 GET ${url} - HIER_DIRECT/192.0.2.1 -\n`,
    );
    a.routes.set('/one.torrent?passkey=abcdef0123456789', torrentOf('one'));
    const sources = [{ name: 'log', type: 'access-log' as const, file, format: 'auto' as const }];
    const result = await crawler({ sources }).crawlOnce({ dryRun });
    const [entry] = result.entries;
    expect(entry?.reason).toMatch(/needs a personal key.*add its site as a source/);
    expect(a.requests).toEqual([]);
  });
});

it('headers of a source go to its own site only, also for its torrent files', async () => {
  b.routes.set('/t/one.torrent', torrentOf('one'));
  a.routes.set('/t/one.torrent', { status: 302, headers: { location: at(b, '/t/one.torrent') } });
  setFeed(a, [{ name: 'one', seeds: 1 }]);
  setFeed(b, []);
  const [one, two] = [at(a, '/feed.xml'), at(b, '/feed.xml')];
  const sources = [
    { name: 'a', type: 'feed' as const, url: one, headers: { cookie: 'id=1' } },
    { name: 'b', type: 'feed' as const, url: two },
  ];
  expect(brief((await crawler({ sources }).crawlOnce()).entries)).toEqual(['1 one new']);
  const cookies = (site: OriginalSite): unknown[] =>
    site.requests.filter(({ path }) => path !== '/robots.txt').map(({ headers }) => headers.cookie);
  expect(cookies(a)).toEqual(['id=1', 'id=1']);
  expect(cookies(b)).toEqual([undefined, undefined]);
});
