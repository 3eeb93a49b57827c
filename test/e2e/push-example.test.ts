/**
 * examples/push_peers.py feeds an alias tracker from real original trackers on loopback: Debian's opentracker, and
 * bittorrent-tracker. Peers that come and leave there come and leave here.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { announceOverHttp } from '../../src/lab/http-announcer.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { LAB_CONFIG, startLabApp } from '../support/lab-app.js';
import { requireProgram } from '../support/real-program.js';
import { PYTHON } from '../support/torrent-tools.js';
import { type Closing, startTracker } from '../unit/upstream/original-tracker.js';

const TOKEN = 'partner-secret-token';
const HASH = 'a'.repeat(40);
const ORIGINAL = '127.40.0.1';
const opentracker = requireProgram('opentracker');
const script = join(import.meta.dirname, '../../examples/push_peers.py');

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Chroots into a directory that `nobody` may read. Debian's opentracker serves listed torrents only. */
async function startOpentracker(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-opentracker-'));
  writeFileSync(join(directory, 'whitelist'), `${HASH}\n`);
  const port = await freePort();
  const options = [
    '-i',
    ORIGINAL,
    '-p',
    String(port),
    '-P',
    String(port),
    '-d',
    directory,
    '-u',
    'nobody',
    '-w',
    '/whitelist',
  ];
  chmodSync(directory, 0o755);
  const child = spawn(opentracker!, options, { stdio: 'ignore' });
  child.on('error', () => undefined);
  closing.push(async () => {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  });
  await eventually('opentracker listens', () =>
    fetch(`http://${ORIGINAL}:${port}/scrape`).then(
      () => true,
      () => false,
    ),
  );
  return `http://${ORIGINAL}:${port}/announce`;
}

const startBittorrentTracker = async (): Promise<string> => (await startTracker(closing)).httpUrl;

describe.each([
  ['opentracker', startOpentracker, opentracker !== undefined],
  ['bittorrent-tracker', startBittorrentTracker, true],
] as const)('peers of %s', (_name, start, installed) => {
  it.skipIf(!installed)('come and leave with those of the original, and only changes are pushed', async () => {
    const original = await start();
    const alias = await startLabApp(
      `${LAB_CONFIG}\nupstream: { exchange: false, originalTrackers: [ { name: partner, token: ${TOKEN} } ] }`,
    );
    closing.push(() => alias.stop());
    const join = (host: string, event: 'started' | 'stopped', leftBytes = 1) =>
      announceOverHttp({
        tracker: { host: new URL(original).hostname, port: Number(new URL(original).port) },
        localAddress: host,
        port: 6_881,
        infoHash: HASH,
        peerId: `-XX0001-${host}`.padEnd(20, '-'),
        leftBytes,
        event,
      });
    await join('127.30.0.1', 'started');
    await join('127.30.0.2', 'started', 0);
    const control = alias.endpoint('control');
    const url = `http://${control.host}:${control.port}`;
    const said: string[] = [];
    const feed = spawn(PYTHON, [script, '--tracker', original, '--alias', url, '--every', '0.2'], {
      env: { ...process.env, ALIAS_TRACKER_TOKEN: TOKEN },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    feed.stderr.on('data', (text) => said.push(String(text)));
    closing.push(async () => void feed.kill('SIGKILL'));
    const given = async (): Promise<string> =>
      (await alias.announce('127.1.0.9', { infoHash: HASH })).peers
        .map(({ host, port }) => `${host}:${port}`)
        .sort()
        .join(' ');
    const becomes = (expected: string): Promise<void> =>
      eventually(`the peers are ${expected}`, async () => (await given()) === expected, { found: () => said.join('') });
    await becomes('127.30.0.1:6881 127.30.0.2:6881');
    await join('127.30.0.3', 'started');
    await becomes('127.30.0.1:6881 127.30.0.2:6881 127.30.0.3:6881');
    await join('127.30.0.1', 'stopped');
    await becomes('127.30.0.2:6881 127.30.0.3:6881');
    expect(said).toEqual([]);
  });
});

it('a feed whose token is wrong says so and fails', async () => {
  const original = await startBittorrentTracker();
  await fetch(`${original}?info_hash=${HASH.replace(/../g, '%$&')}&peer_id=-XX0001-000000000001&port=9&left=1`);
  const alias = await startLabApp();
  closing.push(() => alias.stop());
  const { host, port } = alias.endpoint('control');
  const feed = spawn(PYTHON, [script, '--tracker', original, '--alias', `http://${host}:${port}`, '--once'], {
    env: { ...process.env, ALIAS_TRACKER_TOKEN: 'wrong-token' },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let said = '';
  feed.stderr.on('data', (text) => {
    said += text;
  });
  const [code] = (await once(feed, 'exit')) as [number];
  expect(code).toBe(1);
  expect(said).toContain('the alias tracker refuses the push: 401');
});
