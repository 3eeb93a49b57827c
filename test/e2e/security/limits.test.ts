/** docs/security.md, limits: nobody is flooded through the tracker, and one address does not fill it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeUdpAnnounce, encodeUdpConnect, encodeUdpScrape } from '../../../src/wire/udp-client-packets.js';
import { ServeProcess } from '../../support/serve-process.js';
import {
  announceOverHttp,
  announceOverUdp,
  answersTo,
  CONTROL_TOKEN,
  call,
  customer,
  datagram,
  exchange,
  operatorConfig,
  operatorNetwork,
  stranger,
  TRACKER_PORT,
  torrent,
} from './operator-network.js';

const network = await operatorNetwork();

describe.skipIf(network === undefined)('limits', () => {
  let serve: ServeProcess;

  beforeAll(async () => {
    const limits = {
      peersPerAddressPerSwarm: 4,
      peersPerAddress: 10,
      peersPerSitePerSwarm: 6,
      maxPeers: 1_000,
      maxTorrents: 200,
      reservedForInnerPercent: 50,
    };
    const listen = ['0.0.0.0', '[2a0e:600d::5]'].map((host) => `udp://${host}:${TRACKER_PORT}`);
    serve = new ServeProcess(
      operatorConfig({ tracker: { limits, listen: [...listen, `http://0.0.0.0:${TRACKER_PORT}`] } }),
    );
    await serve.start();
  });
  afterAll(async () => {
    await serve.close();
    network!.leave();
  });

  it('an address that has not proven itself gets no more bytes over UDP than it sent, whatever it sends', async () => {
    for (let n = 1; n <= 20; n++) await announceOverUdp(stranger(100 + n), { infoHash: torrent(1) });
    const announce = (connectionId: bigint): Uint8Array =>
      encodeUdpAnnounce({
        connectionId,
        transactionId: 7,
        infoHash: torrent(1),
        peerId: torrent(2),
        port: 6_881,
        left: 1n,
        numWant: 200,
      });
    const hashes = Array.from({ length: 74 }, (_, i) => torrent(i));
    const connected = await datagram(stranger(1), encodeUdpConnect(1));
    const idOfAnother = connected!.readBigUInt64BE(8);
    const connect = Buffer.from(encodeUdpConnect(7));
    const withAction = (packet: Uint8Array, action: number): Buffer => {
      const copy = Buffer.from(packet);
      copy.writeUInt32BE(action, 8);
      return copy;
    };
    const packets: Record<string, Uint8Array> = {
      connect,
      'connect with more behind it': Buffer.concat([connect, Buffer.alloc(500)]),
      'connect cut short': connect.subarray(0, 15),
      'an announce without a connection id': announce(0n),
      'an announce with the id of another address': announce(idOfAnother),
      'an announce cut short': announce(idOfAnother).subarray(0, 97),
      'a scrape without a connection id': encodeUdpScrape(0n, 7, hashes),
      'a scrape with the id of another address': encodeUdpScrape(idOfAnother, 7, hashes),
      'a scrape of nothing': encodeUdpScrape(idOfAnother, 7, []),
      'an error packet': withAction(connect, 3),
      'an action that there is not': withAction(announce(idOfAnother), 99),
      'a DNS query': Buffer.from('123401000001000000000000037777770765786d706c6500000100010000', 'hex'),
      nothing: Buffer.alloc(0),
      'one byte': Buffer.alloc(1),
      zeros: Buffer.alloc(1_400),
    };
    for (const from of [stranger(2), customer(40), '127.0.0.1']) {
      for (const [what, packet] of Object.entries(packets)) {
        const bytes = Buffer.concat(await answersTo(from, packet)).length;
        expect(bytes, `${what} from ${from}`).toBeLessThanOrEqual(packet.length);
      }
    }
  });

  it('one address holds a few places in a swarm, and a bounded number over all', async () => {
    for (let port = 7_001; port <= 7_012; port++) await announceOverUdp(stranger(3), { infoHash: torrent(10), port });
    const { peers } = await announceOverUdp(customer(41), { infoHash: torrent(10) });
    expect(peers.filter((peer) => peer.startsWith(`${stranger(3)}:`))).toHaveLength(4);
    for (let swarm = 11; swarm <= 30; swarm++) await announceOverUdp(stranger(4), { infoHash: torrent(swarm) });
    let held = 0;
    for (let swarm = 11; swarm <= 30; swarm++) {
      const answer = await announceOverUdp(customer(42), { infoHash: torrent(swarm), event: 3 });
      held += answer.seeders + answer.leechers;
    }
    expect(held).toBe(10);
  });

  it('and everybody else still gets in', async () => {
    const infoHash = torrent(10);
    const count = async (): Promise<number> => {
      const { seeders, leechers } = await announceOverUdp(customer(43), { infoHash, event: 3 });
      return seeders + leechers;
    };
    const before = await count();
    await announceOverHttp(stranger(5), { infoHash });
    expect(await count()).toBe(before + 1);
  });

  it('an IPv6 site outside does not fill a swarm from its many networks, and the operator’s own is not held to that', async () => {
    for (let n = 1; n <= 12; n++) {
      await announceOverUdp(`2a0e:bad:0:${n}::1`, { infoHash: torrent(40) });
      await announceOverUdp(`2a0e:600d:0:${n}::1`, { infoHash: torrent(41) });
    }
    const count = async (infoHash: Uint8Array): Promise<number> => {
      const { seeders, leechers } = await announceOverUdp('2a0e:bad:1::1', { infoHash, event: 3 });
      return seeders + leechers;
    };
    expect(await count(torrent(40))).toBe(6);
    expect(await count(torrent(41))).toBe(12);
  });

  it('requests that are too long, or come with a body, are refused and the connection closed', async () => {
    const long = `GET /announce?info_hash=${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`;
    expect(await exchange(stranger(6), long, TRACKER_PORT)).toMatch(/^(HTTP\/1\.1 4\d\d|$)/);
    const body =
      'POST /announce HTTP/1.1\r\nHost: x\r\nContent-Length: 70\r\n\r\nGET /scrape HTTP/1.1\r\nHost: x\r\n\r\n';
    const answer = await exchange(stranger(6), body, TRACKER_PORT);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d/);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  // Last, because it fills what strangers may have.
  it('strangers cannot fill the store: there is room for the operator’s own clients', async () => {
    for (let swarm = 0; swarm < 130; swarm++) {
      const infoHash = Uint8Array.from({ length: 20 }, (_, i) => (i === 0 ? 0xee : swarm));
      await announceOverUdp(stranger(30 + Math.floor(swarm / 10)), { infoHash });
    }
    const swarms = async (): Promise<number> =>
      (JSON.parse((await call('/api/v1/swarms', { token: CONTROL_TOKEN })).text) as { total: number }).total;
    expect(await swarms()).toBeLessThanOrEqual(100);
    const infoHash = torrent(0xdd);
    await announceOverUdp(customer(50), { infoHash });
    expect((await announceOverUdp(customer(51), { infoHash })).peers).toEqual([`${customer(50)}:6881`]);
    // Strangers are still answered.
    expect((await announceOverUdp(stranger(60), { infoHash })).peers.length).toBeGreaterThan(0);
  });
});
