import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { load } from 'cheerio';
import parseTorrent from 'parse-torrent';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { parseFeed } from '../../../src/crawler/sources/feed.js';
import { systemClock } from '../../../src/domain/clock.js';
import { ClientError } from '../../../src/domain/errors.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';
import { createMirrorSite, type MirrorSiteOptions } from '../../../src/mirror-site/mirror-site.js';
import { type Catalogue, createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { parseMetainfo } from '../../../src/wire/metainfo.js';
import { parseMagnet } from '../../../src/wire/metainfo-magnet.js';
import { rewriteTorrent } from '../../../src/wire/metainfo-rewrite.js';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';
import { hybridTorrent, torrentWith } from '../../support/torrents.js';

const announceUrls = ['udp://alias.example.net:6969/announce', 'http://alias.example.net:6969/announce'];
const alice = parseInfoHash(fixtures.alice.parsedTorrent.infoHash);
const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202Etxt.exe\u0000';

let database: SqliteDatabase;
let catalogue: Catalogue;
let server: Server | undefined;
let port = 0;
let errors: unknown[];

interface Got {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
  readonly text: string;
}

async function serve(options: Partial<MirrorSiteOptions> = {}): Promise<void> {
  const site = createMirrorSite({
    catalogue,
    clock: systemClock,
    announceUrls,
    rewrite: async (bytes, options) => rewriteTorrent(bytes, options),
    siteHosts: ['site.example', 'other.example'],
    title: 'Example mirror',
    operatorName: 'Example Telecom',
    onError: (thrown) => errors.push(thrown),
    ...options,
  });
  server?.close();
  server = createServer(site);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
}

async function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }).end();
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return { status: response.statusCode ?? 0, headers: response.headers, body, text: body.toString() };
}

const names = (html: string): string[] =>
  load(html)('th.name > a bdi')
    .toArray()
    .map((cell) => load(html)(cell).text());

beforeEach(async () => {
  database = openDatabase(':memory:');
  catalogue = createCatalogue(database);
  errors = [];
  const file = fixtures.alice;
  catalogue.store(
    torrentToStore(1, {
      infoHash: alice,
      name: 'Alice in Wonderland',
      files: [{ path: 'alice.txt', bytes: 163_783 }],
      torrentBytes: file.torrent,
      rank: 2,
      origins: [
        { host: 'site.example', path: '/get.php?id=1&f=alice.torrent', kind: 'torrent' },
        { host: 'site.example', path: '/view/1', kind: 'page' },
      ],
    }),
    1_000,
  );
  catalogue.store(torrentToStore(2, { name: evil, files: [{ path: evil, bytes: 1 }], rank: 1 }), 2_000);
  catalogue.store(
    torrentToStore(3, {
      name: 'Only a link',
      torrentBytes: undefined,
      magnet: `magnet:?xt=urn:btih:${hashOf(3)}&tr=udp%3A%2F%2Fold.example%3A80`,
      rank: 3,
      files: [],
      origins: [{ host: 'www.other.example', path: '/m/3', kind: 'page' }],
    }),
    3_000,
  );
  await serve();
});

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  database.close();
});

