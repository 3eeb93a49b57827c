/** docs/security.md, what is believed of BitTorrent clients: their network and the port they name, nothing more. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServeProcess } from '../../support/serve-process.js';
import {
  announceOverHttp,
  announceOverUdp,
  customer,
  operatorConfig,
  operatorNetwork,
  stranger,
  TRACKER_PORT,
  torrent,
} from './operator-network.js';

const network = await operatorNetwork();
const TRUSTED_CLIENT = customer(20);
const PROXY = customer(30);
const BALANCER_PORT = 6_970;
const BALANCER_LISTENER = `http://0.0.0.0:${BALANCER_PORT}`;

describe.skipIf(network === undefined)('of BitTorrent clients', () => {
  let serve: ServeProcess;

  beforeAll(async () => {
    serve = new ServeProcess(
      operatorConfig({
        tracker: {
          listen: [`udp://0.0.0.0:${TRACKER_PORT}`, `http://0.0.0.0:${TRACKER_PORT}`, BALANCER_LISTENER],
          proxyProtocol: [BALANCER_LISTENER],
          trustedNetworks: [`${TRUSTED_CLIENT}/32`],
          trustedProxies: [`${PROXY}/32`],
        },
      }),
    );
    await serve.start();
  });
  afterAll(async () => {
    await serve.close();
    network!.leave();
  });

  it('their source address and the port they name are handed out', async () => {
    const infoHash = torrent(1);
    await announceOverUdp(stranger(1), { infoHash, port: 7_001 });
    await announceOverHttp(stranger(2), { infoHash, port: 7_002 });
    const { peers } = await announceOverUdp(customer(40), { infoHash });
    expect([...peers].sort()).toEqual([`${stranger(1)}:7001`, `${stranger(2)}:7002`]);
  });

  it('`ip=` is not believed, over UDP and HTTP, unless the client is in trustedNetworks', async () => {
    const infoHash = torrent(2);
    await announceOverUdp(stranger(3), { infoHash, ip: customer(99) });
    expect((await announceOverHttp(stranger(4), { infoHash, ip: customer(98) })).seenAs).toBe(stranger(4));
    expect((await announceOverHttp(TRUSTED_CLIENT, { infoHash, ip: stranger(77) })).seenAs).toBe(stranger(77));
    const { peers } = await announceOverUdp(customer(41), { infoHash });
    expect([...peers].sort()).toEqual([stranger(3), stranger(4), stranger(77)].map((host) => `${host}:6881`));
  });

  it('X-Forwarded-For is believed of trustedProxies only', async () => {
    const infoHash = torrent(3);
    const header = `X-Forwarded-For: ${customer(97)}\r\n`;
    expect((await announceOverHttp(stranger(5), { infoHash }, header)).seenAs).toBe(stranger(5));
    expect((await announceOverHttp(customer(42), { infoHash }, header)).seenAs).toBe(customer(42));
    expect((await announceOverHttp(PROXY, { infoHash }, header)).seenAs).toBe(customer(97));
  });

  it('of a chain of X-Forwarded-For only what the trusted proxies wrote counts', async () => {
    const chain = `X-Forwarded-For: ${customer(96)}, ${stranger(6)}\r\n`;
    expect((await announceOverHttp(PROXY, { infoHash: torrent(4) }, chain)).seenAs).toBe(stranger(6));
  });

  it('a PROXY header is not read on an ordinary listener, whoever sends it', async () => {
    const header = `PROXY TCP4 ${customer(95)} 5.5.5.5 4711 80\r\n`;
    for (const from of [stranger(7), PROXY]) {
      const answer = await announceOverHttp(from, { infoHash: torrent(5) }, '', header);
      expect(answer.failure, from).toBeDefined();
      expect(answer.seenAs, from).toBeUndefined();
    }
    expect((await announceOverUdp(customer(43), { infoHash: torrent(5) })).peers).toEqual([]);
  });

  it('on a listener of proxyProtocol a PROXY header is believed of trustedProxies only', async () => {
    const infoHash = torrent(8);
    const header = `PROXY TCP4 ${stranger(94)} 5.5.5.5 4711 80\r\n`;
    const toBalancer = { infoHash, trackerPort: BALANCER_PORT };
    expect((await announceOverHttp(PROXY, toBalancer, '', header)).seenAs).toBe(stranger(94));
    for (const from of [stranger(9), customer(45)]) {
      expect((await announceOverHttp(from, toBalancer, '', header)).failure, from).toBeDefined();
    }
    expect((await announceOverHttp(PROXY, toBalancer)).failure, 'without the header').toBeDefined();
    expect((await announceOverUdp(customer(46), { infoHash })).peers).toEqual([`${stranger(94)}:6881`]);
  });

  it('private and loopback addresses are not handed out with lab: false', async () => {
    const infoHash = torrent(6);
    for (const from of ['10.1.2.3', '127.0.0.1', '169.254.169.254']) await announceOverUdp(from, { infoHash });
    expect((await announceOverUdp(stranger(8), { infoHash })).peers).toEqual([]);
    expect((await announceOverUdp(customer(44), { infoHash })).peers).toEqual([`${stranger(8)}:6881`]);
  });

  it('totals that nobody can have moved buy no better place', async () => {
    const infoHash = torrent(7);
    const boast = stranger(20);
    for (let n = 1; n <= 12; n++) await announceOverUdp(customer(60 + n), { infoHash });
    await announceOverUdp(boast, { infoHash });
    await announceOverUdp(boast, { infoHash, event: 0, uploaded: 2 ** 50 });
    const { peers } = await announceOverUdp(customer(80), { infoHash, numWant: 12 });
    expect(peers).not.toContain(`${boast}:6881`);
  });

  it('nobody takes or ends the place of another without the key that only that one knows', async () => {
    const peerId = '-VI0001-abcdefghijkl';
    const victim = `${customer(50)}:6881`;
    let swarm = 0x60;
    for (const [own, attackers] of [
      [0, 0],
      [5, 6],
      [5, 0],
    ] as const) {
      for (const from of [customer(55), stranger(55)]) {
        for (const event of [0, 2, 3]) {
          const infoHash = torrent(++swarm);
          await announceOverUdp(customer(50), { infoHash, peerId, key: own });
          await announceOverUdp(from, { infoHash, peerId, key: attackers, event, port: 7_000 });
          const { peers } = await announceOverUdp(customer(56), { infoHash });
          expect(peers, `keys ${own} and ${attackers}, event ${event} from ${from}`).toContain(victim);
        }
      }
    }
  });
});
