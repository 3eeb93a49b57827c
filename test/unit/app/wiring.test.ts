/** What the composition root connects: each test fails if its connection is cut. */
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Application } from '../../../src/app/application.js';
import { createApp } from '../../../src/app/create-app.js';
import type { Config } from '../../../src/config/config-schema.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { createRandom } from '../../../src/domain/random.js';
import { announceOverUdp } from '../../../src/lab/udp-announcer.js';
import { createLogger } from '../../../src/logging/logger.js';
import { databaseFile } from '../../../src/store/database-file.js';
import { createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';
import { eventually } from '../../support/eventually.js';
import { startOriginalSite } from '../../support/original-site.js';
import { torrentWith } from '../../support/torrents.js';

const TOKEN = 'the-control-token';
const said: { readonly level: string; readonly msg: string }[] = [];
let directory: string;
let app: Application | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-wiring-'));
});
afterEach(async () => {
  await app?.stop();
  app = undefined;
  rmSync(directory, { recursive: true, force: true });
});

let writes = 0;
function write(name: string, text: string): void {
  const file = join(directory, name);
  writeFileSync(file, text);
  const time = 1_700_000_000 + ++writes;
  utimesSync(file, time, time);
}

function configOf(text: string): Config {
  return parseConfig(
    `operator:
  name: N
  networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ]
  subdomains: { file: plan.csv }
tracker: { listen: ["udp://127.0.0.1:0", "http://127.0.0.1:0"], snapshotEvery: 1h, announceUrls: ["udp://127.0.0.1:6969/announce"] }
control: { listen: "http://127.0.0.1:0", token: ${TOKEN} }
upstream: { exchange: false }
storage: { directory: data }
lab: true
${text}`,
    { baseDirectory: directory },
  );
}

async function start(config: Config): Promise<Application> {
  const logger = createLogger('info', { destination: { write: (line) => void said.push(JSON.parse(line)) } });
  app = createApp(config, { logger, random: createRandom(1) });
  await app.start();
  return app;
}

function endpoint(part: string, protocol: string): { host: string; port: number } {
  const { url } = app!.addresses.find((each) => each.part === part && each.url.startsWith(protocol))!;
  const { hostname, port } = new URL(url.replace(/^\w+:/, 'http:'));
  return { host: hostname, port: Number(port) };
}

