/**
 * Each thread is really blocked, by an endless loop or a call inside it, in the real program: what the other threads serve
 * goes on, the failure is reported, and the blocked thread is back on its ports.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'dns-packet';
import { afterAll, describe, expect, test } from 'vitest';
import { announceOverHttp } from '../../src/lab/http-announcer.js';
import { PATIENCE_MS } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { plant, plantingEnvironment } from '../support/plant-error.js';
import { Served } from '../support/served-process.js';
import { askUdp, question } from '../unit/dns-redirect/running-redirect.js';

/** Longer than the program waits before it calls a thread stuck. */
const BLOCK_SECONDS = 15;
const MIRROR = '127.0.0.77';

const running: Setting[] = [];
afterAll(async () => {
  for (const each of running) await each.stop();
});

/** The program with a redirection and a tracker, and what its users see of it. */
class Setting {
  readonly served: Served;
  readonly #orders: string;
  readonly #port: { readonly tracker: number; readonly control: number; readonly dns: number };

  private constructor(served: Served, orders: string, port: { tracker: number; control: number; dns: number }) {
    this.served = served;
    this.#orders = orders;
    this.#port = port;
  }

  static async start(): Promise<Setting> {
    const port = { tracker: await freePort(), control: await freePort(), dns: await freePort() };
    const yaml = `
operator: { name: Lab, networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ] }
tracker: { listen: ["http://127.0.0.1:${port.tracker}"] }
mirrorSite: { listen: "http://127.0.0.1:${await freePort()}" }
dnsRedirect:
  listen: ["127.0.0.1:${port.dns}"]
  upstreamResolvers: ["127.0.0.1:${await freePort()}"]
  sites: [site.example]
  mirrorAddresses: [${MIRROR}]
  trackers: [tracker.example]
  trackerAddresses: [${MIRROR}]
  healthChecks: false
control: { listen: "http://127.0.0.1:${port.control}" }
storage: { directory: state }
lab: true
`;
    const orders = mkdtempSync(join(tmpdir(), 'alias-tracker-orders-'));
    const setting = new Setting(await Served.start(yaml, { env: plantingEnvironment(orders) }), orders, port);
    running.push(setting);
    return setting;
  }

