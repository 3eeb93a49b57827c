import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Catalogue, createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { createCrawlState } from '../../../src/store/sqlite/catalogue-crawl-state.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';

let database: SqliteDatabase;
let catalogue: Catalogue;

beforeEach(() => {
  database = openDatabase(':memory:');
  catalogue = createCatalogue(database);
});
afterEach(() => {
  database.close();
});

describe('storing', () => {
  it('names many torrents at once, under both hashes of a hybrid torrent', () => {
    catalogue.store(torrentToStore(1, { hybridInfoHash: hashOf(99) }), 1_000);
    catalogue.store(torrentToStore(2), 1_000);
    expect(catalogue.namesOf([hashOf(99), hashOf(2), hashOf(3), hashOf(1)])).toEqual(
      new Map([
        [hashOf(99), 'Torrent 1'],
        [hashOf(1), 'Torrent 1'],
        [hashOf(2), 'Torrent 2'],
      ]),
    );
  });

  it('gives back what was stored, under both hashes of a hybrid torrent', () => {
    const torrent = torrentToStore(1, {
      hybridInfoHash: hashOf(99),
      infoHashV2: 'ab'.repeat(32),
      files: [{ path: 'a/b', bytes: 3 }],
      trackerTiers: [['http://t.example/announce'], ['udp://u.example:1/announce']],
    });
    expect(catalogue.store(torrent, 1_000)).toBe('new');
    const { torrentBytes, origins, ...facts } = torrent;
    const expected = { ...facts, fileCount: 1, firstSeenMs: 1_000, lastSeenMs: 1_000, fetchedMs: 1_000 };
    expect(catalogue.get(hashOf(1))).toEqual(expected);
    expect(catalogue.get(hashOf(99))).toEqual(expected);
    expect(Buffer.from(catalogue.torrentBytes(hashOf(99))!)).toEqual(Buffer.from(torrentBytes!));
    expect(catalogue.allInfoHashes().sort()).toEqual([hashOf(1), hashOf(99)].sort());
    expect(catalogue.allTrackers().sort()).toEqual(['http://t.example/announce', 'udp://u.example:1/announce']);
    expect(origins).toHaveLength(2);
  });

  it('is idempotent, and tells what changed', () => {
    const torrent = torrentToStore(1);
    catalogue.store(torrent, 1_000);
    expect(catalogue.store(torrent, 2_000)).toBe('kept');
    expect(catalogue.count()).toBe(1);
    expect(catalogue.get(hashOf(1))).toMatchObject({ firstSeenMs: 1_000, lastSeenMs: 2_000, fetchedMs: 2_000 });
    expect(catalogue.store({ ...torrent, seeds: 99 }, 3_000)).toBe('updated');
    expect(catalogue.store({ ...torrent, seeds: 99, torrentBytes: Buffer.from('other') }, 3_000)).toBe('updated');
  });

  it('keeps the file when another site has only a magnet link', () => {
    catalogue.store(torrentToStore(1), 1_000);
    const link = torrentToStore(1, { torrentBytes: undefined, magnet: 'magnet:?xt=1', name: 'worse', seeds: 1000 });
    expect(catalogue.store(link, 2_000)).toBe('updated');
    expect(catalogue.get(hashOf(1))).toMatchObject({ name: 'Torrent 1', magnet: undefined, seeds: 1000 });
    expect(catalogue.torrentBytes(hashOf(1))).toBeDefined();
  });

  it('refuses a torrent with neither file nor link', () => {
    expect(() => catalogue.store(torrentToStore(1, { torrentBytes: undefined }), 1)).toThrow(/CHECK/);
    expect(catalogue.count()).toBe(0);
  });

  it('touches only what is there', () => {
    const popularity = { seeds: 3, leechers: undefined, score: 3, rank: 4 };
    expect(catalogue.touch(hashOf(1), popularity, [], 5)).toBeUndefined();
    catalogue.store(torrentToStore(1), 1_000);
    expect(catalogue.touch(hashOf(1), popularity, [], 5_000)).toBe('updated');
    expect(catalogue.touch(hashOf(1), popularity, [], 6_000)).toBe('kept');
    expect(catalogue.get(hashOf(1))).toMatchObject({ ...popularity, lastSeenMs: 6_000, fetchedMs: 1_000 });
  });
});

