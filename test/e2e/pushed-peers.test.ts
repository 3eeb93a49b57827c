/** Peers that an original tracker pushes: foreign ones are handed out, addresses of the operator's own network are not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { databaseFile } from '../../src/store/database-file.js';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../support/catalogue-entries.js';
import { LAB_CONFIG, PROBE_NORTH, type RunningApp, startLabApp } from '../support/lab-app.js';

const TOKEN = 'partner-secret-token';
const HASH = 'ab'.repeat(20);
const UPSTREAM = `upstream: { originalTrackers: [ { name: partner, token: ${TOKEN} } ] }`;

let running: RunningApp;
let directory: string | undefined;
afterEach(async () => {
  await running.stop();
  if (directory !== undefined) rmSync(directory, { recursive: true });
  directory = undefined;
});

const push = (addresses: string[]) =>
  running.call('POST', '/api/v1/upstream/peers', {
    token: TOKEN,
    body: {
      infoHash: HASH,
      ttlSeconds: 600,
      peers: addresses.map((address) => ({ address, port: 6_881, seed: true })),
    },
  });

const HOSTS = UPSTREAM.replace('name: partner,', 'name: partner, hosts: [tracker.example.org],');
const peersOf = (...addresses: string[]) => addresses.map((address) => ({ address, port: 6_881, seed: true }));
const given = async (infoHash: string): Promise<string[]> =>
  (await running.announce('127.1.0.9', { infoHash })).peers.map(({ host }) => host).sort();

describe('peers that an original tracker pushes', () => {
  it('of many torrents come in one request; it removes some, or all of a torrent, and may repeat it', async () => {
    running = await startLabApp(`${LAB_CONFIG}\n${HOSTS}`);
    const catalogue = openDatabase(databaseFile(running.config));
    createCatalogue(catalogue).store(torrentToStore(1, { trackerTiers: [['udp://other.example:80']] }), Date.now());
    catalogue.close();
    const other = 'ef'.repeat(20);
    const send = async (torrents: unknown[]) =>
      (await running.call('POST', '/api/v1/upstream/peers', { token: TOKEN, body: { ttlSeconds: 600, torrents } }))
        .json;
    const first = [
      { infoHash: HASH, peers: peersOf('127.30.0.1', '127.30.0.2', '127.1.0.77') },
      { infoHash: other, peers: peersOf('127.30.0.3') },
      // Of the catalogue, and of other trackers.
      { infoHash: hashOf(1), peers: peersOf('127.30.0.4') },
    ];
    const answer = {
      accepted: 3,
      removed: 0,
      torrents: [
        { infoHash: HASH, accepted: 2, removed: 0, refused: [{ reason: 'own-network', peers: 1 }] },
        { infoHash: other, accepted: 1, removed: 0, refused: [] },
        { infoHash: hashOf(1), accepted: 0, problem: { type: '/problems/torrent-of-others' } },
      ],
    };
    expect(await send(first)).toMatchObject(answer);
    expect(await send(first)).toMatchObject(answer);
    expect(await given(HASH)).toEqual(['127.30.0.1', '127.30.0.2']);
    expect(await given(hashOf(1))).toEqual([]);
    const gone = [
      {
        infoHash: HASH,
        removed: [
          { address: '127.30.0.1', port: 6_881 },
          { address: '127.1.0.9', port: 6_881 },
        ],
      },
      { infoHash: other, removed: 'all', peers: peersOf('127.30.0.5') },
    ];
    expect(await send(gone)).toMatchObject({ accepted: 1, removed: 2 });
    expect(await send(gone)).toMatchObject({ accepted: 1, removed: 1 });
    expect(await given(HASH)).toEqual(['127.30.0.2']);
    expect(await given(other)).toEqual(['127.30.0.5']);
  });

  it('are handed out, but for those of the own network and those that nobody can have', async () => {
    running = await startLabApp(`${LAB_CONFIG}\n${UPSTREAM}`);
    expect(await push(['127.1.0.77', '127.30.0.8', '255.255.255.255', '224.0.0.1', '::ffff:127.2.0.1'])).toEqual({
      status: 202,
      json: {
        accepted: 1,
        refused: [
          { reason: 'own-network', peers: 2 },
          { reason: 'reserved-address', peers: 2 },
        ],
      },
    });
    const answer = await running.announce('127.1.0.9', { infoHash: HASH });
    expect(answer.peers.map(({ host }) => host)).toEqual(['127.30.0.8']);
    const origin = 'pushed by partner';
    expect((await running.call('GET', `/api/v1/explain?infoHash=${HASH}&ip=127.1.0.9`)).json).toMatchObject({
      imported: [{ origin, peers: 1, chosen: 1 }],
      peers: [{ address: '127.30.0.8', port: 6_881, origin }],
    });
    expect((await running.call('GET', `/api/v1/swarms/${HASH}`)).json).toMatchObject({
      upstreamPeers: 1,
      inner: { seeds: 0, leechers: 1 },
      imported: [{ origin, peers: 1, failed: 0 }],
    });
  });

  it.each(['catalogue', 'a list'])('make no swarm of a torrent that the tracker does not serve: %s', async (served) => {
    directory = mkdtempSync(join(tmpdir(), 'alias-tracker-push-'));
    const list = join(directory, 'allowed.txt');
    writeFileSync(list, `${'cd'.repeat(20)}\n`);
    const torrents = served === 'catalogue' ? served : list;
    running = await startLabApp(
      `${LAB_CONFIG.replace('tracker: {', `tracker: { torrents: "${torrents}",`)}\n${UPSTREAM}`,
    );
    expect(await push(['127.30.0.8'])).toMatchObject({
      status: 422,
      json: { detail: 'this tracker does not serve this torrent (tracker.torrents): no peers were imported' },
    });
    expect((await running.call('GET', `/api/v1/swarms/${HASH}`)).status).toBe(404);
  });
});

describe('seeds inside that an original tracker fetches', () => {
  it('are the caches of the operator and nodes that agreed, of its own torrents', async () => {
    running = await startLabApp(
      `${LAB_CONFIG.replace('  subdomains:', '  caches: [ { address: 127.1.0.10 } ]\n  subdomains:')}\n${HOSTS}`,
    );
    const catalogue = openDatabase(databaseFile(running.config));
    const store = (n: number, tracker: string) =>
      createCatalogue(catalogue).store(torrentToStore(n, { trackerTiers: [[tracker]] }), Date.now());
    store(1, 'udp://other.example:80');
    store(2, 'udp://tracker.example.org:80');
    catalogue.close();
    const own = hashOf(2);
    const seeds = (infoHash: string = own, token = TOKEN) =>
      running.call('GET', `/api/v1/upstream/seeds?infoHash=${infoHash}`, { token });
    const agree = (address: string, port: number, shareWithOriginals: boolean) =>
      running.call('POST', '/api/v1/capability', { body: { address, port, shareWithOriginals } });
    for (const [host, leftBytes] of [
      ['127.1.0.10', 0],
      ['127.1.0.11', 0],
      ['127.1.0.12', 0],
      ['127.1.0.13', 5],
      ['127.1.0.14', 0],
      ['127.30.0.1', 0],
    ] as const) {
      await running.announce(host, { infoHash: own, leftBytes });
      await running.announce(host, { infoHash: HASH, leftBytes });
    }
    for (const host of ['127.1.0.11', '127.1.0.13']) expect((await agree(host, 6_881, true)).status).toBe(202);
    // Another client of that address agreed.
    await agree('127.1.0.14', 7_000, true);
    const cache = { address: '127.1.0.10', port: 6_881, cache: true };
    const node = { address: '127.1.0.11', port: 6_881, cache: false };
    const { status, json } = await seeds();
    expect(status).toBe(200);
    expect((json as { seeds: { address: string }[] }).seeds.sort((a, b) => (a.address < b.address ? -1 : 1))).toEqual([
      cache,
      node,
    ]);
    await agree('127.1.0.11', 6_881, false);
    expect(await seeds()).toEqual({ status: 200, json: { seeds: [cache] } });
    expect(await seeds(hashOf(1))).toMatchObject({ status: 422, json: { type: '/problems/torrent-of-others' } });
    // Nobody knows whose it is, and it may be private.
    expect(await seeds(HASH)).toMatchObject({ status: 422, json: { type: '/problems/torrent-unknown' } });
    expect((await seeds(own, PROBE_NORTH)).status).toBe(403);
  });
});
