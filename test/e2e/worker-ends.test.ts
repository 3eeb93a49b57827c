/**
 * One of several workers ends in the middle of its work, as by a defect: clients of the swarms of the others go on getting answers
 * over UDP and HTTP, and its own swarms come back from its snapshot.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DataPlane } from '../../src/tracker/data-plane.js';
import { readSnapshotFile } from '../../src/tracker/snapshot-file.js';
import { decodeSnapshot } from '../../src/tracker/swarm/snapshot/snapshot-codec.js';
import { snapshotFilesOf } from '../../src/tracker/workers/snapshot-files.js';
import { eventually } from '../support/eventually.js';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';

const WORKERS = 3;
const ALL = [0, 1, 2];
const SNAPSHOT_EVERY_MS = 100;

/** An info-hash whose swarm this worker owns. */
const hashOf = (worker: number): string => (WORKERS * 0x1000 + worker).toString(16).padStart(8, '0').padEnd(40, '7');

/** Threads that this process starts; the workers are the last ones of an application. */
const threads: Worker[] = [];
const remember = (worker: Worker): void => void threads.push(worker);
process.on('worker', remember);
afterAll(() => void process.off('worker', remember));

let running: RunningApp;
let directory: string;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-worker-ends-'));
  const yaml = LAB_CONFIG.replace('tracker: {', `tracker: { workers: ${WORKERS},`);
  running = await startLabApp(yaml, directory, {
    adjust: (config) => ({ ...config, tracker: { ...config.tracker, snapshotEveryMs: SNAPSHOT_EVERY_MS } }),
  });
});
afterEach(async () => {
  await running.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Waits for snapshots that every worker has begun after now. */
async function snapshotsWithEverything(): Promise<void> {
  const since = Date.now();
  for (const file of snapshotFilesOf(join(directory, 'data', 'swarms.snapshot'), WORKERS)) {
    await eventually(`a snapshot in ${file}`, async () => {
      const bytes = await readSnapshotFile(file);
      return bytes !== null && decodeSnapshot(bytes).takenAtMs > since;
    });
  }
}

const ready = (): Promise<{ status: number; json: unknown }> => running.call('GET', '/readyz');

/** Ends one of the workers. @returns which */
async function endWorker(): Promise<number> {
  await threads.at(-1)!.terminate();
  const { status, json } = await ready();
  expect(status).toBe(503);
  const number = /tracker: worker (\d): the thread/.exec(JSON.stringify(json))?.[1];
  expect(number).toBeDefined();
  return Number(number) - 1;
}

async function expectBothPeers(worker: number): Promise<void> {
  for (const protocol of ['udp', 'http'] as const) {
    const answer = await running.announce('127.1.0.12', { infoHash: hashOf(worker) }, protocol);
    expect(answer.hosts.sort()).toEqual(['127.1.0.10', '127.1.0.11']);
    expect(answer).toMatchObject({ seeders: 1, leechers: 2 });
  }
}

describe.runIf(process.platform === 'linux')('a worker ends', () => {
  it('the others go on, and its swarms come back from its snapshot', async () => {
    for (const worker of ALL) {
      const infoHash = hashOf(worker);
      await running.announce('127.1.0.10', { infoHash, leftBytes: 0 });
      await running.announce('127.1.0.11', { infoHash }, 'http');
    }
    await snapshotsWithEverything();
    const restart = vi.spyOn(DataPlane, 'start');
    const ended = await endWorker();
    for (const worker of ALL) if (worker !== ended) await expectBothPeers(worker);
    await eventually('readiness', async () => (await ready()).status === 200);
    for (const worker of ALL) await expectBothPeers(worker);
    // A warm-up takes longer than everything else of a restart.
    expect(restart.mock.calls.map(([{ warmUp }]) => warmUp)).toEqual([false]);
    restart.mockRestore();
  });

  it('a scrape of the swarms of all workers is answered meanwhile', async () => {
    for (const worker of ALL) await running.announce('127.1.0.10', { infoHash: hashOf(worker), leftBytes: 0 });
    await snapshotsWithEverything();
    const ended = await endWorker();
    const { host, port } = running.endpoint('tracker', 'http');
    const asked = ALL.map((worker) => `info_hash=${hashOf(worker).replace(/../g, '%$&')}`).join('&');
    const text = await (await fetch(`http://${host}:${port}/scrape?${asked}`)).text();
    const seeds = [...text.matchAll(/8:completei(\d)e/g)].map(([, count]) => Number(count));
    expect(seeds.length).toBe(WORKERS);
    // Those of the ended one are unknown, unless it has returned already.
    for (const worker of ALL) if (worker !== ended) expect(seeds[worker]).toBe(1);
    await eventually('readiness', async () => (await ready()).status === 200);
  });
});