describe('the top', () => {
  it('loses what is not in it, and deletes that when its time is up', () => {
    for (const n of [1, 2, 3]) catalogue.store(torrentToStore(n, { rank: n }), n * 1_000);
    expect(catalogue.ranked().map((t) => t.infoHash)).toEqual([hashOf(1), hashOf(2), hashOf(3)]);
    expect(catalogue.keepRanksOf([hashOf(3)])).toBe(2);
    expect(catalogue.keepRanksOf([hashOf(3)])).toBe(0);
    expect(catalogue.deleteDropped({ sinceMs: 2_000 })).toEqual([{ infoHash: hashOf(1), name: 'Torrent 1' }]);
    expect(catalogue.get(hashOf(1))).toBeUndefined();
    expect(catalogue.findOrigin('site.example', '/1.torrent')).toBeUndefined();
    expect(catalogue.get(hashOf(2))?.rank).toBeUndefined();
    expect(catalogue.deleteDropped({ sinceMs: 9_000 })).toHaveLength(1);
    expect(catalogue.count()).toBe(1);
  });

  it('limits the bytes that it retains of what left it: the first to leave are deleted first, pinned and ranked ones never', () => {
    const torrentBytes = Buffer.alloc(100_000);
    for (const n of [1, 2, 3, 4, 5]) catalogue.store(torrentToStore(n, { rank: n, torrentBytes }), n * 1_000);
    catalogue.store(torrentToStore(6, { rank: 6, score: 1, torrentBytes }), 4_000);
    const pin = { decision: 'pin', reason: undefined, actor: 'test', atMs: 0 } as const;
    catalogue.decide({ ...pin, infoHash: hashOf(2) });
    catalogue.keepRanksOf([hashOf(1)]);
    const names = (maxBytes: number) => catalogue.deleteDropped({ sinceMs: 0, maxBytes }).map(({ name }) => name);
    expect(names(500_000)).toEqual([]);
    expect(names(350_000)).toEqual(['Torrent 3']);
    expect(names(250_000), 'of those that left together, the least popular').toEqual(['Torrent 6']);
    expect(names(0).sort()).toEqual(['Torrent 4', 'Torrent 5']);
    expect(catalogue.deleteDropped({ sinceMs: 9_000 })).toEqual([]);
    expect(catalogue.allInfoHashes()).toEqual([hashOf(1), hashOf(2)]);
  });
});

describe('original sites', () => {
  it('finds torrents and pages by their place, and moves a place to the torrent seen there last', () => {
    catalogue.store(torrentToStore(1), 1);
    expect(catalogue.findOrigin('site.example', '/1.torrent')).toEqual({ infoHash: hashOf(1), kind: 'torrent' });
    expect(catalogue.findOrigin('site.example', '/view?id=1')).toEqual({ infoHash: hashOf(1), kind: 'page' });
    expect(catalogue.findOrigin('other.example', '/1.torrent')).toBeUndefined();
    catalogue.store(torrentToStore(2, { origins: [{ host: 'site.example', path: '/1.torrent', kind: 'torrent' }] }), 2);
    expect(catalogue.findOrigin('site.example', '/1.torrent')?.infoHash).toBe(hashOf(2));
  });

  it('remembers lists', () => {
    const listing = { host: 'site.example', path: '/top', kind: 'html', source: 'a' } as const;
    catalogue.recordListing(listing);
    catalogue.recordListing({ ...listing, source: 'b' });
    expect(catalogue.findListing('site.example', '/top')).toEqual({ ...listing, source: 'b' });
    expect(catalogue.findListing('site.example', '/')).toBeUndefined();
  });
});

describe('searching', () => {
  beforeEach(() => {
    catalogue.store(torrentToStore(1, { name: 'Ubuntu 26.04 100%_off', rank: 2, totalBytes: 5, seeds: 7 }), 10);
    catalogue.store(
      torrentToStore(2, { name: 'alpha', files: [{ path: 'Debian.iso', bytes: 1 }], rank: 1, seeds: 9 }),
      30,
    );
    const elsewhere = [{ host: 'www.other.example', path: '/3', kind: 'torrent' as const }];
    catalogue.store(torrentToStore(3, { name: 'Zeta', rank: 3, seeds: undefined, origins: elsewhere }), 20);
    catalogue.keepRanksOf([hashOf(1), hashOf(2)]);
  });
  const found = (query: Parameters<Catalogue['search']>[0]): string[] =>
    catalogue.search(query).torrents.map((torrent) => torrent.name.split(' ')[0]!);

  it('finds all words, in names and file names, and takes no character for a pattern', () => {
    expect(found({ text: 'ubuntu 26' })).toEqual(['Ubuntu']);
    expect(found({ text: 'debian' })).toEqual(['alpha']);
    expect(found({ text: 'ubuntu debian' })).toEqual([]);
    expect(found({ text: '%' })).toEqual(['Ubuntu']);
    expect(found({ text: '100%_off' })).toEqual(['Ubuntu']);
    expect(found({ text: '1_0%' })).toEqual([]);
    expect(found({ text: "' OR 1=1 --" })).toEqual([]);
    expect(found({ text: hashOf(3) })).toEqual(['Zeta']);
    catalogue.store(torrentToStore(4, { name: 'Ästhetik Ⅷ' }), 40);
    expect(found({ text: 'ästhetik viii' })).toEqual(['Ästhetik']);
  });

  it('sorts by every column, both ways', () => {
    expect(found({})).toEqual(['alpha', 'Ubuntu', 'Zeta']);
    expect(found({ sort: 'name' })).toEqual(['alpha', 'Ubuntu', 'Zeta']);
    expect(found({ sort: 'name', reverse: true })).toEqual(['Zeta', 'Ubuntu', 'alpha']);
    expect(found({ sort: 'added' })).toEqual(['alpha', 'Zeta', 'Ubuntu']);
    expect(found({ sort: 'seeds' })).toEqual(['alpha', 'Ubuntu', 'Zeta']);
    expect(found({ sort: 'size', reverse: true })[0]).toBe('Ubuntu');
  });

  it('pages, and restricts to a site and the names below it', () => {
    expect(catalogue.search({ page: 2, pageSize: 2 })).toMatchObject({ total: 3, torrents: [{ name: 'Zeta' }] });
    expect(found({ page: 9 })).toEqual([]);
    expect(found({ site: 'other.example' })).toEqual(['Zeta']);
    expect(found({ site: 'ther.example' })).toEqual([]);
    expect(found({ site: 'site.example', text: 'alpha' })).toEqual(['alpha']);
  });
});

