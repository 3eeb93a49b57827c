import { decode } from 'dns-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { Health } from '../../../src/app/health.js';
import { Restarts } from '../../../src/app/supervision/restarts.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { RunningRedirection } from '../../../src/dns-redirect/running-redirection.js';
import { OperatorError } from '../../../src/domain/errors.js';
import { createLogger } from '../../../src/logging/logger.js';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { createVitals } from '../../../src/threads/thread-vitals.js';
import { eventually } from '../../support/eventually.js';
import { answerWith, askUdp, type Closing, clock, question, startResolver } from './running-redirect.js';

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function section({ host, port }: Endpoint, mirror: string, listen = '127.0.0.1:0') {
  return parseConfig(`
operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }
mirrorSite: { listen: "http://127.0.0.1:0" }
dnsRedirect:
  listen: ["${listen}"]
  upstreamResolvers: ["${host}:${port}"]
  sites: [site.example]
  mirrorAddresses: [${mirror}]
`);
}

/** Every address counts as healthy. */
const noChecks = {
  shared: { needs: [], table: new SharedArrayBuffer(0), vitals: createVitals() },
  onPlan: () => () => {},
};

async function start() {
  const resolver = await startResolver(closing, (query) => answerWith(query, '192.0.2.99'));
  const health = new Health();
  const log = createLogger('silent');
  const context = {
    supervise: (restart: (failures: number) => Promise<void>) =>
      new Restarts('DNS redirection', { clock, logger: log, health }, restart),
    targets: {
      mirrorIsHealthy: () => health.isHealthy('mirror site'),
      trackerIsHealthy: () => health.isHealthy('tracker'),
      onChange: (listener: () => void) => health.onChange(listener),
    },
    log,
    redirectionHealth: () => noChecks,
    mirrorVitals: () => null,
    trackerListeners: () => [{ protocol: 'udp', host: '0.0.0.0', port: 6969 } as const],
  };
  const part = await RunningRedirection.start(section(resolver, '203.0.113.20'), context);
  closing.push(() => part.stop());
  const address = async (): Promise<unknown> =>
    decode((await askUdp(part.addresses[0]!, question('site.example')))!).answers![0]!.data;
  return { part, health, resolver, address, context };
}

describe('the DNS redirection in its thread', () => {
  test('answers, and its counters are read from here', async () => {
    const { part, address } = await start();
    expect(await address()).toBe('203.0.113.20');
    await askUdp(part.addresses[0]!, question('other.example'));
    expect(part.counters()).toMatchObject({ queries: 2, redirected: 1, forwarded: 1, byType: { A: 2, AAAA: 0 } });
  });

  test('takes new names in two steps: preparing changes nothing, and refuses what cannot be', async () => {
    const { part, resolver, address } = await start();
    const apply = part.prepare(section(resolver, '203.0.113.21'));
    expect(await address()).toBe('203.0.113.20');
    apply();
    await eventually('the new address', async () => (await address()) === '203.0.113.21');
    expect(part.policy.names.get('site.example')?.addresses).toHaveLength(1);
    expect(part.policy.serial).toBe(2);
    const right = section(resolver, '203.0.113.22');
    const wrong = {
      ...right,
      dnsRedirect: { ...right.dnsRedirect!, sites: [{ name: 'not a name', port: 80, https: 'check' as const }] },
    };
    expect(() => part.prepare(wrong)).toThrow(OperatorError);
    expect(await address()).toBe('203.0.113.21');
    expect(part.policy.serial).toBe(2);
  });

  test('counts by name, goes on with the counts after a reload, and says in shadow mode what it would do', async () => {
    const { part, health, resolver, address } = await start();
    await address();
    const now = section(resolver, '203.0.113.20');
    const sites = ['first.example', 'site.example'].map((name) => ({ name, port: 80, https: 'check' as const }));
    part.prepare({ ...now, dnsRedirect: { ...now.dnsRedirect!, sites, mode: 'shadow' } })();
    await eventually('shadow mode', async () => (await address()) === '192.0.2.99');
    const countsOf = (name: string) => part.nameCounts().find((each) => each.name === name)!;
    const { redirected, wouldRedirect } = countsOf('site.example');
    expect([redirected >= 1, wouldRedirect >= 1]).toEqual([true, true]);
    expect(countsOf('first.example')).toMatchObject({ redirected: 0, wouldRedirect: 0, withheld: 0 });
    health.report('mirror site', 'it is down');
    await eventually('a question that is withheld', async () => {
      await address();
      return countsOf('site.example').withheld > 0;
    });
  });

  test('redirects nothing once its section is removed, and goes on forwarding', async () => {
    const { part, resolver, address } = await start();
    const { operator, storage } = section(resolver, '203.0.113.20');
    part.prepare({ operator, storage })();
    await eventually('the real address', async () => (await address()) === '192.0.2.99');
    expect(part.policy.names.size).toBe(0);
  });

  test('withdraws the names of a target that is not healthy', async () => {
    const { part, health, address } = await start();
    health.report('mirror site', 'it is down');
    await eventually('the withdrawal', async () => (await address()) === '192.0.2.99');
    expect(part.counters().withdrawn).toBeGreaterThan(0);
    health.report('mirror site', undefined);
    await eventually('the return', async () => (await address()) === '203.0.113.20');
  });

  test('restarts with what was set meanwhile, on the same port, and counts on', async () => {
    const { part, health, resolver, address } = await start();
    const port = part.addresses[0]!.port;
    await address();
    part.abandon(new Error('planted'));
    await eventually('it is down', () => !part.supervision.isUp);
    expect(health.reasons()).toEqual(['DNS redirection: the thread that answers DNS has ended: planted']);
    part.prepare(section(resolver, '203.0.113.30'))();
    health.report('mirror site', 'it is down');
    health.report('mirror site', undefined);
    await eventually('it is up', () => part.supervision.isUp);
    expect(health.reasons()).toEqual([]);
    expect(part.addresses[0]!.port).toBe(port);
    expect(await address()).toBe('203.0.113.30');
    expect(part.counters().redirected).toBe(2);
  });

  test('refuses a port in use, and leaves no thread behind', async () => {
    const { part, resolver, context } = await start();
    const { host, port } = part.addresses[0]!;
    await expect(
      RunningRedirection.start(section(resolver, '203.0.113.20', `${host}:${port}`), context),
    ).rejects.toThrow(
      /dnsRedirect\.listen: cannot listen on dns:.*another program has this port; stop it or choose another/,
    );
  });

  test('stops while it waits for a restart', async () => {
    const { part } = await start();
    part.abandon(new Error('planted'));
    await eventually('it is down', () => !part.supervision.isUp);
    await part.stop();
    expect(part.supervision.count).toBe(0);
  });
});
