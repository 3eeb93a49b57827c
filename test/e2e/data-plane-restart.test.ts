/**
 * The thread that answers peers ends in the middle of its work, as by a defect: it restarts on the same ports with
 * the swarms of its latest snapshot, the operator is told, and everything else of the process goes on meanwhile.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Logger } from '../../src/logging/logger.js';
import { readSnapshotFile } from '../../src/tracker/snapshot-file.js';
import { decodeSnapshot } from '../../src/tracker/swarm/snapshot/snapshot-codec.js';
import { ownerOf } from '../../src/tracker/workers/owner.js';
import { snapshotFileOf } from '../../src/tracker/workers/snapshot-files.js';
import { eventually, gap } from '../support/eventually.js';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';

const infoHash = '3c'.repeat(20);
const SNAPSHOT_EVERY_MS = 100;

/** Node tells of every thread that this process starts; the tracker has no idea. */
const threads: Worker[] = [];
const remember = (worker: Worker): void => void threads.push(worker);
process.on('worker', remember);
afterAll(() => void process.off('worker', remember));

let running: RunningApp;
let directory: string;
let logged: string[];
let workerCount: number;
const cleanups: (() => unknown)[] = [];

function recordingLogger(): Logger {
  const take = (level: string) => (first: unknown, second?: string) =>
    void logged.push(`${level} ${typeof first === 'string' ? first : second}`);
  return new Proxy({} as Logger, { get: (_, level) => take(String(level)) });
}

async function start(
  transport: 'linux' | 'portable',
  { more = '', interval = '1m', workers = 1 }: { more?: string; interval?: string; workers?: number } = {},
): Promise<void> {
  workerCount = workers;
  const yaml = LAB_CONFIG.replace('tracker: {', `tracker: { transport: ${transport}, workers: ${workers},`).replace(
    'interval: 1m',
    `interval: ${interval}`,
  );
  running = await startLabApp(`${yaml}mirrorSite: { listen: "http://127.0.0.1:0" }\n${more}`, directory, {
    logger: recordingLogger(),
    adjust: (config) => ({ ...config, tracker: { ...config.tracker, snapshotEveryMs: SNAPSHOT_EVERY_MS } }),
  });
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-restart-'));
  logged = [];
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
  await running.stop();
  rmSync(directory, { recursive: true, force: true });
});

const snapshotFile = (): string =>
  snapshotFileOf(join(directory, 'data', 'swarms.snapshot'), {
    index: ownerOf(Buffer.from(infoHash, 'hex'), 0, workerCount),
    count: workerCount,
  });

/** Waits for a snapshot that was begun after the last answer. */
async function snapshotWithEverything(): Promise<void> {
  const since = Date.now();
  await eventually('a snapshot', async () => {
    const bytes = await readSnapshotFile(snapshotFile());
    return bytes !== null && decodeSnapshot(bytes).takenAtMs > since;
  });
}

/** All workers at once. They are the threads that were started last. */
async function endThread(): Promise<void> {
  await Promise.all(threads.slice(-workerCount).map((thread) => thread.terminate()));
}

const ready = async (): Promise<{ status: number; json: unknown }> => running.call('GET', '/readyz');

async function metric(name: string): Promise<number | undefined> {
  const { json } = await running.call('GET', '/metrics');
  return Number(new RegExp(`^alias_tracker_${name} (\\S+)$`, 'm').exec(String(json))?.[1]);
}

