/**
 * Each thread is really blocked, by a busy loop inside it, in the real program: what the other threads serve goes on, the failure is
 * reported, and the blocked thread is back on its ports.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'dns-packet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { announceOverHttp } from '../../src/lab/http-announcer.js';
import { PATIENCE_MS } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { plant, plantingEnvironment } from '../support/plant-error.js';
import { Served } from '../support/served-process.js';
import { askUdp, question } from '../unit/dns-redirect/running-redirect.js';

const orders = mkdtempSync(join(tmpdir(), 'alias-tracker-orders-'));
/** Longer than the program waits before it calls a thread stuck. */
const BLOCK_SECONDS = 15;
const MIRROR = '127.0.0.77';

let served: Served;
let port: { tracker: number; mirror: number; control: number; dns: number; nobody: number };

beforeAll(async () => {
  port = {
    tracker: await freePort(),
    mirror: await freePort(),
    control: await freePort(),
    dns: await freePort(),
    nobody: await freePort(),
  };
  const yaml = `
operator: { name: Lab, networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ] }
tracker: { listen: ["http://127.0.0.1:${port.tracker}"] }
mirrorSite: { listen: "http://127.0.0.1:${port.mirror}" }
dnsRedirect:
  listen: ["127.0.0.1:${port.dns}"]
  upstreamResolvers: ["127.0.0.1:${port.nobody}"]
  sites: [site.example]
  mirrorAddresses: [${MIRROR}]
  trackers: [tracker.example]
  trackerAddresses: [${MIRROR}]
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

const block = (thread: string): void => plant(orders, `thread.${thread}`, `block ${BLOCK_SECONDS}`);

async function announces(): Promise<boolean> {
  const answered = announceOverHttp({
    tracker: { host: '127.0.0.1', port: port.tracker },
    localAddress: '127.1.0.9',
    port: 6881,
    infoHash: 'ab'.repeat(20),
    peerId: '-XX0001-abcdefghijkl',
    leftBytes: 1,
    event: 'none',
  });
  return answered.then(
    ({ intervalSeconds }) => intervalSeconds > 0,
    () => false,
  );
}

/** @returns the address, the error code, or undefined if nothing comes within half a second */
async function resolves(name: string, waitMs = 500): Promise<string | undefined> {
  const packet = await askUdp({ host: '127.0.0.1', port: port.dns }, question(name), waitMs);
  if (packet === undefined) return undefined;
  const { rcode, answers } = decode(packet) as { rcode?: string; answers?: { data: unknown }[] };
  return answers?.[0] === undefined ? rcode : String(answers[0].data);
}

async function controlAnswers(path: string, waitMs = 500): Promise<string | undefined> {
  const signal = AbortSignal.timeout(waitMs);
  return fetch(`http://127.0.0.1:${port.control}${path}`, { signal }).then(
    (response) => response.text(),
    () => undefined,
  );
}

const metric = async (name: string): Promise<number> =>
  Number(
    new RegExp(`^alias_tracker_${name} (\\S+)$`, 'm').exec((await controlAnswers('/metrics', PATIENCE_MS)) ?? '')?.[1],
  );
const said = (pattern: RegExp): boolean => served.log.some(({ msg }) => pattern.test(msg));
const isReady = async (): Promise<boolean> =>
  (await controlAnswers('/readyz', PATIENCE_MS))?.includes('"ready"') === true;

test('all threads serve, and each shows its delay', async () => {
  expect(await announces()).toBe(true);
  expect(await resolves('site.example')).toBe(MIRROR);
  for (const thread of ['main', 'tracker', 'dns']) {
    expect(await metric(`thread_delay_seconds\\{thread="${thread}"\\}`)).toBeGreaterThanOrEqual(0);
  }
});

test('the DNS thread: announces and the control API go on, and DNS is back on its port', async () => {
  block('dns');
  await served.until('DNS is silent', async () => (await resolves('site.example')) === undefined);
  await served.until('the thread was ended', async () => {
    expect(await announces()).toBe(true);
    expect(await controlAnswers('/healthz', PATIENCE_MS)).toContain('ok');
    return said(/^the thread dns has not run for 1\d s and was ended$/);
  });
  await served.until('DNS is back', async () => (await resolves('site.example')) === MIRROR);
  await served.until('it is ready', isReady);
  expect(await metric('part_restarts_total\\{part="DNS redirection"\\}')).toBe(1);
});

test('the tracker’s thread: DNS goes on and withdraws the tracker’s names, and the tracker is back on its port', async () => {
  block('tracker');
  let withdrawn = false;
  await served.until('the tracker is back', async () => {
    expect(await resolves('site.example', PATIENCE_MS)).toBe(MIRROR);
    expect(await controlAnswers('/healthz', PATIENCE_MS)).toContain('ok');
    // The resolver past the redirection does not exist here.
    withdrawn ||= (await resolves('tracker.example', PATIENCE_MS)) === 'SERVFAIL';
    return said(/^the thread tracker has not run for 1\d s and was ended$/) && said(/^tracker: started again$/);
  });
  expect(withdrawn).toBe(true);
  expect(await announces()).toBe(true);
  await served.until('its names are back', async () => (await resolves('tracker.example', PATIENCE_MS)) === MIRROR);
  expect(await metric('part_restarts_total\\{part="tracker"\\}')).toBe(1);
});

test('the main thread: announces and DNS go on, mirror names are withdrawn, standard error says so, alarms show', async () => {
  await served.until('it is ready', isReady);
  block('main');
  await served.until('the control API is silent', async () => (await controlAnswers('/healthz')) === undefined);
  let withdrawn = false;
  await served.until('it is said', async () => {
    expect(await announces()).toBe(true);
    expect(await resolves('tracker.example', PATIENCE_MS)).toBe(MIRROR);
    withdrawn ||= (await resolves('site.example', PATIENCE_MS)) === 'SERVFAIL';
    return withdrawn && said(/^the main thread has not run for 1\d s: /);
  });
  await served.until('it is back', async () => (await controlAnswers('/healthz', PATIENCE_MS)) !== undefined);
  await served.until('standard error says that, too', () => said(/^the main thread runs again after 1\d s$/));
  await served.until('mirror names are back', async () => (await resolves('site.example', PATIENCE_MS)) === MIRROR);
  // The delay is recorded at the next beat and reported at the next check, each a second later at most.
  let readiness = '';
  await served.until('readiness says why', async () => {
    readiness = (await controlAnswers('/readyz', PATIENCE_MS)) ?? '';
    return /thread main: requests waited for 1\d\./.test(readiness);
  });
  expect(readiness).toMatch(/thread main: requests waited up to 1\d\.\d+ s within the last minute/);
  expect(await metric('thread_delay_seconds\\{thread="main"\\}')).toBeGreaterThan(10);
  // Nothing was started again for it.
  expect(await metric('part_restarts_total\\{part="tracker"\\}')).toBe(1);
  await served.until('it is ready', isReady);
});

test('threads that are stuck do not keep the program from stopping', async () => {
  block('dns');
  block('tracker');
  await served.until('DNS is silent', async () => (await resolves('site.example')) === undefined);
  expect(await served.stop()).toBe(0);
});
