/**
 * Two caches with different clients under one controller: what one has fetched over the border the other fetches from it, a
 * torrent in higher demand replaces one that a full cache holds, and a killed client is handed to nobody. Transmission connects
 * to no loopback address, so the seeds outside connect to it, once the tracker has told them where it is.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databaseFile } from '../../src/store/database-file.js';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import type { CacheDaemon } from '../support/caches/cache-daemon.js';
import {
  FIXTURE_BYTES,
  type FixtureTorrent,
  makeFixtureTorrent,
  placeContent,
} from '../support/caches/fixture-torrent.js';
import { LibtorrentPeer } from '../support/caches/libtorrent-peer.js';
import { qbittorrentDaemon } from '../support/caches/qbittorrent-daemon.js';
import { transmissionDaemon } from '../support/caches/transmission-daemon.js';
import { torrentToStore } from '../support/catalogue-entries.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';
import { requireFacility, requireProgram } from '../support/real-program.js';
import { hasLibtorrent } from '../support/torrent-tools.js';

const transmission = requireProgram('transmission-daemon');
const qbittorrent = requireProgram('qbittorrent-nox');
const peers = requireFacility('python3-libtorrent is not installed', await hasLibtorrent());
const NORTH = '127.1.0.10';
const SOUTH = '127.1.0.11';
const USERS = Array.from({ length: 20 }, (_, i) => `127.1.0.${21 + i}`);
const HOUR_MS = 3_600_000;
/** A quarter of what this serves in a day is 6 copies: enough for 3 downloads, too little for 9. */
const UPLINK_BPS = Math.round((4 * 6 * FIXTURE_BYTES * 8) / 86_400);

interface LogEntry {
  readonly cache: string;
  readonly infoHash: string | null;
  readonly action: string;
  readonly reason: string;
  readonly savingPerDay: number | null;
  readonly currency: string | null;
}

