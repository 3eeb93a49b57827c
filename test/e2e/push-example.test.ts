/**
 * examples/push_peers.py feeds an alias tracker from real original trackers on loopback: Debian's opentracker, and
 * bittorrent-tracker. Peers that come and leave there come and leave here.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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

describe('odd answers', () => {
  const files = `d20:${'a'.repeat(20)}d8:completei1e10:incompletei1eee`;
  const SCRAPE = `d5:files${files}e`;
  const PEERS = 'd8:intervali60e5:peers6:\x7f\x1e\x00\x01\x1a\xe1e';
  const PUSHED = '{"accepted":1,"removed":0,"torrents":[{"accepted":1}]}';
  const NOT_HTTP = 'not HTTP';
  const retryAfter = (text: string) => ({ status: 429, headers: { 'retry-after': text }, body: '{}' });

  interface Odd {
    readonly status?: number;
    readonly headers?: Record<string, string>;
    readonly body: string;
  }

  async function serve(answer: (path: string) => string | Odd): Promise<string> {
    const server = createServer((request, response) => {
      request.resume();
      const given = answer(request.url ?? '');
      if (given === NOT_HTTP) return void request.socket.end('nonsense\r\n\r\n');
      const { status = 200, headers = {}, body } = typeof given === 'string' ? { body: given } : given;
      response.writeHead(status, headers);
      response.end(body, 'latin1');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(async () => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function feedOnce(
    answers: { scrape?: string | Odd; announce?: string; push?: string | Odd },
    more: string[] = [],
  ) {
    const original = await serve((path) =>
      path.startsWith('/scrape') ? (answers.scrape ?? SCRAPE) : (answers.announce ?? PEERS),
    );
    const alias = await serve(() => answers.push ?? PUSHED);
    const options = [script, '--tracker', `${original}/announce`, '--alias', alias, '--once', ...more];
    const feed = spawn(PYTHON, options, {
      env: { ...process.env, ALIAS_TRACKER_TOKEN: TOKEN },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    let said = '';
    feed.stderr.on('data', (text) => {
      said += text;
    });
    const [code] = (await once(feed, 'close')) as [number];
    return { code, said };
  }

  it.each<[string, Parameters<typeof feedOnce>[0], string]>([
    ['a scrape that is a list', { scrape: 'le' }, 'no full scrape'],
    ['a key that is a list', { scrape: 'dlei1ee' }, 'odd key'],
    ['a key without a value', { scrape: 'd1:ae' }, 'odd key'],
    ['an answer that is cut off', { scrape: 'd5:fil' }, 'ends past the answer'],
    ['an answer that is not HTTP', { scrape: NOT_HTTP }, 'nonsense'],
    ['a push answered with a list', { push: '[]' }, 'no result for each torrent'],
    ['a push answered without results', { push: '{"torrents":[]}' }, 'no result for each torrent'],
    ['a result that is a number', { push: '{"torrents":[7]}' }, 'not an object'],
    ['a problem that is a text', { push: '{"torrents":[{"problem":"x"}]}' }, 'not an object'],
    ['deep nesting', { push: '['.repeat(100_000) }, 'nests too deeply'],
    ['a 429', { push: retryAfter('7') }, 'asks to wait 7 s'],
    ['a 429 with a date', { push: retryAfter('Wed, 21 Oct 2026 07:28:00 GMT') }, 'asks to wait 30 s'],
  ])('%s ends `--once` with an error', async (_what, answers, text) => {
    const { code, said } = await feedOnce(answers);
    expect(said).toContain(text);
    expect(said).not.toContain('Traceback');
    expect(code).toBe(1);
  });

  it.each<[string, Parameters<typeof feedOnce>[0]]>([
    ['counts that are a number', { scrape: `d5:filesd20:${'a'.repeat(20)}i7eee` }],
    ['counts that are texts', { scrape: `d5:filesd20:${'a'.repeat(20)}d8:complete1:xeee` }],
    ['peers as a list', { announce: 'd5:peersli1eee' }],
    ['a refusal of the tracker', { announce: 'd14:failure reason2:noe' }],
    ['a problem without a type', { push: '{"torrents":[{"problem":{}}]}' }],
  ])('%s concern one torrent only', async (_what, answers) => {
    const { code, said } = await feedOnce(answers);
    expect(said).not.toContain('Traceback');
    expect(code).toBe(0);
  });

  it('more torrents than can be announced in time are refused', async () => {
    const { code, said } = await feedOnce({}, ['--max-torrents', '9001']);
    expect(code).toBe(2);
    expect(said).toContain('--max-torrents is from 1 to 9000');
    expect((await feedOnce({}, ['--max-torrents', '9000'])).code).toBe(0);
  });
});
