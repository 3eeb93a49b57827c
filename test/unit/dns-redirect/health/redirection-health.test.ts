/** The thread of the health checks, and what follows from its results, against real listeners on loopback. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { Health } from '../../../../src/app/health.js';
import { Restarts } from '../../../../src/app/supervision/restarts.js';
import { NameHealth } from '../../../../src/dns-redirect/health/name-health.js';
import { alarmsOf } from '../../../../src/dns-redirect/health/withdrawn-names.js';
import { compileRedirectPolicy } from '../../../../src/dns-redirect/redirect-policy.js';
import { CurrentState } from '../../../../src/dns-redirect/redirect-state.js';
import { systemClock as clock } from '../../../../src/domain/clock.js';
import { parseIp } from '../../../../src/domain/ip-address.js';
import { createLogger } from '../../../../src/logging/logger.js';
import { eventually } from '../../../support/eventually.js';
import { freePort } from '../../../support/free-port.js';

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

async function startHealth(port: number) {
  torrents = [];
  const policy = compileRedirectPolicy({
    sites: [{ name: 'site.example', port }],
    trackers: [{ name: 'tracker.example' }],
    mirrorAddresses: [parseIp('127.0.0.1'), parseIp('127.0.0.2')],
    trackerAddresses: [parseIp('127.0.0.1')],
  });
  const needs = {
    clock,
    log,
    supervise: (startAgain: (failures: number) => Promise<void>, name = 'x') =>
      new Restarts(name, { clock, logger: log, health: new Health() }, startAgain),
    catalogue: {
      trackersAfter: (after: string) =>
        after === '' ? torrents.map((urls, i) => ({ infoHash: String(i), trackerTiers: [urls] })) : [],
    },
  };
  const trackerPorts = [{ protocol: 'http', port } as const];
  const health = await NameHealth.start(policy, { healthChecks: true, trackerPorts }, needs);
  closing.push(() => health.stop());
  const start = { policy, health: { mirror: true, tracker: true }, checks: health.shared, mirrorVitals: null };
  const state = new CurrentState(start, clock);
  health.onPlan((checks) => state.setPolicy(policy, checks));
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
  expect(alarmsOf(policy, health)).toEqual([]);
  await close(first);
  await eventually('the withdrawal', () => !state.isHealthy(site, 0) && !state.isHealthy(tracker, 0));
  expect(state.isHealthy(site, 1)).toBe(true);
  await eventually('the alarms', () => alarmsOf(policy, health).length === 2);
  expect(alarmsOf(policy, health)).toEqual([
    `DNS redirection: tracker.example: not redirected: http://127.0.0.1:${port}: nothing listens there; let tracker.listen have that port, or forward it`,
    `DNS redirection: site.example, www.site.example: not redirected to all of their addresses: http://127.0.0.1:${port}: nothing listens there; let mirrorSite.listen have that address and port, or forward the port to it`,
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
  await eventually('its reason', () => alarmsOf(policy, health).some((each) => each.includes(`:${other}: nothing`)));
  // A torrent that names a port that works as well loses nothing.
  torrents = [[`http://tracker.example:${port}/announce`, `http://tracker.example:${other}/announce`]];
  health.catalogueChanged();
  await eventually('the return', () => state.isHealthy(tracker, 0));
  torrents = [['wss://tracker.example/announce'], [`http://tracker.example:${port}/announce`]];
  health.catalogueChanged();
  await eventually('the withdrawal', () => !state.isHealthy(tracker, 0));
  expect(alarmsOf(policy, health).join()).toContain('1 of its torrents announce only where this tracker cannot listen');
});

test('a drill takes a target for dead, and the thread ends it by itself', async () => {
  const port = await freePort();
  await listen(port);
  const { health, state, site, tracker } = await startHealth(port);
  health.checks!.drill('mirror', clock.nowMs() + 100_000);
  await eventually('the withdrawal', () => !state.isHealthy(site, 0));
  expect(state.isHealthy(tracker, 0)).toBe(true);
  expect(health.checks!.drillUntilMs('mirror')).toBeGreaterThan(clock.nowMs());
  expect(health.checks!.drillUntilMs('tracker')).toBeUndefined();
  health.checks!.drill('mirror', clock.nowMs() + 1);
  await eventually('the return', () => state.isHealthy(site, 0));
});

test('its thread is started again, with the results and the drill of before', async () => {
  const port = await freePort();
  const server = await listen(port);
  const { health, state, site } = await startHealth(port);
  health.checks!.abandon(new Error('planted'));
  await eventually('it is down', () => !health.checks!.supervision.isUp);
  expect(state.isHealthy(site, 0)).toBe(true);
  await close(server);
  await eventually('it is up, and has noticed', () => health.checks!.supervision.isUp && !state.isHealthy(site, 0));
});