describe('the catalogue', () => {
  it('lists by rank, and searches, sorts and pages', async () => {
    const { status, text } = await get('/');
    expect(status).toBe(200);
    expect(names(text)[1]).toBe('Alice in Wonderland');
    expect(names((await get('/?q=alice')).text)).toEqual(['Alice in Wonderland']);
    expect(names((await get('/?sort=name&order=reverse')).text)[0]).toBe('Only a link');
    expect((await get('/?q=nothing+like+it')).text).toContain('No torrent fits this search');
    for (let n = 10; n < 70; n++) catalogue.store(torrentToStore(n), n);
    const first = load((await get('/?q=torrent')).text);
    expect(first('tbody tr')).toHaveLength(50);
    const next = first('a[rel=next]').attr('href') ?? '';
    const second = load((await get(next)).text);
    expect(second('tbody tr')).toHaveLength(10);
    expect(second('a[rel=prev]').attr('href')).toBe('/?q=torrent');
  });

  it('has first what has most seeds inside the network, shows how many, and sorts by peers inside', async () => {
    catalogue.storeInsideCounts(
      new Map([
        [alice, { seeds: 40, leechers: 2 }],
        [hashOf(3), { seeds: 1, leechers: 60 }],
      ]),
    );
    const { text } = await get('/');
    expect(names(text).slice(0, 2)).toEqual(['Alice in Wonderland', 'Only a link']);
    expect(load(text)('tbody tr').first().text()).toContain('42');
    expect(names((await get('/?sort=inside')).text).slice(0, 2)).toEqual(['Only a link', 'Alice in Wonderland']);
  });

  it('bears any address', async () => {
    for (const query of [
      '?page=-1',
      '?page=1e9',
      '?page=999999',
      '?sort=constructor',
      '?q=%00%ff',
      `?q=${'x'.repeat(4000)}`,
    ]) {
      expect((await get(`/${query}`)).status).toBe(200);
    }
    expect(errors).toEqual([]);
  });

  it('turns no name into markup, and allows no script anyway', async () => {
    for (const path of ['/', `/torrent/${hashOf(2)}`, `/?q=${encodeURIComponent(evil)}`]) {
      const { text, headers } = await get(path);
      const page = load(text);
      expect(page('main').find('script, img')).toHaveLength(0);
      expect(page('script')).toHaveLength(1);
      expect(text).not.toContain('\u202e');
      expect(page('main').text()).toContain('<script>alert(1)</script>');
      expect(headers['content-security-policy']).toMatch(/default-src 'none'/);
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
  });

  it('has what assistive technology needs', async () => {
    const page = load((await get('/?sort=seeds')).text);
    expect(page('html').attr('lang')).toBe('en');
    expect(page('input[type=search]').attr('aria-label')).toBeTruthy();
    expect(page('th[aria-sort=descending]').text()).toContain('Seeds');
    expect(page('caption').text()).toBe('Torrents');
    expect(page('th:not([scope])')).toHaveLength(0);
    expect(page('a.skip').attr('href')).toBe(`#${page('main').attr('id')}`);
    expect(page('title').text()).toContain('Example mirror');
  });

  it('shows peers inside the network, and does without where the tracker does not answer', async () => {
    await serve({ swarmCounts: async (hashes) => new Map(hashes.map((hash) => [hash, { seeds: 40, leechers: 2 }])) });
    expect((await get(`/torrent/${alice}`)).text).toContain('40 seeds, 2 leechers');
    await serve({ swarmCounts: () => Promise.reject(new Error('no tracker')) });
    expect((await get(`/torrent/${alice}`)).status).toBe(200);
    expect(errors).toMatchObject([{ message: 'no tracker' }]);
    await serve({ swarmCounts: () => new Promise(() => undefined) });
    expect((await get(`/torrent/${alice}`)).status).toBe(200);
    expect(errors[1]).toMatchObject({ message: expect.stringContaining('did not report its swarms') });
  });
});

describe('a torrent', () => {
  it('is served rewritten, with its info-hash', async () => {
    const { status, headers, body } = await get(`/torrent/${alice.toUpperCase()}.torrent`);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/x-bittorrent');
    expect(headers['content-disposition']).toContain('filename="Alice in Wonderland.torrent"');
    const torrent = await parseTorrent(body);
    expect(torrent.infoHash).toBe(alice);
    expect([...(torrent.announce ?? [])].sort()).toEqual([...announceUrls].sort());
  });

  it('answers HEAD and conditional requests', async () => {
    const whole = await get(`/torrent/${alice}.torrent`);
    const head = await get(`/torrent/${alice}.torrent`, {}, 'HEAD');
    expect(head.body).toHaveLength(0);
    expect(head.headers['content-length']).toBe(String(whole.body.length));
    const etag = String(whole.headers.etag);
    expect((await get(`/torrent/${alice}.torrent`, { 'if-none-match': `"x", W/${etag}` })).status).toBe(304);
    expect((await get(`/torrent/${alice}.torrent`, { 'if-none-match': '"x"' })).status).toBe(200);
    await serve({ announceUrls: ['udp://new.example:1/announce'] });
    expect((await get(`/torrent/${alice}.torrent`, { 'if-none-match': etag })).status).toBe(200);
  });

  it('of any size is rewritten for GET only, once, and never for HEAD or "not modified"', async () => {
    const large = torrentWith({ comment: 'x'.repeat(1_000_000) });
    catalogue.store(torrentToStore(4, { torrentBytes: large }), 1);
    let rewrites = 0;
    await serve({
      rewrite: async (bytes, options) => {
        rewrites++;
        return rewriteTorrent(bytes, options);
      },
    });
    const path = `/torrent/${hashOf(4)}.torrent`;
    const before = await get(path, {}, 'HEAD');
    expect(before).toMatchObject({ status: 200, headers: { 'content-type': 'application/x-bittorrent' } });
    expect(before.headers['content-length']).toBeUndefined();
    const etag = String(before.headers.etag);
    expect((await get(path, { 'if-none-match': etag })).status).toBe(304);
    expect((await get(path, { 'if-none-match': etag }, 'HEAD')).status).toBe(304);
    expect((await get(path, { 'if-none-match': '*' })).status).toBe(304);
    expect(rewrites).toBe(0);
    for (const { body, headers } of await Promise.all([get(path), get(path)])) {
      expect(body.length).toBeGreaterThan(1_000_000);
      expect(headers.etag).toBe(etag);
    }
    expect((await get(path, {}, 'HEAD')).headers['content-length']).toBe(String((await get(path)).body.length));
    expect(rewrites).toBe(1);
  });

  it('that has to wait too long for its turn is refused for now', async () => {
    catalogue.store(torrentToStore(4, { torrentBytes: torrentWith({ comment: 'x'.repeat(100_000) }) }), 1);
    const busy = new ClientError('reader-busy', '64 documents wait');
    await serve({ rewrite: () => Promise.reject(busy) });
    const { status, headers, text } = await get(`/torrent/${hashOf(4)}.torrent`);
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('5');
    expect(text).toContain('try again in a few seconds');
    expect(errors).toEqual([]);
  });

  it('has a page with files and a magnet link to the alias tracker', async () => {
    const page = load((await get(`/torrent/${alice}`)).text);
    const magnet = page('a[href^="magnet:"]').attr('href') ?? '';
    expect(await parseTorrent(magnet)).toMatchObject({ infoHash: alice, name: 'Alice in Wonderland' });
    expect((await parseTorrent(magnet)).announce?.sort()).toEqual([...announceUrls].sort());
    expect(page('.file bdi').text()).toBe('alice.txt');
    expect(page('a[rel~=nofollow]').attr('href')).toBe('http://site.example/view?id=1');
  });

  it('of both versions is found and counted under both hashes', async () => {
    const bytes = hybridTorrent();
    const { infoHash, hybridInfoHash, infoHashV2, files } = parseMetainfo(bytes);
    catalogue.store(torrentToStore(5, { infoHash, hybridInfoHash, infoHashV2, files, torrentBytes: bytes }), 5);
    await serve({
      keepOriginal: () => true,
      swarmCounts: async () =>
        new Map([
          [infoHash, { seeds: 3, leechers: 9 }],
          [hybridInfoHash!, { seeds: 7, leechers: 1 }],
        ]),
    });
    const page = load((await get(`/torrent/${hybridInfoHash}`)).text);
    expect(page('dl').text()).toContain('7 seeds, 9 leechers');
    const magnet = parseMagnet(page('a[href^="magnet:"]').attr('href') ?? '');
    expect(magnet).toMatchObject({ infoHash, hybridInfoHash, trackers: announceUrls });
    const served = parseMetainfo((await get(`/torrent/${hybridInfoHash}.torrent`)).body);
    expect(served).toMatchObject({
      infoHash,
      hybridInfoHash,
      trackerTiers: [announceUrls, ['http://old.example/announce']],
    });
  });

  it('that the original site had only as a link has one here', async () => {
    const magnet = load((await get(`/torrent/${hashOf(3)}`)).text)('a[href^="magnet:"]').attr('href') ?? '';
    expect((await parseTorrent(magnet)).announce).not.toContain('udp://old.example:80');
    expect((await get(`/torrent/${hashOf(3)}.torrent`)).status).toBe(404);
  });

  it.each([
    '/torrent/abc',
    `/torrent/${'0'.repeat(40)}`,
    `/torrent/${'0'.repeat(40)}.torrent`,
    '/x',
    '/torrent/%2fetc',
  ])('is not at %s', async (path) => {
    const { status, text } = await get(path);
    expect(status).toBe(404);
    expect(load(text)('form[role=search]')).toHaveLength(1);
  });

  it('whose stored file is broken costs an error page, not the site', async () => {
    const { status, text } = await get(`/torrent/${hashOf(2)}.torrent`);
    expect(status).toBe(500);
    expect(text).toContain('Something went wrong');
    expect(errors).toHaveLength(1);
    expect((await get('/healthz')).text).toBe('ok\n');
  });

  it('has a file name that cannot break the header', async () => {
    catalogue.store(torrentToStore(2, { name: 'ä"\r\nX: y/../\\\u{1f600}', torrentBytes: fixtures.leaves.torrent }), 9);
    const { headers } = await get(`/torrent/${hashOf(2)}.torrent`);
    expect(headers.x).toBeUndefined();
    expect(headers['content-disposition']).toMatch(/^attachment; filename="[^"\\/]+"; filename\*=UTF-8''[^"/ ]+$/);
  });
});