describe('addresses of original sites', () => {
  it('are found in every spelling, with and without www., and whatever the key', () => {
    const origins = [
      { host: 'www.Site.example', path: '/get/%7ea%5b1%5d.torrent?id=1&passkey=abc', kind: 'torrent' as const },
    ];
    catalogue.store(torrentToStore(1, { origins }), 1);
    for (const [host, path] of [
      ['site.example', '/get/~a[1].torrent?id=1&passkey=other'],
      ['www.site.example', '/get/%7Ea%5B1].torrent?id=1&passkey=z'],
    ] as const) {
      expect(catalogue.findOrigin(host, path)).toEqual({ infoHash: hashOf(1), kind: 'torrent' });
    }
    expect(catalogue.search({ site: 'www.site.example' }).total).toBe(1);
    catalogue.recordListing({ host: 'www.site.example', path: '/rss?apikey=abc', kind: 'feed', source: 's' });
    expect(catalogue.findListing('site.example', '/rss?apikey=x')).toMatchObject({ path: '/rss?apikey=[secret]' });
    const stored = JSON.stringify(database.prepare('SELECT * FROM catalogue_origin, catalogue_listing').all());
    expect(stored).not.toContain('abc');
  });
});

describe('personal keys', () => {
  it('are stored neither with documents nor with counts', () => {
    const state = createCrawlState(database);
    const document = { etag: '1', lastModified: undefined, contentType: undefined };
    const [mine, yours] = ['http://s.example/rss?apikey=abc', 'http://s.example/rss?apikey=abd'] as const;
    state.storeDocument(mine, { ...document, body: Buffer.from('<rss/>') }, 1);
    expect(state.document(mine)?.etag).toBe('1');
    expect(state.document(yours)).toBeUndefined();
    state.storeDocument('http://s.example/', { ...document, body: Buffer.from('<a href="/get?passkey=abc">') }, 1);
    expect(state.document('http://s.example/')).toBeUndefined();
    const counts = new Map([
      ['http://s.example/get?passkey=abc', 2],
      ['http://s.example/get?passkey=abd', 3],
    ]);
    state.addRequests('log', new Map([[0, counts]]), undefined);
    expect([...state.requests('log', 0)]).toEqual([['http://s.example/get?passkey=[secret]', 5]]);
    for (const table of ['crawler_document', 'crawler_request_count']) {
      expect(JSON.stringify(database.prepare(`SELECT * FROM ${table}`).all())).not.toMatch(/ab[cd]/);
    }
  });
});

describe('the file', () => {
  it('holds what was stored after it is closed and opened again', () => {
    const directory = mkdtempSync(join(tmpdir(), 'catalogue-'));
    const file = join(directory, 'x.sqlite');
    const first = openDatabase(file);
    createCatalogue(first).store(torrentToStore(1), 1);
    createCrawlState(first).storeDocument(
      'http://a/',
      { etag: '"e"', lastModified: undefined, contentType: 'x', body: Buffer.from('b') },
      1,
    );
    first.close();
    const second = openDatabase(file);
    expect(createCatalogue(second).count()).toBe(1);
    const state = createCrawlState(second);
    expect(state.document('http://a/')).toMatchObject({ etag: '"e"', lastModified: undefined });
    state.forgetBefore(2);
    expect(state.document('http://a/')).toBeUndefined();
    second.close();
    rmSync(directory, { recursive: true });
  });
});
