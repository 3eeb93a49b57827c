/** The whole data plane in its thread, asked by a client that others wrote and by bare sockets. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import Client from 'bittorrent-tracker';
import { afterEach, describe, expect, it } from 'vitest';
import { OperatorError } from '../../../src/domain/errors.js';
import { type InfoHash, infoHashToBytes } from '../../../src/domain/info-hash.js';
import { announceOverHttp } from '../../../src/lab/http-announcer.js';
import { announceOverUdp } from '../../../src/lab/udp-announcer.js';
import { DataPlane } from '../../../src/tracker/data-plane.js';
import type { DataPlaneOptions } from '../../../src/tracker/data-plane-options.js';
import { readGroupCounts } from '../../../src/tracker/swarm/group-tally.js';
import { readCertificate } from '../../../src/transport/portable/certificate.js';
import { encodeUdpConnect } from '../../../src/wire/udp-client-packets.js';
import { eventually } from '../../support/eventually.js';
import { labPolicy } from '../../support/lab-policy.js';

const INFO_HASH = 'ab'.repeat(20) as InfoHash;
const LOOPBACK: DataPlaneOptions['listen'] = [
  { protocol: 'udp', host: '127.0.0.1', port: 0 },
  { protocol: 'http', host: '127.0.0.1', port: 0 },
];
const POLICY = labPolicy();

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: Partial<DataPlaneOptions> = {}): Promise<DataPlane> {
  const plane = await DataPlane.start({
    listen: LOOPBACK,
    topology: POLICY.topology,
    cost: POLICY.cost,
    transport: 'portable',
    lab: true,
    seed: 1,
    limits: { arenaBytes: 64 * 1024 * 1024 },
    ...options,
  });
  cleanups.push(() => plane.stop());
  return plane;
}

function announceUrl(plane: DataPlane, protocol: 'udp' | 'http'): string {
  const { port } = plane.addresses.find((address) => address.protocol === protocol)!;
  return `${protocol}://127.0.0.1:${port}/announce`;
}

interface Update {
  readonly complete: number;
  readonly incomplete: number;
}

/** A client of bittorrent-tracker, and what it hears. */
function realClient(url: string, port: number, name: string) {
  const client = new Client({
    infoHash: INFO_HASH,
    peerId: Buffer.from(`-XX0001-${name.padStart(12, '0')}`),
    announce: [url],
    port,
  });
  cleanups.push(() => new Promise<void>((resolve) => client.destroy(() => resolve())));
  const peers: string[] = [];
  client.on('peer', (peer: string) => peers.push(peer));
  client.on('warning', () => {});
  const heard = (event: 'update' | 'scrape'): Promise<Update> =>
    new Promise((resolve, reject) => {
      client.once(event, resolve);
      client.once('error', reject);
    });
  return { client, peers, heard };
}

describe.each([
  ['udp', 'portable'],
  ['http', 'portable'],
  ['udp', 'auto'],
  ['http', 'auto'],
] as const)("bittorrent-tracker's client over %s, transport %s", (protocol, transport) => {
  it('announces, is counted, gets peers, completes, scrapes and leaves', async () => {
    const plane = await start({ transport });
    const url = announceUrl(plane, protocol);
    const seed = realClient(url, 7_001, 'seed');
    let update = seed.heard('update');
    seed.client.start({ left: 0 });
    expect(await update).toMatchObject({ complete: 1, incomplete: 0 });

    const leecher = realClient(url, 7_002, 'leecher');
    update = leecher.heard('update');
    leecher.client.start({ left: 10 });
    expect(await update).toMatchObject({ complete: 1, incomplete: 1 });
    await expect.poll(() => leecher.peers).toEqual(['127.0.0.1:7001']);

    update = leecher.heard('update');
    leecher.client.complete({ left: 0 });
    expect(await update).toMatchObject({ complete: 2, incomplete: 0 });

    const scrape = leecher.heard('scrape');
    leecher.client.scrape({});
    expect(await scrape).toMatchObject({ complete: 2, incomplete: 0, downloaded: 1 });

    update = leecher.heard('update');
    leecher.client.stop({ left: 0 });
    await update;
    expect(await plane.swarm(INFO_HASH)).toMatchObject({ seeds: 1, leechers: 0, completed: 1 });
    const counters = plane.counters();
    expect(counters.announces[protocol]).toBe(4);
    expect(counters.scrapes[protocol]).toBe(1);
    expect(counters.defects).toBe(0);
  });
});

