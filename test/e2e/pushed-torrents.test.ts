/** A cooperating site pushes its torrents over the control API of a running tracker, and the next crawl takes them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { createDocumentReader } from '../../src/app/document-reader.js';
import { createCrawler } from '../../src/crawler/crawl.js';
import { createPoliteFetcher } from '../../src/net/polite-fetch.js';
import { databaseFile } from '../../src/store/database-file.js';
import { type Catalogue, createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { createCrawlState } from '../../src/store/sqlite/catalogue-crawl-state.js';
import { openDatabase, type SqliteDatabase } from '../../src/store/sqlite/database.js';
import { CONTROL_TOKEN, LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';
import { type OriginalSite, startOriginalSite } from '../support/original-site.js';

const TOKEN = 'the-token-of-the-partner';
const PATH = '/api/v1/catalogue/torrents';
const alice: string = fixtures.alice.parsedTorrent.infoHash;
const leaves: string = fixtures.leaves.parsedTorrent.infoHash;

let site: OriginalSite;
let running: RunningApp;
let database: SqliteDatabase;
let catalogue: Catalogue;
beforeAll(async () => {
  site = await startOriginalSite();
  site.routes.set('/alice.torrent', new Uint8Array(fixtures.alice.torrent));
  running = await startLabApp(
    `${LAB_CONFIG.replace('tracker: {', 'tracker: { announceUrls: ["udp://alias.example.net:6969/announce"],')}
crawler: { every: 1d, sources: [ { name: partner, type: push, token: ${TOKEN}, weight: 2 } ] }
`,
  );
  database = openDatabase(databaseFile(running.config));
  catalogue = createCatalogue(database);
});
afterAll(async () => {
  database.close();
  await running.stop();
  await site.stop();
});

const push = (body: unknown, token = TOKEN) => running.call('POST', PATH, { token, body });
const torrents = () => [
  { infoHash: alice.toUpperCase(), title: 'Alice', torrentUrl: `${site.url}/alice.torrent`, seeds: 3, leechers: 1 },
  { infoHash: leaves, magnet: `magnet:?xt=urn:btih:${leaves}&dn=Leaves`, seeds: 1, published: '2026-11-22T10:00:00Z' },
];

async function crawl() {
  const documents = createDocumentReader({ name: 'push-documents' });
  const clock = { nowMs: () => Date.now() };
  const fetcher = createPoliteFetcher({ documents, clock, blockedReason: () => undefined, delayMs: 0 });
  const state = createCrawlState(database);
  const { sources } = running.config.crawler;
  try {
    return await createCrawler({ sources, top: 10, catalogue, state, fetcher, documents, clock }).crawlOnce();
  } finally {
    await Promise.all([fetcher.close(), documents.close()]);
  }
}

test('what is pushed is published by the next crawl, and pushing it again changes nothing', async () => {
  expect(await push({ torrents: torrents() })).toMatchObject({
    status: 202,
    json: { accepted: 2, withdrawn: 0, total: 2 },
  });
  expect((await push({ torrents: torrents() })).json).toEqual({ accepted: 2, withdrawn: 0, total: 2 });
  const { entries } = await crawl();
  expect(entries.map(({ rank, name, score, status }) => [rank, name, score, status])).toEqual([
    [1, 'alice.txt', 10, 'new'],
    [2, 'Leaves', 2, 'new'],
  ]);
  expect(catalogue.offers(catalogue.ranked()[0]!.infoHash)).toMatchObject([{ source: 'partner', title: 'Alice' }]);
});

test('what is withdrawn leaves the catalogue at once, with an entry in the log', async () => {
  expect((await push({ withdraw: [leaves] })).json).toEqual({ accepted: 0, withdrawn: 1, total: 1 });
  expect(catalogue.ranked().map(({ name }) => name)).toEqual(['alice.txt']);
  expect(catalogue.logEntries({ limit: 1 })).toMatchObject([{ action: 'removed', name: 'Leaves', actor: 'partner' }]);
  expect((await push({ withdraw: [leaves] })).json).toEqual({ accepted: 0, withdrawn: 0, total: 1 });
});

test.each([
  [{ torrents: [{ infoHash: alice }] }, /torrentUrl or a magnet link/],
  [{ torrents: [{ infoHash: alice, torrentUrl: 'file:///etc/passwd' }] }, /http or https/],
  [{ torrents: [{ infoHash: alice, torrentUrl: 'http://s.example/x?passkey=abc' }] }, /personal key/],
  [{ torrents: [{ infoHash: alice, torrentUrl: 'http://s.example/x', seeds: 99_999_999_999 }] }, /seeds/],
  [{ torrents: [{ infoHash: 'x', torrentUrl: 'http://s.example/x' }] }, /40 hexadecimal digits/],
  [{ withdraw: 'all' }, /withdraw/],
])('%j is refused with the reason, and nothing is taken', async (body, reason) => {
  const { status, json } = await push(body);
  expect(status).toBe(400);
  expect(JSON.stringify(json)).toMatch(reason);
  expect(catalogue.countPushed('partner')).toBe(1);
});

test('only the token of the source opens the call, and it opens no other', async () => {
  expect((await push({ torrents: [] }, CONTROL_TOKEN)).status).toBe(403);
  expect((await push({ torrents: [] }, 'a-wrong-token')).status).toBe(401);
  expect((await running.call('GET', '/api/v1/torrents', { token: TOKEN })).status).toBe(403);
});