describe('in place of an original site', () => {
  const as = (host: string) => ({ host });

  it('gives the rewritten torrent at the site’s own address', async () => {
    const { body } = await get('/get.php?id=1&f=alice.torrent', as('Site.Example:8080'));
    expect(await parseTorrent(body)).toMatchObject({ infoHash: alice });
    expect((await get('/get.php?id=1&f=alice.torrent')).status).toBe(404);
    expect((await get('/get.php?id=1&f=alice.torrent', as('elsewhere.example'))).status).toBe(404);
  });

  it('shows a torrent where the site had its page', async () => {
    expect((await get('/view/1', as('site.example'))).text).toContain('Alice in Wonderland');
    expect((await get('/view/1?utm_source=x', as('site.example'))).text).toContain('Alice in Wonderland');
    expect((await get('/m/3', as('www.other.example'))).text).toContain('Only a link');
  });

  it('shows the site’s torrents at its root, its lists and its feeds', async () => {
    catalogue.recordListing({ host: 'site.example', path: '/top?c=1', kind: 'html', source: 'lab' });
    catalogue.recordListing({ host: 'site.example', path: '/rss', kind: 'feed', source: 'lab' });
    expect(names((await get('/', as('other.example'))).text)).toEqual(['Only a link']);
    const list = await get('/top?c=1', as('site.example'));
    expect(names(list.text)).toHaveLength(2);
    expect(list.text).toContain('of site.example');
    const rss = await get('/rss', as('site.example'));
    expect(rss.headers['content-type']).toContain('application/rss+xml');
    expect(rss.text).toContain(`http://site.example/torrent/${alice}.torrent`);
    expect(rss.text).not.toContain('Only a link');
  });

  it('says kindly what is not mirrored', async () => {
    const { status, text } = await get('/forum/login.php?x=1', as('site.example'));
    expect(status).toBe(404);
    expect(text).toContain('You asked for a page of site.example');
    expect((await get(`/torrent/${alice}`, as('site.example'))).status).toBe(200);
  });
});

