/**
 * A tracker with several workers: clients see no difference, what spans swarms is put together, and swarms survive a change of the
 * number of workers.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/logging/logger.js';
import { ownerOf } from '../../src/tracker/workers/owner.js';
import { eventually } from '../support/eventually.js';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';

const SWARMS = 24;
const SNAPSHOT_EVERY_MS = 100;
const hashOf = (i: number): string => (0x1000_0001 * i).toString(16).padStart(8, '0').slice(-8) + '5d'.repeat(16);
const HASHES = Array.from({ length: SWARMS }, (_, i) => hashOf(i));

let directory: string;
let running: RunningApp | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-workers-'));
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  rmSync(directory, { recursive: true, force: true });
});

async function start(workers: number, more = ''): Promise<RunningApp> {
  const yaml = LAB_CONFIG.replace('tracker: {', `tracker: { workers: ${workers}, ${more}`);
  running = await startLabApp(yaml, directory, {
    logger: createLogger('silent'),
    adjust: (config) => ({ ...config, tracker: { ...config.tracker, snapshotEveryMs: SNAPSHOT_EVERY_MS } }),
  });
  return running;
}

async function fill(app: RunningApp): Promise<void> {
  for (const [i, infoHash] of HASHES.entries()) {
    await app.announce('127.1.0.10', { infoHash, leftBytes: 0 }, i % 2 === 0 ? 'udp' : 'http');
    await app.announce('127.1.0.11', { infoHash }, i % 3 === 0 ? 'udp' : 'http');
  }
}

async function expectEverything(app: RunningApp): Promise<void> {
  for (const infoHash of HASHES) {
    for (const protocol of ['udp', 'http'] as const) {
      const { hosts, seeders } = await app.announce('127.1.0.12', { infoHash, event: 'stopped' }, protocol);
      expect(hosts).toEqual([]);
      expect(seeders).toBe(1);
      const asked = await app.announce('127.1.0.12', { infoHash }, protocol);
      expect(asked.hosts.sort()).toEqual(['127.1.0.10', '127.1.0.11']);
    }
    await app.announce('127.1.0.12', { infoHash, event: 'stopped' });
  }
}

function request(infoHash: string, path: 'announce' | 'scrape'): string {
  const escaped = Buffer.from(infoHash, 'hex').reduce(
    (text, byte) => `${text}%${byte.toString(16).padStart(2, '0')}`,
    '',
  );
  const more = path === 'scrape' ? '' : '&peer_id=-E2E000-000000000000&port=6881&left=1&compact=1&numwant=5';
  return `GET /${path}?info_hash=${escaped}${more} HTTP/1.1\r\nHost: x\r\n\r\n`;
}

/** Sends all at once on one connection. @returns the bodies in the order of the answers */
function pipelined(app: RunningApp, requests: readonly string[]): Promise<string[]> {
  const socket = connect(app.endpoint('tracker', 'http'));
  return new Promise((resolve, reject) => {
    let text = '';
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection was closed')));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const answers = text.split('HTTP/1.1 200').slice(1);
      const bodies = answers.map((each) => each.slice(each.indexOf('\r\n\r\n') + 4));
      const isWhole = bodies.every(
        (body, i) => body.length >= Number(/content-length: (\d+)/i.exec(answers[i]!)?.[1] ?? Infinity),
      );
      if (bodies.length === requests.length && isWhole) {
        socket.removeAllListeners('close').destroy();
        resolve(bodies);
      }
    });
    socket.write(requests.join(''));
  });
}

describe('a tracker with three workers', () => {
  it('answers as one: by UDP and HTTP, lists and questions', async () => {
    const app = await start(3);
    await fill(app);
    await expectEverything(app);
    const owners = new Set(HASHES.map((infoHash) => ownerOf(Buffer.from(infoHash, 'hex'), 0, 3)));
    expect([...owners].sort()).toEqual([0, 1, 2]);

    const { json } = await app.call('GET', '/api/v1/swarms?limit=100');
    const { total, swarms } = json as { total: number; swarms: { infoHash: string; seeds: number }[] };
    expect(swarms.map(({ infoHash }) => infoHash).sort()).toEqual([...HASHES].sort());
    await eventually('the gauge of swarms', async () => {
      const { json: now } = await app.call('GET', '/api/v1/swarms?limit=1');
      return (now as { total: number }).total === SWARMS;
    });
    expect(total).toBeLessThanOrEqual(SWARMS);
    for (const infoHash of HASHES) {
      expect(await app.call('GET', `/api/v1/swarms/${infoHash}`)).toMatchObject({ status: 200, json: { seeds: 1 } });
      const asked = await app.call('GET', `/api/v1/explain?infoHash=${infoHash}&ip=127.1.0.12`);
      expect(asked).toMatchObject({ status: 200 });
    }
    const metrics = String((await app.call('GET', '/metrics')).json);
    for (const i of [1, 2, 3]) expect(metrics).toContain(`alias_tracker_part_up{part="tracker worker ${i}"} 1`);
    expect(metrics).toMatch(/alias_tracker_data_plane_up 1\n/);
  });

  it('keeps the order of pipelined requests for the swarms of several workers', async () => {
    const app = await start(3);
    await fill(app);
    const asked = [...HASHES, ...HASHES.slice().reverse()];
    const answers = await pipelined(
      app,
      asked.map((infoHash) => request(infoHash, 'scrape')),
    );
    expect(answers.map((body) => Buffer.from(body, 'latin1').toString('hex'))).toEqual(
      asked.map((infoHash) => expect.stringContaining(infoHash)),
    );
    const announced = await pipelined(
      app,
      asked.map((infoHash, i) => request(infoHash, i % 2 === 0 ? 'announce' : 'scrape')),
    );
    expect(announced.filter((_, i) => i % 2 === 0).every((body) => body.includes('8:completei1e'))).toBe(true);
  });

  it('scrapes the swarms of all workers in one request', async () => {
    const app = await start(3, 'fullScrape: true, ');
    await fill(app);
    const { host, port } = app.endpoint('tracker', 'http');
    const query = HASHES.map((infoHash) => /\?(\S+)/.exec(request(infoHash, 'scrape'))![1]).join('&');
    for (const asked of [`?${query}`, '']) {
      const response = await fetch(`http://${host}:${port}/scrape${asked}`);
      const body = Buffer.from(await response.arrayBuffer()).toString('hex');
      for (const infoHash of HASHES) expect(body).toContain(infoHash);
      expect(body.split(Buffer.from('8:completei1e').toString('hex')).length - 1).toBe(SWARMS);
    }
  });
});

it('takes its swarms along when the number of workers changes', async () => {
  await fill(await start(3));
  for (const workers of [2, 1, 4]) {
    await running!.stop();
    const app = await start(workers);
    await expectEverything(app);
    const left = (): string[] => readdirSync(join(directory, 'data')).filter((name) => name.endsWith('.snapshot'));
    await eventually('snapshots of this number only', () => left().length === workers);
  }
});
