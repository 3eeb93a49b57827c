/** A torrent of 150,000 files at the mirror site: its visitors wait for it, nobody else does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bencode from 'bencode';
import { decode } from 'dns-packet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { parseMetainfo } from '../../src/wire/metainfo.js';
import { torrentToStore } from '../support/catalogue-entries.js';
import { eventually } from '../support/eventually.js';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';
import { askUdp, question } from '../unit/dns-redirect/running-redirect.js';

const FILES = 150_000;
const MAX_TORRENTS = 10;
const ANNOUNCE = 'http://127.0.0.1:6969/announce';

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-large-'));
let running: RunningApp;
let site: string;

/** @returns the info-hash of a torrent that nobody has asked for yet, and that the mirror site has */
function storeTorrent(n: number): string {
  const files = Array.from({ length: FILES }, (_, i) => ({ length: i === 0 ? 5 : 0, path: ['d', `file-${i}`] }));
  const info = { files, name: `many ${n}`, 'piece length': 16_384, pieces: Buffer.alloc(20, 1) };
  const torrentBytes = new Uint8Array(bencode.encode({ announce: 'http://old.example/announce', info }));
  const { infoHash } = parseMetainfo(torrentBytes);
  const database = openDatabase(join(directory, 'data', 'alias-tracker.sqlite'));
  createCatalogue(database).store(torrentToStore(n, { infoHash: infoHash as never, torrentBytes }), 1_000);
  database.close();
  return infoHash;
}

beforeAll(async () => {
  running = await startLabApp(
    `${LAB_CONFIG.replace('tracker: {', `tracker: { announceUrls: ["${ANNOUNCE}"],`)}
mirrorSite: { listen: "http://127.0.0.1:0" }
dnsRedirect: { listen: ["127.0.0.1:0"], upstreamResolvers: ["127.0.0.1:9"], sites: [site.example], mirrorAddresses: [127.0.0.77], healthChecks: false }
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

/** @returns the torrent, and who answered before it was there */
async function answersDuring(infoHash: string): Promise<{ body: Uint8Array; answered: Set<string> }> {
  let body: Uint8Array | undefined;
  const answered = new Set<string>();
  const meanwhile = async (who: string, answer: Promise<unknown>): Promise<void> => {
    await answer;
    if (body === undefined) answered.add(who);
  };
  const wanted = fetch(`${site}/torrent/${infoHash}.torrent`).then(async (response) => {
    body = new Uint8Array(await response.arrayBuffer());
    return body;
  });
  while (body === undefined) {
    await Promise.all([
      meanwhile('pages', expect(fetch(`${site}/healthz`)).resolves.toMatchObject({ status: 200 })),
      meanwhile('control API', expect(running.call('GET', '/healthz')).resolves.toMatchObject({ status: 200 })),
      meanwhile('announces', running.announce('127.1.0.9', { infoHash: 'ab'.repeat(20) })),
      meanwhile('DNS', expect(mirrorAddress()).resolves.toMatchObject([{ data: '127.0.0.77' }])),
    ]);
  }
  return { body: await wanted, answered };
}

async function mirrorAddress(): Promise<unknown> {
  return decode((await askUdp(running.endpoint('dns-redirect'), question('site.example')))!).answers;
}

test('pages, control API, DNS and announces are answered while it is rewritten', async () => {
  // On one thread nobody would be answered before the rewriting has ended. On a busy machine the others may be that slow,
  // so each has several rewritings to be faster than.
  const everybody = new Set<string>();
  for (let n = 1; n <= MAX_TORRENTS && everybody.size < 4; n++) {
    const infoHash = storeTorrent(n);
    // To make it has kept this thread, which is that of the mirror site, so long that its names may be withdrawn.
    await eventually('the names', async () => ((await mirrorAddress()) as unknown[]).length > 0);
    const { body, answered } = await answersDuring(infoHash);
    expect(parseMetainfo(body)).toMatchObject({ infoHash, trackerTiers: [[ANNOUNCE]] });
    for (const who of answered) everybody.add(who);
  }
  expect([...everybody].sort()).toEqual(['DNS', 'announces', 'control API', 'pages']);
  const { json } = await running.call('GET', '/metrics');
  const delay = /^alias_tracker_thread_delay_seconds\{thread="mirror-documents"\} (\S+)$/m.exec(String(json))?.[1];
  expect(Number(delay)).toBeGreaterThan(0);
});
