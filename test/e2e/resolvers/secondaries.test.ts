/**
 * BIND, Unbound and PowerDNS Recursor as secondaries of the RPZ server, configured as docs/dns.md says: what users get, how
 * fast changes and withdrawals arrive, and what happens while the primary is dead. The matrix is printed.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatEndpoint } from '../../../src/net/endpoint.js';
import { eventually } from '../../support/eventually.js';
import { freePort } from '../../support/free-port.js';
import { requireProgram } from '../../support/real-program.js';
import { ask } from '../../support/resolvers/ask.js';
import { bindSecondary, powerdnsSettings, unboundSecondary } from '../../support/resolvers/daemon-configs.js';
import {
  type Daemon,
  documented,
  ORIGINAL,
  startDaemon,
  startOriginals,
  stopDaemons,
} from '../../support/resolvers/daemons.js';
import {
  becomes,
  CLIENTS,
  checkRows,
  EXEMPT,
  formatMatrix,
  INNER,
  type Matrix,
  MIRROR,
  note,
} from '../../support/resolvers/expectations.js';
import { startRpz, type TestedRpz } from '../../support/resolvers/running-rpz.js';

const missing = ['named', 'unbound', 'pdns_recursor'].filter((program) => requireProgram(program) === undefined);
const PRIMARY = '127.0.2.53';
const EXPIRE_SECONDS = 6;

const matrix: Matrix = new Map();
const daemons = new Map<string, Daemon>();
let originals: Daemon;
let rpz: TestedRpz;

const at = (name: string): Daemon['endpoint'] => daemons.get(name)!.endpoint;

async function start(): Promise<void> {
  originals = await startOriginals();
  const listen = { host: PRIMARY, port: await freePort(PRIMARY) };
  // BIND listens only on addresses that an interface has.
  const bind = { host: '127.0.0.1', port: await freePort() };
  // Unbound transfers from the address that the system chooses, whatever its outgoing-interface.
  const unbound = { host: '127.0.0.1', port: await freePort() };
  const powerdns = { host: '127.0.1.3', port: await freePort('127.0.1.3') };
  rpz = await startRpz({
    listen,
    resolver: originals.endpoint,
    secondaries: [
      { address: formatEndpoint(bind), key: 'isp' },
      { address: formatEndpoint(unbound) },
      { address: formatEndpoint(powerdns), key: 'isp', notify: false },
    ],
    expireSeconds: EXPIRE_SECONDS,
  });
  const { port } = originals.endpoint;
  const started = await Promise.all([
    startDaemon('named', bind, (directory) => ({
      'named.conf': bindSecondary(directory, bind, [listen], port),
    })),
    startDaemon('unbound', unbound, (directory) => ({
      'unbound.conf': unboundSecondary(directory, unbound, [listen], port),
    })),
    startDaemon('pdns_recursor', powerdns, (directory) => ({
      'recursor.conf': documented('pdns-conf', {
        '/etc/powerdns': directory,
        'packetcache-ttl=10 ': 'packetcache-ttl=1 ',
      }).concat(powerdnsSettings(directory, powerdns, port)),
      'rpz.lua': documented('pdns-rpz', {
        '203.0.113.53:5300': `${PRIMARY}:${listen.port}`,
        '/var/lib/powerdns': directory,
        'refresh = 5': `localAddress = "${powerdns.host}", refresh = 1`,
      }),
      'clients.lua': documented('pdns-clients', { '203.0.113.0/24': CLIENTS, '203.0.113.101/32': `${EXEMPT}/32` }),
    })),
  ]);
  ['BIND', 'Unbound', 'PowerDNS Recursor'].forEach((name, i) => {
    daemons.set(name, started[i]!);
  });
}

describe.skipIf(missing.length > 0)('resolvers that transfer the zones', () => {
  beforeAll(async () => {
    await start();
    for (const name of daemons.keys()) await becomes(at(name), 'popular.example', MIRROR.A, performance.now());
  });
  afterAll(async () => {
    console.log(`\n${formatMatrix(matrix)}\n`);
    await rpz?.stop();
    await stopDaemons();
  });

  test('have the current version of both zones, as their requests show', async () => {
    await eventually(
      'all are up to date',
      () =>
        rpz.running.zones.every(({ serial, secondaries }) =>
          // PowerDNS Recursor chooses clients by a script and needs no exempt zone.
          secondaries.every((each, i) => each.serial === serial || (i === 2 && each.seenMs === undefined)),
        ),
      { found: () => JSON.stringify(rpz.running.zones.map(({ secondaries }) => secondaries)) },
    );
    expect(rpz.running.counters.axfr).toBeGreaterThan(0);
    expect(rpz.running.counters.badSignature).toBe(0);
    expect(rpz.running.alarms()).toEqual([]);
  });

  test('redirect whom they should, and nothing else', async () => {
    const wrong: string[] = [];
    for (const name of daemons.keys()) wrong.push(...(await checkRows(matrix, name, at(name))));
    expect(wrong).toEqual([]);
  });

  test('CNAME chains that lead to a redirected name', async () => {
    for (const name of daemons.keys()) {
      const first = await ask(at(name), 'alias.example', 'A', { from: INNER });
      const cached = await ask(at(name), 'alias.example', 'A', { from: INNER });
      expect(first).toBe(MIRROR.A);
      note(matrix, 'a CNAME chain to it', name, cached === MIRROR.A ? 'yes' : 'the first time; then the original');
      // Unbound applies no zone to a cached answer (its issue 954).
      if (name !== 'Unbound') expect(cached).toBe(MIRROR.A);
    }
  });

  test('a signed name, for a client that validates', async () => {
    rpz.reload(['popular.example', 'signed.example']);
    for (const name of daemons.keys()) {
      await becomes(at(name), 'signed.example', MIRROR.A, performance.now());
      const validating = await ask(at(name), 'signed.example', 'A', { from: INNER, dnssec: true });
      note(matrix, 'a signed name, asked with DO', name, validating.endsWith('signed') ? 'the original' : 'redirected');
      // Only BIND looks for signatures first: `break-dnssec no`.
      expect(validating.endsWith('signed')).toBe(name === 'BIND');
    }
  });

  test('a change arrives', async () => {
    const before = rpz.running.counters.ixfr;
    rpz.reload(['popular.example', 'later.example']);
    const since = performance.now();
    await Promise.all(
      [...daemons.keys()].map(async (name) =>
        note(matrix, 'a new name arrives after', name, await becomes(at(name), 'later.example', MIRROR.A, since)),
      ),
    );
    expect(rpz.running.counters.ixfr).toBeGreaterThan(before);
  });

  test('a withdrawal arrives, and the return', async () => {
    rpz.health.mirror = false;
    rpz.healthChanged();
    let since = performance.now();
    await Promise.all(
      [...daemons.keys()].map(async (name) =>
        note(matrix, 'a withdrawal arrives after', name, await becomes(at(name), 'popular.example', ORIGINAL.A, since)),
      ),
    );
    // The tracker still works.
    for (const name of daemons.keys()) {
      expect(await ask(at(name), 'tracker.popular.example', 'A', { from: INNER })).toBe('203.0.113.21');
    }
    rpz.health.mirror = true;
    rpz.healthChanged();
    since = performance.now();
    await Promise.all(
      [...daemons.keys()].map(async (name) =>
        note(matrix, 'the return arrives after', name, await becomes(at(name), 'popular.example', MIRROR.A, since)),
      ),
    );
  });

  test('the program ends: the names are withdrawn, and the next start brings them back', async () => {
    const since = performance.now();
    const ended = rpz.endCleanly();
    await Promise.all(
      [...daemons.keys()].map(async (name) => {
        const took = await becomes(at(name), 'popular.example', ORIGINAL.A, since);
        note(matrix, 'the program ends: originals after', name, took);
        expect(await ask(at(name), 'popular.example', 'A', { from: EXEMPT })).toBe(ORIGINAL.A);
      }),
    );
    await ended;
    await rpz.start();
    const back = performance.now();
    await Promise.all(
      [...daemons.keys()].map(async (name) =>
        note(
          matrix,
          'the next start: redirected after',
          name,
          await becomes(at(name), 'popular.example', MIRROR.A, back),
        ),
      ),
    );
  });

  test('the primary is killed and comes back', async () => {
    await rpz.stop();
    const since = performance.now();
    const expired = await becomes(at('BIND'), 'popular.example', ORIGINAL.A, since);
    note(matrix, 'redirects without a primary', 'BIND', `until the zone expires (${EXPIRE_SECONDS} s set: ${expired})`);
    for (const name of ['Unbound', 'PowerDNS Recursor']) {
      expect(await ask(at(name), 'popular.example', 'A', { from: INNER })).toBe(MIRROR.A);
      note(matrix, 'redirects without a primary', name, 'yes, without end');
    }
    await rpz.start();
    rpz.reload(['popular.example']);
    const back = performance.now();
    await Promise.all(
      [...daemons.keys()].map(async (name) => {
        await becomes(at(name), 'popular.example', MIRROR.A, back);
        const took = await becomes(at(name), 'later.example', ORIGINAL.A, back);
        note(matrix, 'has the new version after the return', name, took);
      }),
    );
  });
});
