/** Foreign clients are neither "inside the network" nor savings: mirror site, lists and dashboard of a running tracker. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { databaseFile } from '../../src/store/database-file.js';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../support/catalogue-entries.js';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';

const TOTAL_BYTES = 5_000_000_000;
const FOREIGN = 20;
let running: RunningApp;

beforeEach(async () => {
  running = await startLabApp(`${LAB_CONFIG}
mirrorSite: { listen: "http://127.0.0.1:0" }
dnsRedirect:
  listen: [127.0.0.1:0]
  upstreamResolvers: [127.0.0.9]
  clients: [127.0.0.0/8]
  mirrorAddresses: [127.0.0.1]
  trackerAddresses: [127.0.0.1]
  healthChecks: false
  sites: [www.original.lab]
`);
  const beside = openDatabase(databaseFile(running.config));
  createCatalogue(beside).store(torrentToStore(1, { totalBytes: TOTAL_BYTES }), Date.now());
  beside.close();
});
afterEach(() => running.stop());

const infoHash = hashOf(1);
const insideOnPage = async (path: string): Promise<string> => {
  const { host, port } = running.endpoint('mirror-site');
  return (await fetch(`http://${host}:${port}${path}`)).text();
};
const json = async (path: string): Promise<Record<string, unknown>> =>
  (await running.call('GET', path)).json as Record<string, unknown>;

async function download(host: string): Promise<void> {
  await running.announce(host, { infoHash, leftBytes: TOTAL_BYTES });
  await running.announce(host, { infoHash, leftBytes: 0, event: 'completed' });
}

test('foreign clients are neither inside nor saved; inner ones are, each once', async () => {
  for (let n = 1; n <= FOREIGN; n++) await download(`127.4.9.${n}`);
  expect(await insideOnPage(`/torrent/${infoHash}`)).toContain(
    'Inside the network</dt><dd dir="auto">0 seeds, 0 leechers',
  );
  expect(await insideOnPage('/')).toContain('Inside </span>0</td>');
  expect(await json('/api/v1/swarms')).toMatchObject({
    swarms: [{ seeds: FOREIGN, leechers: 0, completed: FOREIGN, completedInner: 0, inner: { seeds: 0, leechers: 0 } }],
  });
  // Nothing is downloaded inside yet, whatever inner clients are given.
  await running.announce('127.1.0.5', { infoHash, leftBytes: 0 });
  await running.announce('127.1.0.6', { infoHash, leftBytes: TOTAL_BYTES });
  await running.announce('127.1.0.6', { infoHash, leftBytes: TOTAL_BYTES, event: 'none' });
  const overview = await json('/api/v1/overview');
  expect(overview).toMatchObject({ savings: null });
  expect(overview.innerShare).toBeGreaterThan(0);

  // A page is kept until the stored counts change.
  await expect
    .poll(() => insideOnPage(`/torrent/${infoHash}`))
    .toContain('Inside the network</dt><dd dir="auto">1 seed, 1 leecher');
  await expect.poll(() => insideOnPage('/')).toContain('Inside </span>2</td>');
  expect(await insideOnPage('/')).toContain('1 neighbour has it');
  expect(await json(`/api/v1/swarms/${infoHash}`)).toMatchObject({
    inner: { seeds: 1, leechers: 1 },
    groups: [
      { kind: 'unknown', seeds: FOREIGN, leechers: 0, upstreamPeers: 0 },
      {
        group: expect.stringContaining('north'),
        asn: 64500,
        kind: 'subdomain',
        seeds: 1,
        leechers: 1,
        upstreamPeers: 0,
      },
    ],
  });
  const feed = await insideOnPage('/feed.xml');
  expect(feed).toContain('<torznab:attr name="insideseeders" value="1"/>');
  expect(feed).toContain('<torznab:attr name="insidepeers" value="2"/>');
  expect(await json('/api/v1/torrents')).toMatchObject({ torrents: [{ inside: { seeds: 1, leechers: 1 } }] });
  const byNetwork = { inner: { seeds: 1, leechers: 1 }, foreign: { seeds: FOREIGN, leechers: 0 } };
  // Counted by a pass over all swarms.
  await expect.poll(async () => (await json('/api/v1/overview')).byNetwork).toMatchObject(byNetwork);
  expect(await json('/api/v1/subdomains?id=north')).toMatchObject({
    peers: byNetwork,
    subdomains: [{ id: 'north', peers: { seeds: 1, leechers: 1 } }],
  });
  expect(await json('/api/v1/subdomains?id=south')).toMatchObject({
    subdomains: [{ peers: { seeds: 0, leechers: 0 } }],
  });
  await running.announce('127.1.0.6', { infoHash, leftBytes: 0, event: 'completed' });
  expect(await json(`/api/v1/swarms/${infoHash}`)).toMatchObject({ completed: FOREIGN + 1, completedInner: 1 });
});

test('the savings are of what inner clients downloaded, with window, method and interval', async () => {
  // What a line can carry in a second.
  const DOWNLOADED = 100 * 2 ** 20;
  for (let n = 1; n <= FOREIGN; n++) await running.announce(`127.4.9.${n}`, { infoHash, leftBytes: 0 });
  await running.announce('127.1.0.5', { infoHash, leftBytes: TOTAL_BYTES });
  await running.announce('127.1.0.6', { infoHash, leftBytes: TOTAL_BYTES });
  const done = { infoHash, leftBytes: 0, event: 'completed', downloadedBytes: DOWNLOADED } as const;
  await running.announce('127.1.0.5', { ...done, uploadedBytes: DOWNLOADED });
  await running.announce('127.1.0.6', done);
  await running.announce('127.4.9.1', done);
  const report = await json('/api/v1/savings');
  expect(report).toMatchObject({ reason: null, currency: 'EUR', window: { measuredHours: 1 } });
  const savings = report.savings as { downloadedBytes: number; foreignBytes: number; baseline: object };
  // Totals are counted in units of 64 KiB.
  expect(savings.downloadedBytes).toBeCloseTo(2 * DOWNLOADED, -6);
  expect(savings.foreignBytes).toBeGreaterThanOrEqual(DOWNLOADED - 131_072);
  expect(savings.baseline).toMatchObject({ method: 'simulation', replicates: 0 });
  expect(report.subdomains).toMatchObject([{ name: 'north' }]);
  expect((await json('/api/v1/overview')).savings).toMatchObject({ method: 'simulation', currency: 'EUR' });
});

test('a redirection says whether it is in force', async () => {
  expect(await json('/api/v1/redirections')).toMatchObject({
    redirections: [
      { name: 'www.original.lab', target: 'mirror', active: true, addresses: ['127.0.0.1'], ttlSeconds: 30 },
    ],
  });
});
