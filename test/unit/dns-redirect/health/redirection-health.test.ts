/** The thread of the health checks, and what follows from its results, against real listeners on loopback. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'dns-packet';
import { afterEach, expect, test } from 'vitest';
import { Health } from '../../../../src/app/health.js';
import { Restarts } from '../../../../src/app/supervision/restarts.js';
import { parseConfig } from '../../../../src/config/parse-config.js';
import { redirectionView } from '../../../../src/dns-redirect/api/redirection-view.js';
import { type RedirectionOff, RunningHealth } from '../../../../src/dns-redirect/health/running-health.js';
import { alarmsOf } from '../../../../src/dns-redirect/health/withdrawn-names.js';
import { CurrentState } from '../../../../src/dns-redirect/redirect-state.js';
import { alarmLine } from '../../../../src/domain/alarm.js';
import { systemClock as clock } from '../../../../src/domain/clock.js';
import { createLogger } from '../../../../src/logging/logger.js';
import { eventually } from '../../../support/eventually.js';
import { freePort } from '../../../support/free-port.js';
import { type Closing, startResolver } from '../running-redirect.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listen(port: number, host = '127.0.0.1'): Promise<Server> {
  const server = createServer((_, response) => response.end());
  server.listen(port, host);
  await once(server, 'listening');
  closing.push(() => close(server));
  return server;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}

const log = createLogger('silent');
let torrents: string[][] = [];
let off: RedirectionOff | undefined;

/** Port 9 refuses, so that no start waits for the originals. */
const configOf = (port: number, resolver = '127.0.0.1:9', more = '') =>
  parseConfig(`
operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }
dnsRedirect:
  upstreamResolvers: ["${resolver}"]
  sites: [{ name: site.example, port: ${port} }]
  trackers: [tracker.example]
  mirrorAddresses: [127.0.0.1, 127.0.0.2]
  trackerAddresses: [127.0.0.1]
${more}
lab: true
`);

async function startHealth(port: number, resolver?: string, more?: string) {
  torrents = [];
  off = undefined;
  const needs = {
    clock,
    log,
    supervise: (startAgain: (failures: number) => Promise<void>, name = 'x') =>
      new Restarts(name, { clock, logger: log, health: new Health() }, startAgain),
    blockedReason: () => 'not in this test',
    trackerListeners: () => [{ protocol: 'http', port } as const],
    targets: { mirrorIsHealthy: () => !off, trackerIsHealthy: () => !off, onChange: () => () => {} },
    redirectionOff: () => off,
    catalogue: {
      trackersAfter: (after: string) =>
        after === '' ? torrents.map((urls, i) => ({ infoHash: String(i), trackerTiers: [urls] })) : [],
    },
  };
  const health = await RunningHealth.start(configOf(port, resolver, more), needs);
  closing.push(() => health.stop());
  const { policy } = health;
  const start = { policy, health: { mirror: true, tracker: true }, checks: health.shared, mirrorVitals: null };
  const state = new CurrentState(start, clock);
  health.onPlan(() => state.setPolicy(policy, health.shared));
  const site = policy.names.get('site.example')!;
  const tracker = policy.names.get('tracker.example')!;
  return { health, policy, state, site, tracker };
}

test('what works is known at the start, and an address that dies is withdrawn and comes back', async () => {
  const port = await freePort();
  const first = await listen(port);
  await listen(port, '127.0.0.2');
  const { health, policy, state, site, tracker } = await startHealth(port);
  expect([state.isHealthy(site, 0), state.isHealthy(site, 1), state.isHealthy(tracker, 0)]).toEqual([true, true, true]);
  expect(alarmsOf(policy, health).map(alarmLine)).toEqual([]);
  await close(first);
  await eventually('the withdrawal', () => !state.isHealthy(site, 0) && !state.isHealthy(tracker, 0));
  expect(state.isHealthy(site, 1)).toBe(true);
  await eventually('the alarms', () => alarmsOf(policy, health).length === 2);
  expect(alarmsOf(policy, health).map(alarmLine)).toEqual([
    `DNS redirection: tracker.example: not redirected: http://127.0.0.1:${port}: nothing listens there; add that port to tracker.listen, or forward it to the tracker`,
    `DNS redirection: site.example, www.site.example: not redirected to all of their addresses: http://127.0.0.1:${port}: nothing listens there; add that address and port to mirrorSite.listen, or forward the port to the mirror site`,
  ]);
  await listen(port);
  await eventually('the return', () => state.isHealthy(site, 0) && state.isHealthy(tracker, 0));
});