async function call(path: string, body?: unknown): Promise<Record<string, unknown>> {
  const { host, port } = endpoint('control', 'http');
  const answer = await fetch(`http://${host}:${port}${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
  });
  const text = await answer.text();
  return { status: answer.status, ...(text.startsWith('{') ? (JSON.parse(text) as object) : { text }) };
}

function announce(infoHash: string, from: string, more: object = {}) {
  return announceOverUdp({
    tracker: endpoint('tracker', 'udp'),
    localAddress: from,
    port: 6881,
    peerId: `-WI0000-${from}`.padEnd(20, '-').slice(0, 20),
    infoHash,
    leftBytes: 1_000,
    event: 'started',
    ...more,
  } as Parameters<typeof announceOverUdp>[0]);
}

async function clampedUplink(): Promise<unknown> {
  const body = { address: '127.1.0.6', port: 6881, availableUplinkBps: 900_000_000 };
  return (await call('/api/v1/capability', body)).clamped;
}

const CLAMPED = [{ address: '127.1.0.6', clamped: ['availableUplinkBps'] }];

describe('the address plan', () => {
  /** Files are looked at every ten seconds at the least; a test need not wait so long. */
  const quickly = (config: Config): Config => ({ ...config, topology: { ...config.topology, reloadEveryMs: 50 } });

  test('that changes on disk reaches reports, policy and data plane', async () => {
    write('plan.csv', '127.1.0.0/17,north\n');
    await start(quickly(configOf('')));
    await announce('a'.repeat(40), '127.1.200.5');
    const group = async (): Promise<unknown> =>
      ((await call(`/api/v1/explain?infoHash=${'a'.repeat(40)}&ip=127.1.200.9`)).requester as { group: string }).group;
    expect(await clampedUplink()).toEqual([]);
    expect(await group()).toBe('as:64500');
    write('plan.csv', '127.1.0.0/17,north,,1000\n127.1.128.0/17,south\n');
    await eventually('the new limit', async () => JSON.stringify(await clampedUplink()) === JSON.stringify(CLAMPED));
    await eventually('the new sub-domain', async () => (await group()) === 'subdomain:south');
    // The peer's own group follows with its next announce.
    await announce('a'.repeat(40), '127.1.200.5');
    const { candidates } = (await call(`/api/v1/explain?infoHash=${'a'.repeat(40)}&ip=127.1.0.9`)) as {
      candidates: { group: string }[];
    };
    expect(candidates.map((each) => each.group)).toEqual(['subdomain:south']);
  });

  test('that lacks a name in use, or lies outside, leaves the old one in force everywhere until it is repaired', async () => {
    write('plan.csv', '127.1.0.0/17,north,,1000\n');
    await start(quickly(configOf('reports: { probes: [ { id: p, subdomains: [north] } ] }\n')));
    for (const wrong of ['127.1.0.0/17,other\n', '127.1.0.0/17,north\n192.0.2.0/24,b\n', 'nonsense,x\n1,2\n']) {
      write('plan.csv', wrong);
      const before = said.length;
      await eventually('the refusal', () =>
        said.slice(before).some(({ level }) => level === 'warn' || level === 'error'),
      );
      expect(await clampedUplink(), wrong).toEqual(CLAMPED);
    }
    write('plan.csv', '127.1.0.0/17,north\n');
    await eventually('the repaired plan', async () => JSON.stringify(await clampedUplink()) === '[]');
  });
});

test('torrents of the catalogue keep their count of downloads without peers, others do not', async () => {
  write('plan.csv', '127.1.0.0/17,north\n');
  const config = configOf('');
  const database = openDatabase(databaseFile(config));
  createCatalogue(database).store(torrentToStore(1), 1);
  database.close();
  await start(config);
  for (const infoHash of [hashOf(1), hashOf(2)]) {
    await announce(infoHash, '127.1.0.5');
    await announce(infoHash, '127.1.0.5', { event: 'completed', leftBytes: 0 });
    await announce(infoHash, '127.1.0.5', { event: 'stopped', leftBytes: 0 });
  }
  expect(await call(`/api/v1/swarms/${hashOf(1)}`)).toMatchObject({ status: 200, completed: 1 });
  expect(await call(`/api/v1/swarms/${hashOf(2)}`)).toMatchObject({ status: 404 });
});

test('what a crawl finds may be announced at once, and keeps its count of downloads', async () => {
  write('plan.csv', '127.1.0.0/17,north\n');
  const site = await startOriginalSite({ '/a.torrent': torrentWith({ announce: 'udp://127.0.0.1:9/announce' }) });
  const item = `<item><title>A</title><enclosure url="${site.url}/a.torrent" type="application/x-bittorrent"/></item>`;
  site.routes.set('/feed.xml', `<rss version="2.0"><channel><title>t</title>${item}</channel></rss>`);
  try {
    const text = `crawler: { delayPerSite: 0ms, sources: [ { name: lab, type: feed, url: "${site.url}/feed.xml" }, { name: away, type: feed, url: "${site.url}/away.xml" } ] }\n`;
    const config = configOf(text);
    const tracker = { ...config.tracker, torrents: { mode: 'catalogue' as const } };
    await start({ ...config, tracker });
    const listed = async (): Promise<{ infoHash: string }[]> =>
      (await call('/api/v1/torrents')).torrents as { infoHash: string }[];
    await eventually('the crawl', async () => (await listed()).length === 1);
    const crawled = 'crawled: 1 new, 0 updated, 0 kept, 0 failed; sources that failed: away (';
    await eventually('the log', () => said.some(({ msg }) => msg.startsWith(crawled) && !msg.includes('lab (')));
    const { infoHash } = (await listed())[0]!;
    await eventually('the list', () =>
      announce(infoHash, '127.1.0.5').then(
        () => true,
        () => false,
      ),
    );
    await announce(infoHash, '127.1.0.5', { event: 'completed', leftBytes: 0 });
    await announce(infoHash, '127.1.0.5', { event: 'stopped', leftBytes: 0 });
    expect(await call(`/api/v1/swarms/${infoHash}`)).toMatchObject({ status: 200, completed: 1 });
  } finally {
    await site.stop();
  }
});

test('lines of access logs that are sent to the crawler count in the next crawl', async () => {
  write('plan.csv', '127.1.0.0/17,north\n');
  const site = await startOriginalSite({ '/a.torrent': torrentWith({ announce: 'udp://127.0.0.1:9/announce' }) });
  const socket = createSocket('udp4');
  try {
    await start(
      configOf(`crawler:
  delayPerSite: 0ms
  every: 1s
  sources: [ { name: caches, type: access-log, listen: "udp://127.0.0.1:0", from: [127.0.0.0/8] } ]
`),
    );
    const { host, port } = endpoint('crawler', 'udp');
    const line = `${Date.now() / 1_000} 4 10.0.0.1 TCP_MISS/200 9 GET ${site.url}/a.torrent - HIER_DIRECT/1 text/html`;
    await new Promise((resolve) => socket.send(line, port, host, resolve));
    await eventually('the crawl', async () => ((await call('/api/v1/torrents')).torrents as object[]).length === 1);
  } finally {
    socket.close();
    await site.stop();
  }
});

describe('a reload that one part refuses', () => {
  const TLS = join(import.meta.dirname, '../../vectors/tls');
  const plain = (more: string): string =>
    `billing: { defaultRatePerGigabyte: 0.1 }\nmirrorSite: { listen: "http://127.0.0.1:0", title: First }\n${more}`;

  test.each([
    ['the topology', () => write('plan.csv', 'nonsense,x\n127.1.0.0/17,y,z,w,v\n'), ''],
    ['the tracker', () => write('list', 'not-an-info-hash\n'), ''],
    ['the control API', () => write('c.pem', 'garbage\n'), ''],
  ])('%s, leaves everything as it was, and the next one is whole', async (_, spoil) => {
    write('plan.csv', '127.1.0.0/17,north\n');
    write('list', `${'b'.repeat(40)}\n`);
    const { readFileSync } = await import('node:fs');
    write('c.pem', readFileSync(`${TLS}/one.cert.pem`, 'utf8'));
    const tls = `control: { listen: "https://127.0.0.1:0", token: ${TOKEN}, tls: { certificate: c.pem, key: ${TLS}/one.key.pem } }\n`;
    const text = (more: string): Config =>
      parseConfig(
        `operator:\n  name: N\n  networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ]\n  subdomains: { file: plan.csv }\ntracker: { listen: ["udp://127.0.0.1:0"], denyList: { torrents: list } }\nupstream: { exchange: false }\nstorage: { directory: data }\nlab: true\n${tls}${more}`,
        { baseDirectory: directory },
      );
    const running = await start(text(plain('')));
    const title = async (): Promise<string> => {
      const { host, port } = endpoint('mirror-site', 'http');
      return /<title>(.*?)<\/title>/.exec(await (await fetch(`http://${host}:${port}/`)).text())![1]!;
    };
    const next = text(plain('').replace('First', 'Second'));
    spoil();
    await expect(running.reload(next)).rejects.toThrow();
    expect(await title()).toBe('First');
    await expect(announce('b'.repeat(40), '127.1.0.5')).rejects.toThrow();
    write('plan.csv', '127.1.0.0/17,north\n');
    write('list', `${'c'.repeat(40)}\n`);
    write('c.pem', readFileSync(`${TLS}/one.cert.pem`, 'utf8'));
    expect(await running.reload(next)).toEqual([]);
    expect(await title()).toBe('Second');
    await expect(announce('c'.repeat(40), '127.1.0.5')).rejects.toThrow();
    await expect(announce('b'.repeat(40), '127.1.0.5')).resolves.toBeDefined();
  });
});

test('keys that need a restart are named, keep their old value, and are named again', async () => {
  write('plan.csv', '127.1.0.0/17,north\n');
  const running = await start(configOf(''));
  await announce('a'.repeat(40), '127.1.0.5');
  const changed = (more: string): Config => {
    const config = configOf(more);
    return { ...config, tracker: { ...config.tracker, numWantDefault: 7 } };
  };
  expect(await running.reload(changed(''))).toEqual(['tracker.numWantDefault']);
  expect(await call(`/api/v1/explain?infoHash=${'a'.repeat(40)}&ip=127.1.0.9`)).toMatchObject({ mix: { want: 50 } });
  expect(await running.reload(changed('crawler: { top: 7 }\n'))).toEqual(['tracker.numWantDefault', 'crawler.top']);
  expect(await running.reload(configOf(''))).toEqual([]);
});
