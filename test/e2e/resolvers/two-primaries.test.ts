/**
 * Two alias trackers as primaries of the same resolvers, one of them over IPv6: changes arrive from whichever made them last, and
 * one that dies, refusing or silent, keeps no change of the other from the resolvers.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatEndpoint } from '../../../src/net/endpoint.js';
import { eventually } from '../../support/eventually.js';
import { freePort } from '../../support/free-port.js';
import { requireProgram } from '../../support/real-program.js';
import { bindSecondary, unboundSecondary } from '../../support/resolvers/daemon-configs.js';
import { type Daemon, ORIGINAL, startDaemon, startOriginals, stopDaemons } from '../../support/resolvers/daemons.js';
import { becomes, formatMatrix, type Matrix, MIRROR, note } from '../../support/resolvers/expectations.js';
import { startRpz, type TestedRpz } from '../../support/resolvers/running-rpz.js';

const missing = ['named', 'unbound'].filter((program) => requireProgram(program) === undefined);

const matrix: Matrix = new Map();
const daemons = new Map<string, Daemon>();
const closing: (() => unknown)[] = [];
let even: TestedRpz;
let odd: TestedRpz;

async function all(row: string, name: string, expected: string, only = [...daemons.keys()]): Promise<void> {
  const since = performance.now();
  await Promise.all(
    only.map(async (daemon) =>
      note(matrix, row, daemon, await becomes(daemons.get(daemon)!.endpoint, name, expected, since)),
    ),
  );
}

describe.skipIf(missing.length > 0)('two primaries', () => {
  beforeAll(async () => {
    const originals = await startOriginals();
    const upstream = originals.endpoint.port;
    const listen = [
      { host: '127.0.2.53', port: await freePort('127.0.2.53') },
      { host: '::1', port: await freePort('::1') },
    ] as const;
    const bind = { host: '127.0.0.1', port: await freePort() };
    const unbound = { host: '127.0.0.1', port: await freePort() };
    // The resolvers ask each primary from the address of its family.
    const secondaries = (own: string) => [
      { address: formatEndpoint({ ...bind, host: own }), key: 'isp' },
      { address: formatEndpoint({ ...unbound, host: own }) },
    ];
    const common = { resolver: originals.endpoint, expireSeconds: 600 };
    [even, odd] = await Promise.all([
      startRpz({ ...common, listen: listen[0], secondaries: secondaries('127.0.0.1'), serials: 'even' }),
      startRpz({ ...common, listen: listen[1], secondaries: secondaries('::1'), serials: 'odd' }),
    ]);
    const started = await Promise.all([
      startDaemon('named', bind, (directory) => ({
        'named.conf': bindSecondary(directory, bind, listen, upstream).replace(
          'listen-on-v6 { none; };',
          `listen-on-v6 port ${bind.port} { ::1; };`,
        ),
      })),
      startDaemon('unbound', unbound, (directory) => ({
        'unbound.conf': unboundSecondary(directory, unbound, listen, upstream).replace(
          'server:',
          `server:\n  interface: ::1@${unbound.port}\n  access-control: ::/0 allow`,
        ),
      })),
    ]);
    daemons.set('BIND', started[0]).set('Unbound', started[1]);
    await all('both are up', 'popular.example', MIRROR.A);
  });
  afterAll(async () => {
    console.log(`\n${formatMatrix(matrix)}\n`);
    await Promise.all([even?.stop(), odd?.stop()]);
    for (const close of closing) await close();
    await stopDaemons();
  });

  test('a change of either arrives, over IPv4 and IPv6', async () => {
    even.reload(['popular.example', 'later.example']);
    await all('a name of the first arrives after', 'later.example', MIRROR.A);
    odd.reload(['later.example']);
    await all('a change of the second, over IPv6, after', 'popular.example', ORIGINAL.A);
    await eventually('NOTIFY over IPv6 is answered', () =>
      odd.running.zones.every(({ secondaries }) => secondaries.every(({ notifyRcode }) => notifyRcode === 0)),
    );
    expect(odd.running.counters.badSignature).toBe(0);
  });

  test('one is killed, and then its machine is silent: the other withdraws and redirects', async () => {
    const [dead] = even.running.addresses;
    await even.stop();
    odd.health.mirror = false;
    odd.healthChanged();
    await all('the first is killed: a withdrawal of the second after', 'later.example', ORIGINAL.A);
    // A machine that is switched off answers nothing at all.
    const udp = createSocket('udp4').bind(dead!.port, dead!.host);
    await once(udp, 'listening');
    const tcp = createServer(() => {}).listen(dead!.port, dead!.host);
    await once(tcp, 'listening');
    closing.push(
      () => udp.close(),
      () => tcp.close(),
    );
    odd.health.mirror = true;
    odd.healthChanged();
    // BIND gives up a silent primary after 60 s.
    await all('the first is silent: a return of the second after', 'later.example', MIRROR.A, ['Unbound']);
  });
});
