/** docs/security.md, what is kept of users: in files, in logs, and for how long. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { encodeUdpConnect } from '../../../src/wire/udp-client-packets.js';
import { eventually } from '../../support/eventually.js';
import { ServeProcess } from '../../support/serve-process.js';
import {
  announceOverHttp,
  announceOverUdp,
  CONTROL_TOKEN,
  call,
  customer,
  datagram,
  exchange,
  MACHINE,
  MIRROR_PORT,
  NORTH_TOKEN,
  operatorConfig,
  operatorNetwork,
  stranger,
  TRACKER_PORT,
  torrent,
} from './operator-network.js';

const network = await operatorNetwork();
const DNS_PORT = 5_300;
/** Users, none of whom may be found where docs/security.md does not say so. */
const USERS = [customer(201), customer(202), stranger(203), customer(204), customer(205)] as const;

describe.skipIf(network === undefined)('what is kept', () => {
  let serve: ServeProcess;
  afterEach(() => serve.close());
  afterAll(() => network!.leave());

  it('logs and the database hold no address of a user, files are the owner’s alone', async () => {
    serve = new ServeProcess(
      operatorConfig({
        mirrorSite: { listen: `http://${MACHINE}:${MIRROR_PORT}` },
        dnsRedirect: {
          listen: [`${MACHINE}:${DNS_PORT}`],
          upstreamResolvers: ['9.9.9.253:53'],
          mirrorAddresses: [MACHINE],
          sites: [{ name: 'www.popular.example', port: MIRROR_PORT }],
        },
      }),
    );
    await serve.start();
    const [udp, http, foreign, browser, malformed] = USERS;
    await announceOverUdp(udp, { infoHash: torrent(1) });
    await announceOverHttp(http, { infoHash: torrent(1) });
    await announceOverUdp(foreign, { infoHash: torrent(1), port: 1 });
    await exchange(browser, 'GET /?q=secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', MIRROR_PORT);
    await exchange(browser, 'GET /%ff%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', MIRROR_PORT);
    const question = Buffer.from(
      '123401000001000000000000037777770770 6f70756c6172076578616d706c650000010001'.replace(' ', ''),
      'hex',
    );
    expect(await datagram(browser, question, MACHINE, DNS_PORT)).toBeDefined();
    await exchange(malformed, 'nonsense\r\n\r\n', TRACKER_PORT);
    await datagram(malformed, Buffer.alloc(98, 0xab), MACHINE, TRACKER_PORT, 100);
    await datagram(malformed, Buffer.from([1, 2, 3]), MACHINE, DNS_PORT, 100);
    const periodStart = new Date(Date.now() - 61_000).toISOString();
    const subdomains = [{ id: 'north', bytes: 600_000, users: 10 }];
    const body = { probe: 'dp-north', sequence: 1, periodStart, periodSeconds: 60, subdomains };
    expect((await call('/api/v1/density', { token: NORTH_TOKEN, body })).status).toBe(202);
    expect((await call('/api/v1/swarms', { token: CONTROL_TOKEN })).status).toBe(200);
    await serve.stop();

    const data = join(serve.directory, 'data');
    expect((statSync(data).mode & 0o077).toString(8), 'storage.directory').toBe('0');
    for (const name of readdirSync(data)) {
      const file = join(data, name);
      expect((statSync(file).mode & 0o077).toString(8), name).toBe('0');
      if (!statSync(file).isFile()) continue;
      const bytes = readFileSync(file);
      for (const user of USERS) {
        expect(bytes.includes(user), `${user} in ${name}`).toBe(false);
        // Swarms hold addresses, and so does their snapshot, as words of its machine.
        if (!name.includes('swarm')) expect(holdsWord(bytes, user), `${user} in ${name}`).toBe(false);
      }
    }
    for (const user of USERS) expect(serve.output.includes(user), `${user} in the log`).toBe(false);
    expect(serve.output).not.toContain('secret');
  });

  it('a peer that falls silent is gone after one and a half announce intervals', async () => {
    serve = new ServeProcess(operatorConfig({ tracker: { interval: '2s', minInterval: '1s' } }));
    await serve.start();
    await announceOverUdp(customer(201), { infoHash: torrent(2) });
    const watch = async (): Promise<number> => {
      const { seeders, leechers } = await announceOverUdp(stranger(9), { infoHash: torrent(2), event: 3 });
      return seeders + leechers;
    };
    expect(await watch()).toBe(1);
    await eventually('the silent peer leaves', async () => (await watch()) === 0);
    expect((await datagram(customer(201), encodeUdpConnect(1)))?.length).toBe(16);
  });

  it('a capability report is shown to the operator, and is not in the log', async () => {
    serve = new ServeProcess(operatorConfig());
    await serve.start();
    expect((await call('/api/v1/capability', { from: customer(60), body: { availableUplinkBps: 1e6 } })).status).toBe(
      202,
    );
    const { text } = await call('/api/v1/capability', { token: CONTROL_TOKEN });
    expect(text).toContain(customer(60));
    await serve.stop();
    expect(serve.output).not.toContain(customer(60));
  });
});

/** The four bytes of an address next to each other, in either order. */
function holdsWord(bytes: Buffer, address: string): boolean {
  const word = Buffer.from(address.split('.').map(Number));
  return bytes.includes(word) || bytes.includes(Buffer.from(word).reverse());
}