describe.skipIf(transmission === undefined || qbittorrent === undefined || !peers)('two caches', () => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-caches-'));
  const first = makeFixtureTorrent(directory, 'torrent-first');
  const better = makeFixtureTorrent(directory, 'torrent-better');
  const nightMs = Date.UTC(2026, 5, 3, 2, 0);
  const startedMs = Date.now();
  /** Added to the time of day. */
  let offsetMs = 0;
  const clock = { nowMs: () => nightMs + offsetMs + Date.now() - startedMs };
  let north: CacheDaemon;
  let south: CacheDaemon;
  let running: RunningApp;
  let seed: ForeignSeed;
  let betterSeed: ForeignSeed;

  /** A peer outside that has everything, where the tracker says. */
  interface ForeignSeed {
    readonly peer: LibtorrentPeer;
    readonly port: number;
    readonly torrent: FixtureTorrent;
  }

  beforeAll(async () => {
    north = await transmissionDaemon(transmission!, join(directory, 'north'), undefined, NORTH);
    south = await qbittorrentDaemon(qbittorrent!, join(directory, 'south'), undefined, SOUTH);
    await Promise.all([north.start(), south.start()]);
    const url = `udp://127.0.0.1:${await freePort()}`;
    const tracker = `tracker: { listen: ["${url}"], announceUrls: ["${url}/announce"], interval: 30m, minInterval: 1s }`;
    const each = `quota: 3MB, uplinkBpsMax: ${UPLINK_BPS}, allow: { names: ["torrent-*"] }`;
    const yaml = `${LAB_CONFIG.replace(/tracker: .*/, tracker)}
upstream: { exchange: false }
billing: { schedule: [{ name: night, from: "01:00", to: "05:00", rateFactor: 0.2 }] }
caches:
  - { name: north, address: ${NORTH}, client: transmission, url: "${north.url}", user: alias, password: the-password, ${each} }
  - { name: south, address: ${SOUTH}, client: qbittorrent, url: "${south.url}", user: admin, password: adminadmin, ${each} }
`;
    running = await startLabApp(yaml, directory, { clock });
    const database = openDatabase(databaseFile(running.config));
    [first, better].forEach(({ infoHash, name, metainfo }, i) => {
      const facts = { infoHash, name, torrentBytes: metainfo, totalBytes: FIXTURE_BYTES, origins: [] };
      createCatalogue(database).store(torrentToStore(i + 1, facts), clock.nowMs());
    });
    database.close();
    seed = await seedOf(first);
    betterSeed = await seedOf(better);
  });
  afterAll(async () => {
    await running?.stop();
    await Promise.all([seed?.peer.stop(), betterSeed?.peer.stop(), north?.stop(), south?.stop()]);
    rmSync(directory, { recursive: true, force: true });
  });

  async function seedOf(torrent: FixtureTorrent): Promise<ForeignSeed> {
    placeContent(directory, torrent);
    const port = await freePort();
    const peer = new LibtorrentPeer(torrent.file, directory, { port });
    await eventually('the seed has everything', () => peer.status.isComplete);
    return { peer, port, torrent };
  }

  async function demand(torrent: FixtureTorrent, users: readonly string[]): Promise<void> {
    for (const host of users) await running.announce(host, { infoHash: torrent.infoHash });
    // The demand is counted soon, not within a minute.
    await running.call('POST', '/api/v1/caches/fill', { body: {} });
  }

  const get = async (path: string): Promise<unknown> => (await running.call('GET', path)).json;
  const log = async (cache: string): Promise<LogEntry[]> =>
    ((await get(`/api/v1/caches/log?cache=${cache}`)) as { entries: LogEntry[] }).entries.reverse();
  const done = async (cache: string, { infoHash }: FixtureTorrent): Promise<string[]> =>
    (await log(cache))
      .filter((entry) => entry.infoHash === infoHash)
      .map(({ action, reason }) => `${action}: ${reason}`);
  const why = async (cache: string, { infoHash }: FixtureTorrent): Promise<string> => {
    const path = `/api/v1/caches/torrents?cache=${cache}&infoHash=${infoHash}`;
    return ((await get(path)) as { torrents: { why: string }[] }).torrents[0]?.why ?? 'not listed';
  };
  const filled = async (cache: string, from: string): Promise<number> => {
    const sample = `alias_tracker_cache_filled_bytes_total{cache="${cache}",from="${from}"} `;
    const line = String(await get('/metrics'))
      .split('\n')
      .find((each) => each.startsWith(sample));
    return Number(line?.slice(sample.length) ?? 0);
  };
  const given = async (host: string, { infoHash }: FixtureTorrent): Promise<string[]> =>
    (await running.announce(host, { infoHash, event: 'none' })).hosts;
  const givenToSeed = async ({ peer, port, torrent: { infoHash } }: ForeignSeed): Promise<string[]> =>
    (await running.announce(peer.address, { infoHash, port, leftBytes: 0, event: 'none' })).hosts;
  async function completed(cache: string, torrent: FixtureTorrent): Promise<void> {
    let last: string[] = [];
    const isLast = async (): Promise<boolean> => {
      last = await done(cache, torrent);
      return last.at(-1)?.startsWith('completed') === true;
    };
    const found = (): string => JSON.stringify([last, seed.peer.status, betterSeed.peer.status]);
    await eventually(`${torrent.name} is complete in ${cache}`, isLast, { found });
  }

  test('the first one fetches over the border in the fill window; its uplink is enough for the demand', async () => {
    expect(await givenToSeed(seed)).toEqual([]);
    await demand(first, USERS.slice(0, 3));
    await eventually('north in the answer of the seed', async () => (await givenToSeed(seed)).includes(NORTH));
    seed.peer.connect(north.peerPort, NORTH);
    await completed('north', first);
    expect(await done('north', first)).toEqual([
      'added: it is fetched over the border',
      'completed: it has everything',
    ]);
    expect(await why('south', first)).toBe('not held: another cache holds it, and its uplink is enough');
    expect(await done('south', first)).toEqual([]);
  });

  test('the second one fetches from the first by day, when the demand needs it, and nothing crosses the border', async () => {
    const uploadedBytes = seed.peer.status.uploadedBytes;
    expect(uploadedBytes).toBeGreaterThanOrEqual(FIXTURE_BYTES);
    offsetMs = 10 * HOUR_MS;
    await demand(first, USERS.slice(0, 9));
    await completed('south', first);
    expect(await done('south', first)).toEqual(['added: it is fetched from north', 'completed: it has everything']);
    expect([await filled('south', 'cache'), await filled('south', 'border')]).toEqual([FIXTURE_BYTES, 0]);
    expect(seed.peer.status.uploadedBytes).toBe(uploadedBytes);
    expect(await givenToSeed(seed)).not.toContain(SOUTH);
    await eventually('both in answers', async () => {
      const hosts = await given(USERS[0]!, first);
      return hosts.includes(NORTH) && hosts.includes(SOUTH);
    });
  });

  test('one that is killed leaves all answers, although it never said that it leaves, and comes back', async () => {
    south.signal('SIGKILL');
    await eventually('it is out of answers', async () => !(await given(USERS[0]!, first)).includes(SOUTH));
    for (const host of USERS.slice(0, 9)) {
      const hosts = await given(host, first);
      expect(hosts).not.toContain(SOUTH);
      expect(hosts).toContain(NORTH);
    }
    await south.start();
    await eventually('it is in answers again', async () => (await given(USERS[0]!, first)).includes(SOUTH));
    await eventually(
      'it has everything',
      async () => (await why('south', first)) === 'held: it saves most for its size',
    );
    expect((await log('south')).map(({ action }) => action)).toEqual(['added', 'completed', 'taken-out', 'put-back']);
  });

  test('a full one replaces what it holds by what saves more, not before a day, and only when that is fetched', async () => {
    await givenToSeed(betterSeed);
    await demand(better, USERS);
    const room = 'not held: others save more for each byte of the quota';
    await eventually('the demand', async () => (await why('north', better)) === room);
    offsetMs = 25 * HOUR_MS;
    await eventually('the fetch', () => north.holds(better.infoHash));
    // Among this many inner clients the tracker shows north to the seed only after its next announce, a minute later.
    betterSeed.peer.connect(north.peerPort, NORTH);
    await completed('north', better);
    const removal = (await log('north')).find(({ action }) => action === 'removed')!;
    expect(removal).toMatchObject({ infoHash: first.infoHash, reason: 'others save more for each byte' });
    expect([removal.savingPerDay, removal.currency]).toEqual([expect.closeTo(9 * savingOfOneDownload, 6), 'EUR']);
    expect(await north.holds(first.infoHash)).toBe(false);
    const data = join(north.contentDirectory(first.infoHash), first.name);
    await eventually('its data is deleted', () => !existsSync(data));
    expect(existsSync(join(north.contentDirectory(better.infoHash), better.name))).toBe(true);
    // South holds its copy for less than a day.
    expect(await done('south', better)).toEqual([]);
    expect(await why('south', first)).toBe('held: it saves most for its size');
  });
});

/** At the default rate for a gigabyte. */
const savingOfOneDownload = (FIXTURE_BYTES / 1e9) * 0.02;