  async stop(): Promise<number | null> {
    const code = await this.served.stop();
    rmSync(this.#orders, { recursive: true, force: true });
    return code;
  }

  block(thread: string, how: 'block' | 'spin' = 'block'): void {
    plant(this.#orders, `thread.${thread}`, `${how} ${BLOCK_SECONDS}`);
  }

  async announces(): Promise<boolean> {
    const answered = announceOverHttp({
      tracker: { host: '127.0.0.1', port: this.#port.tracker },
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

  /** @returns the address, the error code, or undefined if nothing comes within the time */
  async resolves(name: string, waitMs = PATIENCE_MS): Promise<string | undefined> {
    const packet = await askUdp({ host: '127.0.0.1', port: this.#port.dns }, question(name), waitMs);
    if (packet === undefined) return undefined;
    const { rcode, answers } = decode(packet) as { rcode?: string; answers?: { data: unknown }[] };
    return answers?.[0] === undefined ? rcode : String(answers[0].data);
  }

  async controlAnswers(path: string, waitMs = PATIENCE_MS): Promise<string | undefined> {
    const signal = AbortSignal.timeout(waitMs);
    return fetch(`http://127.0.0.1:${this.#port.control}${path}`, { signal }).then(
      (response) => response.text(),
      () => undefined,
    );
  }

  async metric(name: string): Promise<number> {
    const text = (await this.controlAnswers('/metrics')) ?? '';
    return Number(new RegExp(`^alias_tracker_${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  said(pattern: RegExp): boolean {
    return this.served.log.some(({ msg }) => pattern.test(msg));
  }

  async isReady(): Promise<boolean> {
    return (await this.controlAnswers('/readyz'))?.includes('"ready"') === true;
  }
}

/** Silence ends a wait, and nothing is lost if it ends too early: the next step waits for what the silence was about. */
const SILENCE_MS = 500;

// Each has its own program, as most of their time is waiting for a thread to count as stuck.
describe.concurrent('a stuck thread', () => {
  test('of DNS: announces and the control API go on, and DNS is back on its port', async () => {
    const s = await Setting.start();
    s.block('dns', 'spin');
    await s.served.until('DNS is silent', async () => (await s.resolves('site.example', SILENCE_MS)) === undefined);
    await s.served.until('the thread was ended', async () => {
      expect(await s.announces()).toBe(true);
      expect(await s.controlAnswers('/healthz')).toContain('ok');
      return s.said(/^the thread dns has not run for [12]\d s and was ended$/);
    });
    await s.served.until('DNS is back', async () => (await s.resolves('site.example', SILENCE_MS)) === MIRROR);
    await s.served.until('it is ready', () => s.isReady());
    expect(await s.metric('part_restarts_total\\{part="DNS redirection"\\}')).toBe(1);
  });

  test('of the tracker: DNS goes on and withdraws the tracker’s names, and the tracker is back on its port', async () => {
    const s = await Setting.start();
    s.block('tracker');
    let withdrawn = false;
    await s.served.until('the tracker is back', async () => {
      expect(await s.resolves('site.example')).toBe(MIRROR);
      expect(await s.controlAnswers('/healthz')).toContain('ok');
      // The resolver past the redirection does not exist here.
      withdrawn ||= (await s.resolves('tracker.example')) === 'SERVFAIL';
      return s.said(/^the thread tracker has not run for [12]\d s and was ended$/) && s.said(/^tracker: restarted$/);
    });
    expect(withdrawn).toBe(true);
    expect(await s.announces()).toBe(true);
    await s.served.until('its names are back', async () => (await s.resolves('tracker.example')) === MIRROR);
    expect(await s.metric('part_restarts_total\\{part="tracker"\\}')).toBe(1);
  });

  test('of all others: announces and DNS go on, mirror names are withdrawn, standard error says so, alarms show', async () => {
    const s = await Setting.start();
    for (const thread of ['main', 'tracker', 'dns']) {
      expect(await s.metric(`thread_delay_seconds\\{thread="${thread}"\\}`)).toBeGreaterThanOrEqual(0);
    }
    await s.served.until('it is ready', () => s.isReady());
    s.block('main');
    const isSilent = async (): Promise<boolean> => (await s.controlAnswers('/healthz', SILENCE_MS)) === undefined;
    await s.served.until('the control API is silent', isSilent);
    let withdrawn = false;
    await s.served.until('it is said', async () => {
      expect(await s.announces()).toBe(true);
      expect(await s.resolves('tracker.example')).toBe(MIRROR);
      withdrawn ||= (await s.resolves('site.example')) === 'SERVFAIL';
      return withdrawn && s.said(/^the main thread has not run for [12]\d s: /);
    });
    // The fault itself lasts ten seconds, which a busy machine may miss; the alarm lasts a minute.
    await s.served.until('it is back, and an alarm says how long it was not', async () => {
      const readiness = (await s.controlAnswers('/readyz')) ?? '';
      return /thread main: requests waited up to [12]\d\.\d+ s within the last minute/.test(readiness);
    });
    await s.served.until('standard error says that, too', () => s.said(/^the main thread runs again after [12]\d s$/));
    await s.served.until('mirror names are back', async () => (await s.resolves('site.example')) === MIRROR);
    expect(await s.metric('thread_delay_seconds\\{thread="main"\\}')).toBeGreaterThan(10);
    // Nothing was restarted for it.
    expect(await s.metric('part_restarts_total\\{part="tracker"\\}')).toBe(0);
    await s.served.until('it is ready', () => s.isReady());
  });

  test('does not keep the program from stopping', async () => {
    const s = await Setting.start();
    s.block('dns');
    s.block('tracker');
    await s.served.until('DNS is silent', async () => (await s.resolves('site.example', SILENCE_MS)) === undefined);
    expect(await s.stop()).toBe(0);
  });
});