function sockets(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /^(socket:|anon_inode:\[eventpoll)/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;
}

async function keptConnection(): Promise<Socket> {
  const socket = connect(running.endpoint('tracker', 'http'));
  socket.on('error', () => {});
  cleanups.push(() => socket.destroy());
  const request = 'GET /scrape?info_hash=aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n';
  const answered = new Promise((resolve) => socket.once('data', resolve));
  socket.write(request);
  await answered;
  return socket;
}

const portable = { transport: 'portable', workers: 1 } as const;
const linux = [1, 2].map((workers) => ({ transport: 'linux', workers }) as const);
const variants = process.platform === 'linux' ? [...linux, portable] : [portable];

describe.each(variants)('the data plane’s thread ends ($transport, workers: $workers)', ({ transport, workers }) => {
  /** The worker that has the swarm, as the log names it. */
  const worker = workers === 1 ? '' : `worker ${1 + ownerOf(Buffer.from(infoHash, 'hex'), 0, workers)}`;

  it('and comes back: same ports, swarms of the latest snapshot, counters that count on', async () => {
    await start(transport, { workers });
    const { announce } = running;
    await announce('127.1.0.10', { infoHash, leftBytes: 0 });
    await announce('127.1.0.11', { infoHash }, 'http');
    const ports = running.app.addresses.map(({ url }) => url);
    await snapshotWithEverything();
    const announcesBefore = await metric('announces_total{protocol="udp"}'.replace(/[{}"]/g, '\\$&'));
    const kept = await keptConnection();
    const cut = new Promise((resolve) => kept.once('close', resolve));

    await endThread();
    await cut;
    expect(await ready()).toMatchObject({
      status: 503,
      json: { reasons: workers === 1 ? [expect.stringContaining('tracker: the thread')] : expect.anything() },
    });
    expect(await metric('data_plane_up')).toBe(0);
    // The rest of the process goes on.
    const site = running.endpoint('mirror-site');
    expect((await fetch(`http://${site.host}:${site.port}/`)).status).toBe(200);
    const explained = await running.call('GET', `/api/v1/explain?infoHash=${infoHash}&ip=127.1.0.12`);
    expect(explained).toMatchObject({ status: 503, json: { title: 'Not available now' } });

    await eventually('readiness', async () => (await ready()).status === 200);
    expect(running.app.addresses.map(({ url }) => url)).toEqual(ports);
    for (const protocol of ['udp', 'http'] as const) {
      const answer = await announce('127.1.0.12', { infoHash }, protocol);
      expect(answer.hosts.sort()).toEqual(['127.1.0.10', '127.1.0.11']);
      expect(answer).toMatchObject({ seeders: 1, leechers: 2 });
    }
    expect(await metric('data_plane_up')).toBe(1);
    expect(await metric('data_plane_restarts_total')).toBe(workers);
    expect(await metric('announces_total{protocol="udp"}'.replace(/[{}"]/g, '\\$&'))).toBe(announcesBefore! + 1);
    const errors = logged.filter((line) => line.startsWith('error tracker'));
    expect(errors).toHaveLength(workers);
    for (const error of errors) {
      expect(error).toMatch(/: the thread that answers peers has ended: .*; it restarts in 0\.25 s$/);
    }
    expect(logged).toContain(`info ${`tracker ${worker}`.trim()}: 2 peers in 1 swarm restored from the snapshot`);
  });

  it('again and again, and leaves no socket behind', async () => {
    await start(transport, { workers });
    await running.announce('127.1.0.10', { infoHash }, 'http');
    await keptConnection();
    const before = sockets();
    for (let n = 1; n <= 3; n++) {
      await endThread();
      await eventually('readiness', async () => (await ready()).status === 200);
      const kept = await keptConnection();
      expect(await metric('data_plane_restarts_total')).toBe(n * workers);
      kept.destroy();
    }
    // A thread that ends just while it closes a connection may leave that one open: better than to close one that is
    // another's by then. A start opens more than these, every time.
    await eventually('no more sockets', () => sockets() <= before + 2);
  });

  it('knows the reports that came while it was down', async () => {
    await start(transport, { workers });
    await running.announce('127.1.0.10', { infoHash });
    await snapshotWithEverything();
    await endThread();
    const body = { address: '127.1.0.10', port: 6881, availableUplinkBps: 900_000_000, role: 'cache' };
    expect((await running.call('POST', '/api/v1/capability', { body })).status).toBe(202);
    await eventually('readiness', async () => (await ready()).status === 200);
    let last: unknown;
    const isKnown = async (): Promise<boolean> => {
      last = await running.call('GET', `/api/v1/explain?infoHash=${infoHash}&ip=127.1.0.12`);
      const { json } = last as { json: { candidates?: { cache: boolean }[] } };
      return json.candidates?.[0]?.cache === true;
    };
    await eventually('the report', isKnown, { found: () => JSON.stringify(last) });
  });

  // The main thread keeps the sockets of several workers, so nobody else gets their ports.
  if (workers > 1) return;
  it('while somebody else has its port: it is tried again, less and less often, until it works', async () => {
    await start(transport, { workers });
    const { host, port } = running.endpoint('tracker', 'http');
    const thief: Server = createServer();
    cleanups.push(() => new Promise((done) => thief.close(done)));
    await endThread();
    await new Promise<void>((resolve) => thief.listen(port, host, resolve));
    const failed = (): string[] =>
      logged.filter((line) => line.startsWith('error tracker') && line.includes(`:${port}`));
    await eventually('two failures', () => failed().length >= 2);
    expect(failed()[0]).toMatch(/restarts in 0\.5 s$/);
    expect(failed()[1]).toMatch(/restarts in 1 s$/);
    expect((await ready()).status).toBe(503);
    await new Promise((resolve) => thief.close(resolve));
    await eventually('readiness', async () => (await ready()).status === 200);
    expect((await running.announce('127.1.0.10', { infoHash }, 'http')).leechers).toBe(1);
  });
});

it('does not restart what the operator stops, nor while it waits for a restart', async () => {
  await start('portable');
  const count = threads.length;
  await endThread();
  await running.stop();
  await gap(600);
  expect(threads.length).toBe(count);
});

it.runIf(process.platform !== 'win32')('is told as down at once, even where the disk holds up a snapshot', async () => {
  await start('portable');
  // A pipe without a reader: opening it for writing blocks, as on a disk that hangs.
  const pipe = `${snapshotFile()}.writing`;
  await snapshotWithEverything();
  await eventually('the pipe in the way', () => spawnSync('mkfifo', [pipe]).status === 0);
  const before = statSync(snapshotFile()).mtimeMs;
  await gap(5 * SNAPSHOT_EVERY_MS);
  expect(statSync(snapshotFile()).mtimeMs).toBe(before);
  await endThread();
  expect((await ready()).status).toBe(503);
  await gap(500);
  expect((await ready()).status).toBe(503);
  await readFile(pipe);
  await eventually('readiness', async () => (await ready()).status === 200);
});

it('still asks clients back at the next border between periods', async () => {
  const MINUTE_MS = 60_000;
  const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * MINUTE_MS).toISOString().slice(11, 16);
  const night = `{ name: night, from: "${inMinutes(15)}", to: "${inMinutes(200)}", foreignPeersMax: 50 }`;
  await start('portable', { more: `billing: { schedule: [ ${night} ] }\n`, interval: '30m' });
  const shortest = async (): Promise<number> => {
    const told: number[] = [];
    for (let port = 7_001; port <= 7_020; port++) {
      told.push((await running.announce('127.4.0.1', { infoHash, leftBytes: 0, port })).intervalSeconds);
    }
    return Math.min(...told);
  };
  // Usually 27 to 33 minutes; over the border 14 to 30.
  expect(await shortest()).toBeLessThan(25 * 60);
  await endThread();
  await eventually('readiness', async () => (await ready()).status === 200);
  expect(await shortest()).toBeLessThan(25 * 60);
});

it('leaves the snapshot out once it has to be suspected', async () => {
  await start('portable');
  await running.announce('127.1.0.10', { infoHash });
  await snapshotWithEverything();
  for (let n = 1; n <= 4; n++) {
    await endThread();
    await eventually('readiness', async () => (await ready()).status === 200);
  }
  expect(existsSync(`${snapshotFile()}.damaged`)).toBe(true);
  expect(logged.join('\n')).toContain('the snapshot of the swarms may be the cause; it is not loaded');
  expect((await running.announce('127.1.0.11', { infoHash })).hosts).toEqual([]);
});