test('a port that torrents of the catalogue name must be served', async () => {
  const port = await freePort();
  const other = await freePort();
  await listen(port);
  const { health, state, policy, tracker } = await startHealth(port);
  expect(state.isHealthy(tracker, 0)).toBe(true);
  torrents = [[`http://tracker.example:${port}/announce`], [`http://tracker.example:${other}/announce`]];
  health.catalogueChanged();
  await eventually('the withdrawal', () => !state.isHealthy(tracker, 0));
  await eventually('its reason', () =>
    alarmsOf(policy, health)
      .map(alarmLine)
      .some((each) => each.includes(`:${other}: nothing`)),
  );
  // A torrent that names a port that works as well loses nothing.
  torrents = [[`http://tracker.example:${port}/announce`, `http://tracker.example:${other}/announce`]];
  health.catalogueChanged();
  await eventually('the return', () => state.isHealthy(tracker, 0));
  torrents = [['wss://tracker.example/announce'], [`http://tracker.example:${port}/announce`]];
  health.catalogueChanged();
  await eventually('the withdrawal', () => !state.isHealthy(tracker, 0));
  expect(alarmsOf(policy, health).map(alarmLine).join()).toContain(
    '1 of its torrents announce only where this tracker cannot listen',
  );
});

test('a drill takes a target for dead, and the thread ends it by itself', async () => {
  const port = await freePort();
  await listen(port);
  const { health, state, site, tracker } = await startHealth(port);
  health.drill('mirror', 100);
  await eventually('the withdrawal', () => !state.isHealthy(site, 0));
  expect(state.isHealthy(tracker, 0)).toBe(true);
  expect(health.drills()).toMatchObject([{ target: 'mirror' }]);
  health.drill('mirror', 0);
  expect(health.drills()).toEqual([]);
  await eventually('the return', () => state.isHealthy(site, 0));
});

test('its thread restarts, with the results and the drill of before', async () => {
  const port = await freePort();
  const server = await listen(port);
  const { health, state, site } = await startHealth(port);
  health.thread.abandon(new Error('planted'));
  await eventually('it is down', () => !health.thread.supervision.isUp);
  expect(state.isHealthy(site, 0)).toBe(true);
  await close(server);
  await eventually('it is up, and has noticed', () => health.thread.supervision.isUp && !state.isHealthy(site, 0));
});

test('a tracker that asks nobody to announce there is not redirected', async () => {
  const port = await freePort();
  await listen(port);
  const resolver = await startResolver(closing as Closing[], (query) => {
    const [asked] = query.questions!;
    const answers =
      asked!.type === 'TXT' ? [{ ...asked!, type: 'TXT' as const, ttl: 1, data: 'BITTORRENT DENY ALL' }] : [];
    return encode({ id: query.id!, type: 'response', flags: 0x0180, questions: query.questions!, answers });
  });
  const { health, policy, state, site, tracker } = await startHealth(port, `${resolver.host}:${resolver.port}`);
  await eventually('the withdrawal', () => !state.isHealthy(tracker, 0) && !health.isActive(tracker));
  expect(state.isHealthy(site, 0)).toBe(true);
  expect(alarmsOf(policy, health).map(alarmLine).join()).toContain(
    'tracker.example: not redirected: its TXT record asks nobody to',
  );
});

test('the test of a client knows the share of the clients and a pause, and a pause says until when', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-percent-'));
  closing.push(async () => rmSync(directory, { recursive: true }));
  const more = `  percent: 50\n  healthChecks: false\n  clients: [203.0.113.0/24]\nstorage: { directory: ${directory} }`;
  const { health } = await startHealth(await freePort(), undefined, more);
  const view = redirectionView(health);
  const clients = Array.from({ length: 200 }, (_, i) => view.test('site.example', `203.0.113.${i}`));
  const chosen = clients.filter(({ redirected }) => redirected);
  expect(chosen.length).toBeGreaterThan(40);
  expect(chosen.length).toBeLessThan(160);
  expect(new Set(clients.map(({ because }) => because))).toEqual(new Set([null, 'percent']));
  expect(view.test('site.example', '198.51.100.1').because).toBe('client');
  expect(view.off()).toBeUndefined();

  off = { text: 'redirection is paused until resumed', untilMs: null };
  expect(view.test('site.example', chosen[0]!.client)).toMatchObject({ redirected: false, because: 'paused' });
  expect(view.off()).toEqual(off);
  const [first] = await view.redirections();
  expect(first).toMatchObject({ active: false, problem: 'redirection is paused until resumed' });
});
