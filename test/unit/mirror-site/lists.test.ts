/** Lists for programs: feeds, Torznab, OpenSearch, JSON, CSV, sitemap; checked by xmllint and by readers of feeds. */
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { load } from 'cheerio';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { readTorrent } from '../../../src/crawler/torrent-facts.js';
import { systemClock } from '../../../src/domain/clock.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';
import { PLAIN_IDENTITY } from '../../../src/mirror-site/identity/identity.js';
import { createMirrorSite } from '../../../src/mirror-site/mirror-site.js';
import { torznabCategories } from '../../../src/mirror-site/torznab.js';
import { type Catalogue, createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { rewriteTorrent } from '../../../src/wire/metainfo-rewrite.js';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';
import { requireFacility, requireProgram } from '../../support/real-program.js';
import { torrentWith } from '../../support/torrents.js';

const xmllint = requireProgram('xmllint');
const PYTHON = '/usr/bin/python3';
const hasFeedparser = requireFacility(
  'the module feedparser is not installed (Debian: apt-get install python3-feedparser)',
  spawnSync(PYTHON, ['-c', 'import feedparser']).status === 0,
);
const alice = parseInfoHash(fixtures.alice.parsedTorrent.infoHash);
/** Control characters but for tabs and ends of lines, and what turns the direction of text. */
const UNSEEN = /(?![\t\n\r])\p{Cc}|[\u202a-\u202e\u2066-\u2069]|\p{Cs}/u;
const EVIL = '=HYPERLINK("http://x")]]></title>&<b>\u0000\u202E\ud800';

let database: SqliteDatabase;
let catalogue: Catalogue;
let server: Server;
let rewritten: number;

beforeEach(async () => {
  database = openDatabase(':memory:');
  catalogue = createCatalogue(database);
  rewritten = 0;
  const file = {
    torrentBytes: fixtures.alice.torrent,
    infoHash: alice,
    name: 'Alice, "read"',
    category: 'Audio books',
    files: [{ path: 'alice.txt', bytes: 163_783 }],
  };
  catalogue.store(torrentToStore(1, { ...file, rank: 1 }), 1_000);
  catalogue.store(torrentToStore(2, { name: EVIL, category: EVIL, rank: 2 }), 2_000);
  catalogue.store(
    torrentToStore(3, {
      name: 'The Show S02E05',
      category: 'TV shows',
      magnet: `magnet:?xt=urn:btih:${hashOf(3)}`,
      torrentBytes: undefined,
      rank: 3,
    }),
    3_000,
  );
  server = createServer(
    createMirrorSite({
      catalogue,
      clock: systemClock,
      announceUrls: ['http://alias.example.net:6969/announce'],
      rewrite: async (bytes, options) => {
        rewritten++;
        return rewriteTorrent(bytes, options);
      },
      siteHosts: [],
      title: 'A & B',
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  database.close();
});

async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { port } = server.address() as AddressInfo;
  const options = {
    host: '127.0.0.1',
    port,
    path,
    method,
    headers: { host: 'mirror.example', ...headers },
    agent: false,
  };
  const [response] = (await once(httpRequest(options).end(), 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return { status: response.statusCode, headers: response.headers, body, text: body.toString() };
}
const xml = async (path: string) => load((await get(path)).text, { xml: true });

describe('documents in XML', () => {
  it.skipIf(xmllint === undefined)('are well-formed, whatever the names', async () => {
    for (const path of [
      '/feed.xml',
      '/feed.xml?q=%3C%26&sort=name',
      '/torznab/api?t=caps',
      '/torznab/api?t=search',
      '/torznab/api?t=x',
      '/opensearch.xml',
      '/sitemap.xml',
      PLAIN_IDENTITY.icon.path,
    ]) {
      const { status, body } = await get(path);
      expect(status, path).toBe(200);
      execFileSync(xmllint!, ['--noout', '--nonet', '-'], { input: body });
    }
  });
});

/** Of universal feedparser: what most readers of feeds are made with. */
const PARSED = `
import feedparser, json, sys
feed = feedparser.parse(sys.stdin.buffer.read())
print(json.dumps({
  'bozo': feed.bozo, 'version': feed.version, 'title': feed.feed.title, 'ttl': feed.feed.ttl,
  'self': [link.href for link in feed.feed.links if link.rel == 'self'],
  'entries': [{
    'title': entry.title, 'link': entry.link, 'id': entry.id, 'at': entry.published_parsed[:6],
    'tags': [tag.term for tag in entry.tags], 'files': [[each.href, each.length, each.type] for each in entry.enclosures],
  } for entry in feed.entries]}))
`;

describe('a reader of feeds', () => {
  it.skipIf(!hasFeedparser)('understands everything, whatever the names', async () => {
    for (const path of [
      '/feed.xml',
      '/feed.xml?q=show&sort=name',
      '/feed.xml?category=TV+shows',
      '/torznab/api?t=search',
    ]) {
      const { body } = await get(path);
      const { entries, self, ...feed } = JSON.parse(
        execFileSync(PYTHON, ['-c', PARSED], { input: body, encoding: 'utf8' }),
      );
      expect(feed).toEqual({ bozo: false, version: 'rss20', title: 'A & B', ttl: '5' });
      expect(self).toEqual([`http://mirror.example${path}`]);
      for (const { link, id, title } of entries) {
        expect(link).toBe(id);
        expect(title).not.toMatch(UNSEEN);
      }
      if (path !== '/feed.xml') continue;
      expect(entries[0]).toMatchObject({
        title: 'Alice, "read"',
        at: [1970, 1, 1, 0, 0, 1],
        tags: ['Audio books', 'document'],
      });
      const { length } = (await get(`/torrent/${alice}.torrent`)).body;
      const file = `http://mirror.example/torrent/${alice}.torrent`;
      expect(entries[0].files).toEqual([[file, String(length), 'application/x-bittorrent']]);
    }
  });
});

describe('a feed', () => {
  it('names itself, its time to live, and the length of each file as it is served', async () => {
    const feed = await xml('/feed.xml?q=alice');
    expect(feed('atom\\:link[rel=self]').attr('href')).toBe('http://mirror.example/feed.xml?q=alice');
    expect(feed('ttl').text()).toBe('5');
    const served = await get(`/torrent/${alice}.torrent`);
    expect(feed('enclosure').attr('length')).toBe(String(served.body.length));
    expect(feed('guid[isPermaLink=true]').text()).toBe(`http://mirror.example/torrent/${alice}`);
    expect(feed('item')).toHaveLength(1);
  });

  it('has the length of large files, too, without rewriting one', async () => {
    const torrentBytes = torrentWith({ announce: 'http://old.example/announce', comment: 'x'.repeat(100_000) });
    const facts = readTorrent(torrentBytes);
    catalogue.store(torrentToStore(4, { ...facts, name: 'Large', torrentBytes }), 4_000);
    const before = rewritten;
    const feed = await xml('/feed.xml?q=large');
    const { headers } = await get(`/torrent/${facts.infoHash}.torrent`, {}, 'HEAD');
    expect(rewritten).toBe(before);
    const { body } = await get(`/torrent/${facts.infoHash}.torrent`);
    expect(rewritten).toBe(before + 1);
    expect(feed('enclosure').attr('length')).toBe(String(body.length));
    expect(headers['content-length']).toBe(String(body.length));
  });

  it('is one for each search and category', async () => {
    const titles = async (query: string) => (await xml(`/feed.xml?${query}`))('item > title').toArray().length;
    expect(await titles('')).toBe(3);
    expect(await titles('category=TV+shows')).toBe(1);
    expect(await titles('category=none')).toBe(0);
    expect(await titles('type=document')).toBe(1);
    expect((await xml('/feed.xml?type=document'))('category[domain$="?type="]').text()).toBe('document');
  });
});

describe('Torznab', () => {
  it('says what it can', async () => {
    const caps = await xml('/torznab/api?t=caps');
    expect(caps('searching > search').attr('available')).toBe('yes');
    expect(caps('category[id=5000]').attr('name')).toBe('TV');
    expect((await xml('/torznab/api?t=register'))('error').attr('code')).toBe('202');
  });

  it('finds an episode as Sonarr asks for it', async () => {
    const found = await xml('/torznab/api?t=tvsearch&q=the+show&season=2&ep=5&cat=5030,5040&limit=10&extended=1');
    expect(found('item > title').text()).toBe('The Show S02E05');
    expect(found('torznab\\:attr[name=seeders]').attr('value')).toBe('30');
    expect(found('torznab\\:attr[name=magneturl]').attr('value')).toContain(hashOf(3));
    expect((await xml('/torznab/api?t=search&cat=2000'))('item')).toHaveLength(0);
    const second = await xml('/torznab/api?t=search&limit=1&offset=1');
    expect(second('item')).toHaveLength(1);
    expect(second('newznab\\:response').attr('total')).toBe('3');
    expect((await xml('/torznab/api?t=search&limit=-1&offset=x&cat=%00'))('item')).toHaveLength(3);
  });

  it('pages through all that fit, of a category too, with their number', async () => {
    for (let n = 10; n < 620; n++) {
      const facts = n % 2 === 0 ? { category: 'Films' } : { category: 'x', files: [{ path: 'a.mkv', bytes: 1 }] };
      catalogue.store(torrentToStore(n, facts), n);
    }
    const page = await xml('/torznab/api?t=movie&cat=2040&offset=600&limit=5');
    expect(page('newznab\\:response').attr()).toEqual({ offset: '600', total: '610' });
    expect(
      page('item > title')
        .toArray()
        .map((title) => page(title).text()),
    ).toEqual([19, 18, 17, 16, 15].map((n) => `Torrent ${n}`));
    // A video in a category that says nothing may be a film or an episode.
    const series = await xml('/torznab/api?t=tvsearch&cat=5000&limit=1');
    expect(series('newznab\\:response').attr('total')).toBe('306');
    const numbers = series('item').first().find('torznab\\:attr[name=category]').toArray();
    expect(numbers.map((each) => each.attribs.value)).toEqual(['5000']);
    expect((await xml('/torznab/api?t=search&cat=2000&type=audio'))('item')).toHaveLength(0);
  });

  it('takes the nearest standard category', () => {
    const stated = ['Movies', 'Anime series', 'Filme', 'Music', 'Linux ISO'];
    const numbers = stated.map((category) => torznabCategories({ category, kind: 'archive' }));
    expect(numbers).toEqual([[2000], [5000], [2000], [3000], [4000]]);
    const silent = (['video', 'audio', 'document', 'software', 'image', undefined] as const).map((kind) =>
      torznabCategories({ category: kind && 'x', kind }),
    );
    expect(silent).toEqual([[2000, 5000], [3000], [7000], [4000], [8000], [8000]]);
  });
});

describe('lists', () => {
  it('have what programs sort by: completed downloads, the type, the date that a site states', async () => {
    catalogue.store(torrentToStore(5, { name: 'Dated', publishedMs: 86_400_000, kind: 'audio' }), 5_000);
    catalogue.store(torrentToStore(6, { name: 'Misdated', publishedMs: 9e15 }), 5_000);
    const numbers = { popularity: 1, updatedMs: 1, downloadsMs: 1, downloadsPerDay: 1, numbers: {} };
    catalogue.storePopularities([[hashOf(5), { ...numbers, downloads: 1_234 }]]);
    const { torrents } = JSON.parse((await get('/list.json?q=dated&sort=name')).text);
    expect(torrents).toMatchObject([
      {
        name: 'Dated',
        completed: 1_234,
        type: 'audio',
        published: '1970-01-02T00:00:00.000Z',
        insideBitsPerSecond: null,
      },
      { name: 'Misdated', completed: null, published: null },
    ]);
    const feed = await xml('/torznab/api?t=search&q=dated&type=audio');
    expect(feed('torznab\\:attr[name=grabs]').attr('value')).toBe('1234');
    expect((await get(`/torrent/${hashOf(6)}`)).status).toBe(200);
  });

  it('come as JSON and CSV, in which no cell is a formula', async () => {
    const json = JSON.parse((await get('/list.json?q=alice')).text);
    expect(json).toMatchObject({ total: 1, torrents: [{ infoHash: alice, name: 'Alice, "read"', insideSeeds: 0 }] });
    const lines = (await get('/list.csv?sort=rank')).text.split('\r\n');
    expect(lines[0]).toMatch(/^infoHash,name,/);
    expect(lines[1]).toContain('"Alice, ""read"""');
    expect(lines[2]).toContain(`"'=HYPERLINK(`);
  });

  it('are named for browsers and search engines', async () => {
    const search = await xml('/opensearch.xml');
    expect(search('Url[type="text/html"]').attr('template')).toBe(
      'http://mirror.example/?q={searchTerms}&page={startPage?}',
    );
    expect((await get('/robots.txt')).text).toContain('Sitemap: http://mirror.example/sitemap.xml');
    expect((await xml('/sitemap.xml'))('loc')).toHaveLength(4);
    for (const path of [PLAIN_IDENTITY.icon.path, '/favicon.ico']) {
      const { headers } = await get(path);
      expect(headers['content-type'], path).toBe('image/svg+xml');
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'.*sandbox$/);
    }
    expect((await get('/constructor')).status).toBe(404);
  });
});

describe('hostile names', () => {
  const HOSTILE = [
    '</script><script>alert(1)</script>',
    '\u202Egnp.exe \u2066x',
    'a\u0000b\u0007\u001b[31mred\r\nSet-Cookie: x=1',
    Buffer.from([0xff, 0xfe, 0x41]).toString(),
    'x'.repeat(100_000),
    '=1+1',
  ];

  it('are harmless on every page and in every export', async () => {
    for (const [i, name] of HOSTILE.entries()) {
      const offers = [{ source: name.slice(0, 60), site: 'a.example', title: name }];
      const facts = { name, title: name, category: name, offers, files: [{ path: `${name}/${name}`, bytes: 1 }] };
      catalogue.store(torrentToStore(100 + i, facts), 1_000);
    }
    const paths = HOSTILE.flatMap((name, i) => [
      `/torrent/${hashOf(100 + i)}`,
      `/?q=${encodeURIComponent(name.slice(0, 1_000))}`,
      `/?category=${encodeURIComponent(name.slice(0, 1_000))}&type=${encodeURIComponent(name.slice(0, 100))}`,
    ]);
    const lists = [
      '/',
      '/list.json',
      '/list.csv',
      '/feed.xml',
      '/torznab/api?t=search',
      '/opensearch.xml',
      '/sitemap.xml',
    ];
    for (const path of [...lists, ...paths, '/help', '/privacy']) {
      const { status, text, headers } = await get(path, { 'user-agent': HOSTILE[0]! });
      expect(status, path).toBe(200);
      expect(headers['set-cookie'], path).toBeUndefined();
      expect(headers['content-security-policy'], path).toMatch(/^default-src 'none'/);
      if (path === '/list.json') {
        expect(JSON.parse(text).torrents).toHaveLength(3 + HOSTILE.length);
        continue;
      }
      if (path === '/list.csv') {
        expect(text).toContain("'=1+1");
        continue;
      }
      expect(text, path).not.toContain('<script>alert');
      expect(text, path).not.toMatch(UNSEEN);
    }
    for (const [i] of HOSTILE.entries()) {
      const { headers } = await get(`/torrent/${hashOf(100 + i)}.torrent`, {}, 'HEAD');
      expect(String(headers['content-disposition'] ?? '').length).toBeLessThan(3_000);
    }
  });
});

describe('answers', () => {
  it('are compressed for those who take it, and have a validator', async () => {
    const plain = await get('/');
    const packed = await get('/', { 'accept-encoding': 'gzip' });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.body.length).toBeLessThan(plain.body.length / 2);
    expect(gunzipSync(packed.body).toString()).toContain('Alice');
    expect(packed.headers.vary).toContain('Accept-Encoding');
    expect((await get('/', { 'accept-encoding': 'gzip;q=0' })).headers['content-encoding']).toBeUndefined();
    const feed = await get('/feed.xml');
    const again = await get('/feed.xml', { 'if-none-match': String(feed.headers.etag), 'accept-encoding': 'gzip' });
    expect([again.status, again.body.length]).toEqual([304, 0]);
    const head = await get('/feed.xml', {}, 'HEAD');
    expect([head.status, head.body.length, head.headers.etag]).toEqual([200, 0, feed.headers.etag]);
  });
});
