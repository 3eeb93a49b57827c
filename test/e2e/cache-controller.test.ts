/**
 * The controller of the caches with a real Transmission as the cache, a real seed outside, and clients that announce: what it
 * fetches and when, what the tracker tells whom, and what happens when the client dies. Transmission connects to no loopback
 * address, so the seed connects to it, once the tracker has told the seed where it is.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config-schema.js';
import { parseInfoHash } from '../../src/domain/info-hash.js';
import { type LabTorrent, loadLabTorrents } from '../../src/lab/lab-torrents.js';
import { databaseFile } from '../../src/store/database-file.js';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { parseMetainfo } from '../../src/wire/metainfo.js';
import type { CacheDaemon } from '../support/caches/cache-daemon.js';
import { LibtorrentPeer } from '../support/caches/libtorrent-peer.js';
import { transmissionDaemon } from '../support/caches/transmission-daemon.js';
import { torrentToStore } from '../support/catalogue-entries.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';
import { requireFacility, requireProgram } from '../support/real-program.js';
import { hasLibtorrent } from '../support/torrent-tools.js';

const program = requireProgram('transmission-daemon');
const peers = requireFacility('python3-libtorrent is not installed', await hasLibtorrent());
const CACHE = '127.1.0.10';
const SEED = '127.3.0.1';
const USERS = ['127.1.0.21', '127.1.0.22', '127.1.0.23'];
const ORIGINAL = 'udp://original.example:6969/announce';

describe.skipIf(program === undefined || !peers)('a cache under control', () => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-cache-'));
  const torrents = loadLabTorrents([ORIGINAL]);
  const alice = torrents.find(({ name }) => name === 'alice')!;
  const leaves = torrents.find(({ name }) => name === 'leaves')!;
  const nowMs = Date.UTC(2026, 5, 3, 12, 0);
  const startedMs = Date.now();
  /** Added to the time of day. */
  let offsetMs = 0;
  const clock = { nowMs: () => nowMs + offsetMs + Date.now() - startedMs };
  let daemon: CacheDaemon;
  let running: RunningApp;
  let trackerPort: number;
  let seed: LibtorrentPeer;

  beforeAll(async () => {
    trackerPort = await freePort();
    daemon = await transmissionDaemon(program!, join(directory, 'cache'), undefined, CACHE);
    await daemon.start();
    running = await start();
    const file = join(directory, 'alice.torrent');
    writeFileSync(file, alice.bytes);
    writeFileSync(join(directory, parseMetainfo(alice.bytes).name), alice.content!());
    seed = new LibtorrentPeer(file, directory);
    for (const { infoHash } of [alice, leaves]) await running.announce(SEED, { infoHash: infoHash!, leftBytes: 0 });
    store(running.config, alice, leaves);
    for (const host of USERS) {
      for (const { infoHash } of [alice, leaves]) await running.announce(host, { infoHash: infoHash! });
    }
  });
  afterAll(async () => {
    await running?.stop();
    await seed?.stop();
    await daemon?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function start(): Promise<RunningApp> {
    // The cache announces to this port also after a restart.
    const url = `udp://127.0.0.1:${trackerPort}`;
    const tracker = `tracker: { listen: ["${url}"], announceUrls: ["${url}/announce"], interval: 30m, minInterval: 1s }`;
    const yaml = `${LAB_CONFIG.replace(/tracker: .*/, tracker)}
upstream: { exchange: false }
crawler: { sources: [{ name: partner, type: push, token: lab-token-partner-01 }] }
billing: { schedule: [{ name: night, from: "01:00", to: "05:00", rateFactor: 0.2 }] }
caches:
  - name: north
    address: ${CACHE}
    client: transmission
    url: "${daemon.url}"
    user: alias
    password: the-password
    quota: 1GB
    allow: { infoHashes: [${alice.infoHash}] }
    fillRate: 50MB/s
`;
    return startLabApp(yaml, directory, { clock });
  }

  function store(config: Config, ...stored: readonly LabTorrent[]): void {
    const database = openDatabase(databaseFile(config));
    stored.forEach(({ infoHash, title, bytes, content }, i) => {
      const facts = {
        infoHash: parseInfoHash(infoHash!),
        name: title,
        torrentBytes: bytes,
        totalBytes: content!().length,
      };
      createCatalogue(database).store(torrentToStore(i + 1, { ...facts, origins: [] }), clock.nowMs());
    });
    database.close();
  }

  const get = async (path: string): Promise<never> => (await running.call('GET', path)).json as never;
  const post = async (path: string, body: object): Promise<{ status: number; json: never }> =>
    (await running.call('POST', path, { body })) as never;
  const cache = async () =>
    ((await get('/api/v1/caches')) as { caches: { health: string; torrents: Record<string, number> }[] }).caches[0]!;
  const why = async (torrent: LabTorrent): Promise<string> => {
    const path = `/api/v1/caches/torrents?infoHash=${torrent.infoHash}`;
    return ((await get(path)) as { torrents: { why: string }[] }).torrents[0]?.why ?? 'not listed';
  };
  const log = async (): Promise<string[]> =>
    ((await get('/api/v1/caches/log')) as { entries: { action: string }[] }).entries
      .map(({ action }) => action)
      .reverse();
  const given = async (host: string, torrent = alice): Promise<string[]> =>
    (await running.announce(host, { infoHash: torrent.infoHash!, event: 'none', leftBytes: host === SEED ? 0 : 1_000 }))
      .hosts;

  test('by day it fetches nothing, and says what it waits for', async () => {
    const asked = await post('/api/v1/caches/fill', {});
    expect(asked.json).toMatchObject({ requested: [], warning: expect.stringContaining('of north is closed') });
    await eventually('the plan', async () => (await why(alice)) === 'wanted: it waits for the fill window');
    expect(await why(leaves)).toBe('not held: caches.allow of north does not name it');
    expect(await daemon.holds(parseInfoHash(alice.infoHash!))).toBe(false);
  });

  test('in the window it fetches what is allowed, through the alias tracker alone', async () => {
    expect(await given(SEED)).not.toContain(CACHE);
    offsetMs = 14 * 3_600_000;
    await eventually('the cache in the answer of the seed', async () => (await given(SEED)).includes(CACHE));
    seed.connect(daemon.peerPort, CACHE);
    await eventually('a complete copy', async () => (await cache()).torrents.serving === 1, {
      found: () => JSON.stringify(seed.status),
    });
    expect(await daemon.holds(parseInfoHash(leaves.infoHash!))).toBe(false);
    await eventually('the log', async () => (await log()).includes('completed'));
    expect(await log()).toEqual(['added', 'completed']);
    expect(await daemon.downloadLimit()).toBe(50_000_000);
    expect(await why(alice)).toBe('held: it saves most for its size');
    expect(String(await get('/metrics'))).toMatch(
      new RegExp(
        `alias_tracker_cache_filled_bytes_total\\{cache="north",from="border"\\} ${alice.content!().length}\\n`,
      ),
    );
  });

  test('it is given to inner clients, and never to foreign ones', async () => {
    await eventually('the cache in answers', async () => (await given(USERS[0]!)).includes(CACHE));
    for (let host = 1; host <= 5; host++) expect(await given(`127.3.0.${host}`)).not.toContain(CACHE);
  });

  test('a torrent that the operator asks for is fetched by day, with a warning, if it may be held', async () => {
    offsetMs = 24 * 3_600_000;
    const refused = await post('/api/v1/caches/fill', { infoHash: leaves.infoHash, now: true });
    expect(refused).toMatchObject({ status: 422, json: { detail: expect.stringContaining('caches.allow of north') } });
    const asked = await post('/api/v1/caches/fill', { infoHash: alice.infoHash, now: true });
    expect(asked.json).toMatchObject({ warning: expect.stringContaining('is paid at the rate of this hour') });
  });

  test('a cache that is drained is handed to nobody until it is put back', async () => {
    await post('/api/v1/caches/north/drain', {});
    await eventually('the drain', async () => !(await given(USERS[0]!)).includes(CACHE));
    expect(await daemon.holds(parseInfoHash(alice.infoHash!))).toBe(true);
    await post('/api/v1/caches/north/drain', { undo: true });
    await eventually('its return', async () => (await given(USERS[0]!)).includes(CACHE));
  });

  test('a cache whose client has died is taken out of answers, and is back when it runs again', async () => {
    await daemon.stop();
    // Its last word was that it leaves. It comes back by another announce, while nobody controls it.
    await running.announce(CACHE, { infoHash: alice.infoHash!, leftBytes: 0, port: daemon.peerPort });
    await eventually('it is out of answers', async () => !(await given(USERS[0]!)).includes(CACHE));
    expect(await log()).toContain('taken-out');
    await daemon.start();
    await eventually('it is in answers again', async () => (await given(USERS[0]!)).includes(CACHE));
    expect(await log()).toContain('put-back');
  });

  test('a restart of the tracker fetches and removes nothing', async () => {
    await running.stop();
    running = await start();
    await eventually('the cache answers and serves', async () => {
      const { health, torrents } = await cache();
      return health === 'up' && torrents.serving === 1;
    });
    expect((await log()).filter((action) => action === 'added')).toHaveLength(1);
  });

  test('a denied torrent is removed at once, with its data', async () => {
    await post('/api/v1/catalogue/actions', { action: 'deny', infoHash: alice.infoHash, reason: 'take-down' });
    await eventually('the removal', async () => !(await daemon.holds(parseInfoHash(alice.infoHash!))));
    expect(await log()).toContain('removed');
  });
});
