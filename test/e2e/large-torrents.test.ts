/** A torrent of 150,000 files at the mirror site: whoever wants it waits for it, nobody else does. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bencode from 'bencode';
import { decode } from 'dns-packet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { parseMetainfo } from '../../src/wire/metainfo.js';
import { torrentToStore } from '../support/catalogue-entries.js';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';
import { askUdp, question } from '../unit/dns-redirect/running-redirect.js';

const FILES = 150_000;
const ANNOUNCE = 'http://127.0.0.1:6969/announce';

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-large-'));
let running: RunningApp;
let infoHash: string;
let site: string;

beforeAll(async () => {
  const files = Array.from({ length: FILES }, (_, n) => ({ length: n === 0 ? 5 : 0, path: ['d', `file-${n}`] }));
  const info = { files, name: 'many', 'piece length': 16_384, pieces: Buffer.alloc(20, 1) };
  const torrentBytes = new Uint8Array(bencode.encode({ announce: 'http://old.example/announce', info }));
  ({ infoHash } = parseMetainfo(torrentBytes));
  mkdirSync(join(directory, 'data'));
  const database = openDatabase(join(directory, 'data', 'alias-tracker.sqlite'));
  createCatalogue(database).store(torrentToStore(1, { infoHash: infoHash as never, torrentBytes }), 1_000);
  database.close();
  running = await startLabApp(
    `${LAB_CONFIG.replace('tracker: {', `tracker: { announceUrls: ["${ANNOUNCE}"],`)}
mirrorSite: { listen: "http://127.0.0.1:0" }
dnsRedirect: { listen: ["127.0.0.1:0"], upstreamResolvers: ["127.0.0.1:9"], sites: [site.example], mirrorAddresses: [127.0.0.77] }
`,
    directory,
  );
  const { host, port } = running.endpoint('mirror-site');
  site = `http://${host}:${port}`;
});
afterAll(async () => {
  await running?.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('pages, control API, DNS and announces are answered while it is rewritten', async () => {
  let done = false;
  const wanted = fetch(`${site}/torrent/${infoHash}.torrent`).then(async (response) => {
    const body = new Uint8Array(await response.arrayBuffer());
    done = true;
    return body;
  });
  let answeredMeanwhile = 0;
  while (!done) {
    expect((await fetch(`${site}/healthz`)).status).toBe(200);
    expect((await running.call('GET', '/healthz')).status).toBe(200);
    expect((await running.announce('127.1.0.9', { infoHash: 'ab'.repeat(20) })).intervalSeconds).toBeGreaterThan(0);
    const answer = await askUdp(running.endpoint('dns-redirect'), question('site.example'));
    expect(decode(answer!).answers).toMatchObject([{ data: '127.0.0.77' }]);
    if (!done) answeredMeanwhile++;
  }
  // On one thread there would be none: the rewriting would end before the first of them.
  expect(answeredMeanwhile).toBeGreaterThan(2);
  const { json } = await running.call('GET', '/metrics');
  const delay = /^alias_tracker_thread_delay_seconds\{thread="mirror-documents"\} (\S+)$/m.exec(String(json))?.[1];
  expect(Number(delay)).toBeGreaterThan(0);
  expect(parseMetainfo(await wanted)).toMatchObject({ infoHash, trackerTiers: [[ANNOUNCE]] });
});