describe('the feed', () => {
  it('is one that torrent clients, and our own crawler, can read', async () => {
    const { text } = await get('/feed.xml', { host: 'mirror.example:8080' });
    const items = parseFeed(text, {
      baseUrl: 'http://mirror.example:8080/feed.xml',
      source: 'mirror',
      nowMs: Date.now(),
    });
    expect(items.map(({ infoHash, torrentUrls }) => [infoHash, torrentUrls[0]])).toEqual([
      [hashOf(2), `http://mirror.example:8080/torrent/${hashOf(2)}.torrent`],
      [alice, `http://mirror.example:8080/torrent/${alice}.torrent`],
      [hashOf(3), undefined],
    ]);
    expect(items[1]).toMatchObject({ title: 'Alice in Wonderland', seeds: 10, leechers: 1 });
    await serve({ publicUrl: 'https://torrents.example.net/' });
    expect((await get('/feed.xml')).text).toContain(`<link>https://torrents.example.net/torrent/${alice}</link>`);
  });
});

it('answers 410 with the reason for what is not published, under every address, and lists nothing of it', async () => {
  await serve({
    refusal: (infoHash) => (infoHash === alice ? 'the operator has denied it: <b>order 7</b>' : undefined),
  });
  for (const [path, host] of [
    [`/torrent/${alice}`, 'mirror.example'],
    [`/torrent/${alice}.torrent`, 'mirror.example'],
    ['/get.php?id=1&f=alice.torrent', 'site.example'],
    ['/get.php?id=1&f=%61lice.torrent', 'www.site.example'],
  ] as const) {
    const { status, text } = await get(path, { host });
    expect([path, status]).toEqual([path, 410]);
    expect(text).toContain('the operator has denied it: &lt;b&gt;order 7&lt;/b&gt;');
  }
  for (const path of ['/', '/feed.xml', '/?q=alice']) expect((await get(path)).text).not.toContain(alice);
});

describe('bad requests', () => {
  it('are answered plainly', async () => {
    expect((await get('/', {}, 'POST')).status).toBe(405);
    expect((await get('/', { host: 'a b<script>' })).status).toBe(400);
    expect((await get('//evil.example/x')).status).toBe(404);
    expect((await get('/%')).status).toBe(404);
    expect(errors).toEqual([]);
  });
});