describe('the data plane', () => {
  it('lists swarms by size, and one by its hash', async () => {
    const plane = await start();
    const { client, heard } = realClient(announceUrl(plane, 'udp'), 7_003, 'one');
    const update = heard('update');
    client.start({ left: 1 });
    await update;
    expect(await plane.swarms({ limit: 10, sort: 'peers' })).toEqual([
      expect.objectContaining({ infoHash: INFO_HASH, seeds: 0, leechers: 1 }),
    ]);
    expect(await plane.swarm('00'.repeat(20) as InfoHash)).toBeNull();
  });

  it('counts its peers by locality group between answers', async () => {
    const plane = await start();
    const { client, heard } = realClient(announceUrl(plane, 'udp'), 7_004, 'one');
    const update = heard('update');
    client.start({ left: 1 });
    await update;
    const counted = () => [...(readGroupCounts([plane.totals.groups])?.groups.values() ?? [])];
    await eventually('a count with the peer in it', () => counted().length > 0);
    expect(counted()).toEqual([{ seeds: 0, leechers: 1 }]);
  });

  it.each(['linux', 'portable'] as const)(
    'says which original the client of an unknown torrent means (%s)',
    async (transport) => {
      const plane = await start({
        transport,
        upstreamWantedBelow: 5,
        listen: [
          { protocol: 'udp', host: transport === 'linux' ? '0.0.0.0' : '127.0.0.22', port: 0 },
          { protocol: 'http', host: '127.0.0.1', port: 0 },
        ],
      });
      const originals: (string | undefined)[] = [];
      plane.onUpstreamNeeded((_infoHash, _family, original) => originals.push(original));
      const redirectedTrackers = {
        unknownTorrents: 'exchange',
        trackers: [
          { name: 'localhost', addresses: ['127.0.0.21'] },
          { name: 'tracker.example', addresses: ['127.0.0.22'] },
        ],
      } as const;
      plane.setOptions({ deniedAddresses: [], upstreamWantedBelow: 5, ownEndpoints: [], redirectedTrackers });
      await plane.flush();
      const [udp, http] = plane.addresses.map(({ port }) => port);
      const announce = { peerId: '-XX0001-000000000001', port: 7_005, event: 'started', leftBytes: 1 } as const;
      const localAddress = '127.1.0.9';
      const overUdp = {
        ...announce,
        localAddress,
        infoHash: '01'.repeat(20),
        tracker: { host: '127.0.0.22', port: udp! },
      };
      await announceOverUdp(overUdp);
      await expect.poll(() => originals).toEqual([`udp://tracker.example:${udp}/announce`]);
      await announceOverHttp({ ...overUdp, infoHash: '02'.repeat(20), tracker: { host: '127.0.0.1', port: http! } });
      // It announces at an address, not under a name.
      await expect.poll(() => originals.slice(1)).toEqual([undefined]);
    },
  );

  it('takes upstream peers, and asks for them where an inner client has too few', async () => {
    const plane = await start({ upstreamWantedBelow: 5 });
    const needed: string[] = [];
    plane.onUpstreamNeeded((infoHash, family) => needed.push(`${infoHash} ${family}`));
    const first = realClient(announceUrl(plane, 'udp'), 7_004, 'first');
    let update = first.heard('update');
    first.client.start({ left: 1 });
    await update;
    // The first client is foreign: it has the original tracker.
    expect(needed).toEqual([]);
    const tracker = { host: '127.0.0.1', port: plane.addresses.find(({ protocol }) => protocol === 'udp')!.port };
    const inner = { peerId: '-XX0001-000000000001', port: 7_006, event: 'started', leftBytes: 1 } as const;
    await announceOverUdp({ ...inner, tracker, infoHash: INFO_HASH, localAddress: '127.1.0.9' });
    await expect.poll(() => needed).toEqual([`${INFO_HASH} 4`]);
    const foreign = { family: 4, words: [0x7f030303], port: 1_234, seed: true } as const;
    expect(await plane.addUpstreamPeers(INFO_HASH, [foreign], 600)).toEqual({ taken: 1, refused: {} });
    update = first.heard('update');
    first.client.update({ left: 1 });
    expect(await update).toMatchObject({ complete: 0, incomplete: 2 });
    await expect.poll(() => first.peers).toContain('127.3.3.3:1234');
  });

  it('changes access and policy while running', async () => {
    const plane = await start();
    const ask = async (): Promise<string> => {
      const { client, heard } = realClient(announceUrl(plane, 'udp'), 7_005, 'x');
      const heardOfIt = new Promise<string>((resolve) => {
        client.once('warning', (warning: Error) => resolve(warning.message));
        void heard('update').then(() => resolve('fine'));
      });
      client.start({ left: 1 });
      return heardOfIt;
    };
    expect(await ask()).toBe('fine');
    plane.setAccess({ mode: 'deny-list', hashes: infoHashToBytes(INFO_HASH) });
    await plane.flush();
    expect(await ask()).toContain('not allowed');
    // Its peers do not stay until they expire.
    await expect.poll(() => plane.swarm(INFO_HASH)).toBeNull();
    plane.setAccess({ mode: 'open', hashes: new Uint8Array(0) });
    const { topology, cost } = labPolicy(2);
    plane.setPolicy(topology, cost);
    await plane.flush();
    expect(await ask()).toBe('fine');
  });

  it.each(['portable', 'auto'] as const)('answers over TLS, and behind a load balancer (%s)', async (transport) => {
    const vector = (name: string): string => fileURLToPath(new URL(`../../vectors/tls/${name}`, import.meta.url));
    const plane = await start({
      transport,
      listen: [
        {
          protocol: 'https',
          host: '127.0.0.1',
          port: 0,
          tls: { certificateFile: vector('one.cert.pem'), keyFile: vector('one.key.pem') },
        },
        { protocol: 'http', host: '127.0.0.1', port: 0, proxyProtocol: true },
      ],
      proxies: ['127.0.0.1/32'],
    });
    const request = `GET /announce?info_hash=${'%ab'.repeat(20)}&peer_id=${'a'.repeat(20)}&port=1&left=1 HTTP/1.0\r\n\r\n`;
    const read = (socket: NodeJS.ReadWriteStream, text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        let all = '';
        socket.on('data', (chunk: Buffer) => {
          all += chunk.toString('latin1');
        });
        socket.on('end', () => resolve(all));
        socket.on('error', reject);
        socket.write(text);
      });
    const [https, http] = plane.addresses;
    const secure = connectTls({ port: https!.port, host: '127.0.0.1', rejectUnauthorized: false });
    expect(await read(secure, request)).toContain('incompletei1e');
    const plain = connect({ port: http!.port, host: '127.0.0.1' });
    const answer = await read(plain, `PROXY TCP4 127.1.0.7 127.0.0.1 4711 80\r\n${request}`);
    expect(answer).toContain(`external ip4:${String.fromCharCode(127, 1, 0, 7)}`);
    const other = { certificateFile: 'test/vectors/tls/two.cert.pem', keyFile: 'test/vectors/tls/two.key.pem' };
    plane.useCertificate(await readCertificate(other));
    await plane.flush();
    const renewed = connectTls({ port: https!.port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(renewed, 'secureConnect');
    expect(renewed.getPeerCertificate().subject.CN).toBe('tracker-two.test');
    renewed.destroy();
  });

  it('says which address it cannot listen on', async () => {
    const plane = await start();
    const { port } = plane.addresses[0]!;
    const second = DataPlane.start({
      listen: [{ protocol: 'udp', host: '127.0.0.1', port }],
      topology: POLICY.topology,
      cost: POLICY.cost,
      transport: 'portable',
    });
    await expect(second).rejects.toThrow(OperatorError);
    await expect(second).rejects.toThrow(`udp://127.0.0.1:${port}`);
  });

  it('stops, twice if asked, and frees its ports', async () => {
    const plane = await start();
    const { port } = plane.addresses[0]!;
    const faults: Error[] = [];
    plane.onFault((error) => faults.push(error));
    await Promise.all([plane.stop(), plane.stop()]);
    expect(faults).toEqual([]);
    await expect(plane.flush()).rejects.toThrow('has ended');
    await start({ listen: [{ protocol: 'udp', host: '127.0.0.1', port }] });
    const socket = createSocket('udp4');
    cleanups.push(() => socket.close());
    const answered = new Promise((resolve) => socket.once('message', resolve));
    socket.send(encodeUdpConnect(1), port, '127.0.0.1');
    expect(await answered).toHaveLength(16);
  });

  it('says whose peers went to whom', async () => {
    const plane = await start();
    const url = announceUrl(plane, 'udp');
    const { port } = plane.addresses.find((address) => address.protocol === 'http')!;
    const inner = connect({ port, host: '127.0.0.1', localAddress: '127.1.1.1' });
    inner.write(
      `GET /announce?info_hash=${INFO_HASH.replace(/../g, '%$&')}&peer_id=${'a'.repeat(20)}&port=1&left=0&numwant=0 HTTP/1.0\r\n\r\n`,
    );
    await new Promise((resolve) => inner.resume().once('end', resolve));
    const foreign = { family: 4, words: [0x7f090909], port: 2, seed: true } as const;
    const own = { family: 4, words: [0x7f010102], port: 1, seed: true } as const;
    expect(await plane.addUpstreamPeers(INFO_HASH, [foreign, own], 600)).toEqual({
      taken: 1,
      refused: { 'own-network': 1 },
    });
    const { client, heard } = realClient(url, 7_009, 'x');
    const update = heard('update');
    client.start({ left: 1 });
    await update;
    expect(plane.counters().sampledPeers).toEqual({
      toInner: { peers: 0, inner: 0 },
      toForeign: { peers: 2, inner: 1 },
    });
  });
});
