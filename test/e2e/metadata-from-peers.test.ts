/**
 * Torrents that no site has, only users: a real client announces one to the tracker, the crawler fetches its description from
 * that client (BEP 9), and the mirror site offers it. Everything is on loopback.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import bencode from 'bencode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientCommand, type ExperimentClient } from '../../src/lab/experiment-clients.js';
import { parseMetainfo } from '../../src/wire/metainfo.js';
import { eventually } from '../support/eventually.js';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';
import { requireFacility, requireProgram } from '../support/real-program.js';

const PIECE_BYTES = 16_384;
const ALIAS = 'udp://alias.example.net:6969/announce';
const aria2c = requireProgram('aria2c');
const transmission = requireProgram('transmission-cli');
const libtorrent = requireFacility(
  'the module libtorrent is not installed (Debian: apt-get install python3-libtorrent)',
  await promisify(execFile)('/usr/bin/python3', ['-c', 'import libtorrent']).then(
    () => true,
    () => false,
  ),
);

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-metadata-'));
const running: ChildProcess[] = [];
let lab: RunningApp;

beforeAll(async () => {
  lab = await startLabApp(`${LAB_CONFIG.replace('tracker: {', `tracker: { announceUrls: ["${ALIAS}"],`)}
mirrorSite: { listen: "http://127.0.0.1:0" }
crawler: { top: 10, every: 1s, sources: [{ name: own, type: announces }] }
upstream: { exchange: false }
`);
});
afterAll(async () => {
  const ended = running.map((client) => new Promise((resolve) => client.once('exit', resolve)));
  for (const client of running) client.kill('SIGKILL');
  await Promise.all(ended);
  await lab?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Descriptions of this size take several messages of BEP 9. */
const PIECES = 2_000;

function tracker(): string {
  const { host, port } = lab.endpoint('tracker', 'http');
  return `http://${host}:${port}/announce`;
}

/** A client that seeds a torrent of its own. @returns the info-hash */
function startSeed(client: ExperimentClient, address: string, moreInfo: Record<string, unknown> = {}): string {
  const folder = join(directory, address);
  mkdirSync(folder);
  const content = Buffer.alloc(PIECES * PIECE_BYTES, client);
  writeFileSync(join(folder, 'content.bin'), content);
  const piece = createHash('sha1').update(content.subarray(0, PIECE_BYTES)).digest();
  const pieces = Array.from({ length: PIECES }, (_, n) =>
    n === 0
      ? piece
      : createHash('sha1')
          .update(content.subarray(n * PIECE_BYTES, (n + 1) * PIECE_BYTES))
          .digest(),
  );
  const info = {
    length: content.length,
    name: 'content.bin',
    'piece length': PIECE_BYTES,
    pieces: Buffer.concat(pieces),
    ...moreInfo,
  };
  const torrentFile = join(folder, 'seed.torrent');
  writeFileSync(torrentFile, bencode.encode({ announce: tracker(), info }));
  const { command, args } = clientCommand(client, {
    address,
    torrentFile,
    folder,
    hookFile: '/bin/true',
    uploadBytesPerSecond: 10_000_000,
    connections: 20,
    seed: true,
  });
  running.push(spawn(command, args, { stdio: 'ignore', env: { ...process.env, HOME: folder } }));
  return createHash('sha1').update(bencode.encode(info)).digest('hex');
}

async function announced(infoHash: string): Promise<void> {
  await eventually(
    'the client announced',
    async () => (await lab.call('GET', `/api/v1/swarms/${infoHash}`)).status === 200,
  );
}

async function fromMirror(infoHash: string): Promise<Response> {
  const { host, port } = lab.endpoint('mirror-site');
  return fetch(`http://${host}:${port}/torrent/${infoHash}.torrent`);
}

describe('a torrent that is known from announces only', () => {
  const clients = [
    ['aria2c', '127.1.77.1', aria2c !== undefined],
    ['transmission', '127.1.77.2', transmission !== undefined],
    ['libtorrent', '127.1.77.3', libtorrent],
  ] as const;
  for (const [client, address, isInstalled] of clients) {
    it.skipIf(!isInstalled)(`is fetched from ${client} and offered`, async () => {
      const infoHash = startSeed(client, address);
      await announced(infoHash);
      await eventually('it is in the catalogue', async () => (await fromMirror(infoHash)).status === 200);
      const served = parseMetainfo(new Uint8Array(await (await fromMirror(infoHash)).arrayBuffer()));
      const totalBytes = PIECES * PIECE_BYTES;
      expect(served).toMatchObject({ infoHash, name: 'content.bin', totalBytes, trackerTiers: [[ALIAS]] });
    });
  }

  it.skipIf(aria2c === undefined)('is not published if it is private (BEP 27)', async () => {
    const infoHash = startSeed('aria2c', '127.1.77.4', { private: 1, source: 'a private tracker' });
    await announced(infoHash);
    // A later one is there, so the crawl has asked for this one, too.
    const later = startSeed('aria2c', '127.1.77.5', { source: 'another' });
    await announced(later);
    await eventually('a later one is in the catalogue', async () => (await fromMirror(later)).status === 200);
    expect((await fromMirror(infoHash)).status).toBe(404);
  });
});
