/**
 * An error escapes from a callback of each part in turn, in the real program: announces and every other part go on, the
 * part restarts on its port, and readiness, log and metrics report it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'dns-packet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { announceOverHttp } from '../../src/lab/http-announcer.js';
import { freePort } from '../support/free-port.js';
import { plant, plantingEnvironment } from '../support/plant-error.js';
import { Served } from '../support/served-process.js';
import { askUdp, question } from '../unit/dns-redirect/running-redirect.js';

const orders = mkdtempSync(join(tmpdir(), 'alias-tracker-orders-'));
const fail = (where: string, how: string): void => plant(orders, where, how);

let served: Served;
let port: { tracker: number; mirror: number; control: number; dns: number; nobody: number; rpz: number };

beforeAll(async () => {
  port = {
    tracker: await freePort(),
    mirror: await freePort(),
    control: await freePort(),
    dns: await freePort(),
    nobody: await freePort(),
    rpz: await freePort(),
  };
  const yaml = `
operator:
  name: Lab
  networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ]
  subdomains: [ { id: north, prefixes: [127.1.0.0/17] } ]
billing:
  schedule:
    - { name: night, from: "00:00", to: "06:00" }
tracker: { listen: ["http://127.0.0.1:${port.tracker}"], announceUrls: ["http://127.0.0.1:${port.tracker}/announce"] }
upstream:
  exchange: true
  resolvers: ["127.0.0.1:${port.nobody}"]
  dht: { bootstrap: ["127.0.0.1:${port.nobody}"], listen: ["127.0.0.1:0"] }
crawler: { every: 1h, sources: [ { name: nowhere, type: feed, url: "http://127.0.0.1:${port.nobody}/feed.xml" } ] }
mirrorSite: { listen: "http://127.0.0.1:${port.mirror}" }
dnsRedirect:
  listen: ["127.0.0.1:${port.dns}"]
  upstreamResolvers: ["127.0.0.1:${port.nobody}"]
  trackers: [tracker.example]
  trackerAddresses: [127.0.0.77]
  rpz: { listen: ["127.0.0.1:${port.rpz}"] }
  healthChecks: false
caches:
  - { name: pop, address: 127.1.0.77, client: transmission, url: "http://127.0.0.1:${port.nobody}/", quota: 1GB, allow: { names: [a] } }
control: { listen: "http://127.0.0.1:${port.control}" }
storage: { directory: state }
lab: true
`;
  served = await Served.start(yaml, {
    env: plantingEnvironment(orders),
  });
});
afterAll(async () => {
  await served?.stop();
  rmSync(orders, { recursive: true, force: true });
});

async function announce(): Promise<number> {
  const { intervalSeconds } = await announceOverHttp({
    tracker: { host: '127.0.0.1', port: port.tracker },
    localAddress: '127.1.0.9',
    port: 6881,
    infoHash: 'ab'.repeat(20),
    peerId: '-XX0001-abcdefghijkl',
    leftBytes: 1,
    event: 'none',
  });
  return intervalSeconds;
}

const get = (of: number, path: string): Promise<{ status: number; text: string }> =>
  fetch(`http://127.0.0.1:${of}${path}`).then(
    async (response) => ({ status: response.status, text: await response.text() }),
    (thrown: unknown) => ({ status: 0, text: String(thrown) }),
  );

async function metric(name: string, part: string): Promise<number> {
  const { text } = await get(port.control, '/metrics');
  return Number(new RegExp(`^alias_tracker_${name}\\{part="${part}"\\} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
}

const said = (message: string): number => served.log.filter(({ msg }) => msg === message).length;

const FAILURES = [
  ['topology', 'topology.topology-source'],
  ['reports', 'reports.prune-reports'],
  ['policy', 'policy.policy'],
  ['upstream exchange', 'upstream.upstream-exchange'],
  ['DHT', 'upstream.dht.krpc-socket'],
  ['crawler', 'crawler.crawl-schedule'],
  ['mirror site', 'mirror-site.site-listener'],
  ['RPZ server', 'dns-redirect.rpz.running-rpz'],
  ['caches', 'caches.cache-watch'],
  ['operation', 'operation.running-operation'],
  ['history', 'history.running-history'],
  ['alarms', 'operation.alarms.running-alarms'],
  ['savings', 'savings.running-savings'],
  ['proxy watch', 'app.data-plane.proxy-watch'],
  ['store watch', 'app.data-plane.store-watch'],
  ['storage watch', 'app.storage-watch'],
  ['thread watch', 'app.supervision.thread-watch'],
  ['control API', 'control-api.control-server'],
] as const;
/** Parts that are threads; what they fail by is planted in the thread. */
const THREADS = ['DNS redirection', 'tracker'];
/** `healthChecks: false` leaves it without anything to call it back. */
const IDLE = ['health checks of redirected names'];

