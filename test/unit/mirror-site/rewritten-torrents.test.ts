import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClientError } from '../../../src/domain/errors.js';
import {
  MAX_INLINE_BYTES,
  RewrittenTorrents,
  type RewrittenTorrentsOptions,
} from '../../../src/mirror-site/rewritten-torrents.js';
import { type Catalogue, createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { parseMetainfo } from '../../../src/wire/metainfo.js';
import { rewriteTorrent } from '../../../src/wire/metainfo-rewrite.js';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';
import { torrentWith } from '../../support/torrents.js';

const ANNOUNCE = ['http://alias.example/announce'];
/** Rewriting copies it, so it is as large as this after that, too. */
const LARGE = MAX_INLINE_BYTES + 1;

let database: SqliteDatabase;
let catalogue: Catalogue;
/** The large files that were rewritten, in order. */
let rewritten: number[];

beforeEach(() => {
  database = openDatabase(':memory:');
  catalogue = createCatalogue(database);
  rewritten = [];
});
afterEach(() => database.close());

function store(n: number, bytes: number, nowMs = 1_000): void {
  const torrentBytes = torrentWith({ announce: 'http://old.example/announce', comment: 'x'.repeat(bytes) });
  catalogue.store(torrentToStore(n, { torrentBytes }), nowMs);
}

function torrents(options: Partial<RewrittenTorrentsOptions> = {}): RewrittenTorrents {
  return new RewrittenTorrents({
    catalogue,
    announceUrls: ANNOUNCE,
    rewrite: async (bytes, how) => {
      rewritten.push(bytes.length);
      return rewriteTorrent(bytes, how);
    },
    ...options,
  });
}

describe('a rewritten torrent', () => {
  test('is made once, however many want it at once and later, and then its length is known', async () => {
    store(1, LARGE);
    const site = torrents();
    const found = site.find(hashOf(1))!;
    expect(found).toMatchObject({ name: 'Torrent 1', bytes: undefined });
    expect(rewritten).toEqual([]);
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => site.bytesOf(found)));
    expect(parseMetainfo(first!).trackerTiers).toEqual([ANNOUNCE]);
    for (const other of [...others, await site.bytesOf(found)]) expect(other).toBe(first);
    expect(rewritten).toHaveLength(1);
    expect(site.find(hashOf(1))).toEqual({ ...found, bytes: first!.length });
  });

  test('has another ETag for another torrent, another version, other announce URLs, and where the original ones stay', () => {
    store(1, 10);
    store(2, 10);
    const tag = (site: RewrittenTorrents, n = 1): string => site.find(hashOf(n))!.etag;
    const tags = [
      tag(torrents()),
      tag(torrents(), 2),
      tag(torrents({ announceUrls: ['http://other.example/announce'] })),
      tag(torrents({ announceUrls: [...ANNOUNCE, 'http://other.example/announce'] })),
      tag(torrents({ keepOriginal: () => true })),
    ];
    expect(tag(torrents())).toBe(tags[0]);
    store(1, 10, 2_000);
    tags.push(tag(torrents()));
    expect(new Set(tags).size).toBe(tags.length);
    for (const each of tags) expect(each).toMatch(/^"[0-9a-f]{40}"$/);
  });

  test('is not made of an earlier version of its file', async () => {
    store(1, LARGE);
    const site = torrents();
    const old = await site.bytesOf(site.find(hashOf(1))!);
    store(1, LARGE + 1_000, 2_000);
    const now = await site.bytesOf(site.find(hashOf(1))!);
    expect(now!.length).toBe(old!.length + 1_000);
  });

  test('of a usual size is rewritten at once, without the way to a thread', async () => {
    store(1, 10_000);
    const site = torrents();
    expect(parseMetainfo((await site.bytesOf(site.find(hashOf(1))!))!).trackerTiers).toEqual([ANNOUNCE]);
    expect(rewritten).toEqual([]);
  });

  test('is forgotten when it was asked for longest ago and room is needed', async () => {
    for (const n of [1, 2, 3, 4]) store(n, LARGE);
    const room = 3 * (LARGE + 1_000);
    const site = torrents({ maxKeptBytes: room });
    const ask = (n: number): Promise<Uint8Array | undefined> => site.bytesOf(site.find(hashOf(n))!);
    for (const n of [1, 2, 3]) await ask(n);
    await ask(1);
    await ask(4);
    expect(site.keptBytes).toBeLessThanOrEqual(room);
    expect([1, 2, 3, 4].filter((n) => site.find(hashOf(n))!.bytes !== undefined)).toEqual([1, 3, 4]);
    expect(rewritten).toHaveLength(4);
    await ask(1);
    expect(rewritten).toHaveLength(4);
  });

  test('that is larger than all the room is served and not kept, and pushes nothing out', async () => {
    store(1, 1_000);
    store(2, LARGE);
    const site = torrents({ maxKeptBytes: 2_000 });
    await site.bytesOf(site.find(hashOf(1))!);
    expect((await site.bytesOf(site.find(hashOf(2))!))!.length).toBeGreaterThan(LARGE);
    expect(site.find(hashOf(1))!.bytes).toBeGreaterThan(0);
    expect(site.find(hashOf(2))!.bytes).toBeUndefined();
  });

  test('that could not be made is tried again for the next visitor', async () => {
    store(1, LARGE);
    let fails = true;
    const site = torrents({
      rewrite: async (bytes, how) => {
        if (fails) throw new ClientError('reader-busy', 'too many wait');
        return rewriteTorrent(bytes, how);
      },
    });
    const ask = (): Promise<Uint8Array | undefined> => site.bytesOf(site.find(hashOf(1))!);
    await expect(Promise.all([ask(), ask()])).rejects.toThrow('too many wait');
    fails = false;
    expect(await ask()).toBeDefined();
  });

  test('of what the catalogue has not, or has as a link only, does not exist', () => {
    catalogue.store(torrentToStore(3, { torrentBytes: undefined, magnet: `magnet:?xt=urn:btih:${hashOf(3)}` }), 1);
    expect(torrents().find(hashOf(3))).toBeUndefined();
    expect(torrents().find(hashOf(9))).toBeUndefined();
  });
});