test('every part of the program is among those that fail', async () => {
  const { text } = await get(port.control, '/metrics');
  const parts = [...text.matchAll(/^alias_tracker_part_up\{part="([^"]+)"\}/gm)].map(([, part]) => part!);
  const known = [...FAILURES.map(([part]) => part), ...THREADS, ...IDLE];
  expect(parts.sort()).toEqual(known.sort());
});

describe.each(FAILURES)('an error that escapes the %s', (part, where) => {
  test.each(['throw', 'reject'])('by a callback that %ss: announces go on, and the part is back', async (how) => {
    const before = {
      errors: await metric('uncaught_errors_total', part),
      restarts: await metric('part_restarts_total', part),
      starts: said(`${part}: restarted`),
    };
    fail(where, how);
    await served.until('the error is in the log', () =>
      served.log.some(
        ({ level, msg, err }) =>
          level === 'error' &&
          msg === `${part}: an error that nothing caught: planted in ${where}` &&
          String((err as { stack?: string }).stack).includes('plant-errors.mjs'),
      ),
    );
    expect(await announce()).toBeGreaterThan(0);
    await served.until('the part is back', async () => {
      expect(await announce()).toBeGreaterThan(0);
      return said(`${part}: restarted`) > before.starts;
    });
    await served.until('it is ready', async () => (await get(port.control, '/readyz')).status === 200);
    expect(await metric('uncaught_errors_total', part)).toBe(before.errors + 1);
    expect(await metric('part_restarts_total', part)).toBe(before.restarts + 1);
    expect(await metric('part_up', part)).toBe(1);
    expect((await get(port.mirror, '/healthz')).status).toBe(200);
    expect((await get(port.control, '/readyz')).text).toContain(`${part}: ${before.errors + 1} unexpected error`);
  });
});

test.each([
  ['throw', 'DNS redirection', 'dns', 'the thread that answers DNS has ended: planted in thread.dns'],
  ['reject', 'DNS redirection', 'dns', 'the thread that answers DNS has ended: planted in thread.dns'],
  ['throw', 'tracker', 'tracker', 'the thread that answers peers has ended: planted in thread.tracker'],
  ['reject', 'tracker', 'tracker', 'the thread that answers peers has ended: planted in thread.tracker'],
])('an error in a thread (%s): %s alone restarts', async (how, part, thread, reason) => {
  const before = { restarts: await metric('part_restarts_total', part), starts: said(`${part}: restarted`) };
  fail(`thread.${thread}`, how);
  await served.until('the part is back', async () => {
    expect((await get(port.mirror, '/healthz')).status).toBe(200);
    if (thread === 'dns') expect(await announce()).toBeGreaterThan(0);
    return said(`${part}: restarted`) > before.starts;
  });
  const failure = served.log.find(({ msg }) => msg.startsWith(`${part}: ${reason}; it restarts in `));
  expect(failure).toMatchObject({ level: 'error', err: { stack: expect.stringContaining('plant-errors.mjs') } });
  expect(await metric('part_restarts_total', part)).toBe(before.restarts + 1);
  expect(await announce()).toBeGreaterThan(0);
  const answer = await askUdp({ host: '127.0.0.1', port: port.dns }, question('tracker.example'));
  expect(decode(answer!).answers).toMatchObject([{ data: '127.0.0.77' }]);
});

test('an error of no part: it is logged and counted, and nothing restarts', async () => {
  const restarts = said('mirror site: restarted');
  fail('thread.main', 'throw');
  await served.until('the error is counted', async () => (await metric('uncaught_errors_total', 'none')) === 1);
  expect(said('an error of no known part that nothing caught: planted in thread.main')).toBe(1);
  expect(await announce()).toBeGreaterThan(0);
  expect(said('mirror site: restarted')).toBe(restarts);
});

test('the program ends well after all this', async () => {
  expect(await served.stop()).toBe(0);
});
