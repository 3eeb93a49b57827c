import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { parseIp } from '../../../src/domain/ip-address.js';
import { announceOverUdp, scrapeOverUdp } from '../../../src/upstream/announce-over-udp.js';
import { UdpConnections } from '../../../src/upstream/udp-connections.js';
import { eventually } from '../../support/eventually.js';
import { type Closing, infoHash, peerId, textOf } from './original-tracker.js';

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const announce = { infoHash, peerId, port: 6_999, event: 'started', numWant: 10, key: 7 } as const;

/** A scripted tracker: what it is sent → what it sends. */
async function startScript(script: (packet: Buffer, count: number) => (Buffer | undefined)[], host = '127.0.0.1') {
  const packets: Buffer[] = [];
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', async (packet, from) => {
    packets.push(packet);
    const answers = script(packet, packets.length).filter((each) => each !== undefined);
    for await (const answer of Readable.from(answers)) socket.send(answer as Buffer, from.port, from.address);
  });
  socket.bind(0, host);
  await once(socket, 'listening');
  closing.push(() => new Promise((resolve) => socket.close(() => resolve(undefined))));
  const { port } = socket.address();
  const url = new URL(`udp://${host.includes(':') ? `[${host}]` : host}:${port}/announce`);
  return { packets, destination: { url, port, address: parseIp(host) } };
}

function connectAnswer(request: Buffer): Buffer {
  const answer = Buffer.alloc(16);
  request.copy(answer, 4, 12, 16);
  answer.writeBigUInt64BE(0x0123456789abcdefn, 8);
  return answer;
}

function announceAnswer(request: Buffer, peersHex: string): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt32BE(1, 0);
  request.copy(head, 4, 12, 16);
  head.writeUInt32BE(1_800, 8);
  return Buffer.concat([head, Buffer.from(peersHex, 'hex')]);
}

const wellBehaved = (peersHex: string) => (packet: Buffer) => [
  packet.length === 16 ? connectAnswer(packet) : announceAnswer(packet, peersHex),
];

test('says what BEP 15 wants, and reads IPv4 peers', async () => {
  const { destination, packets } = await startScript(wellBehaved('7f0000051b58' + '08080808001600'));
  const reply = await announceOverUdp(destination, announce);
  expect(reply.intervalSeconds).toBe(1_800);
  expect(textOf(reply.peers)).toEqual(['127.0.0.5:7000', '8.8.8.8:22']);
  expect(packets[0]!.toString('hex')).toMatch(/^000004172710198000000000.{8}$/);
  expect(packets[1]!.toString('hex')).toMatch(
    new RegExp(
      `^0123456789abcdef00000001.{8}${infoHash}${peerId.toString('hex')}` +
        `${'0'.repeat(16)}0000000040000000${'0'.repeat(16)}0000000200000000000000070000000a1b57$`,
    ),
  );
});

test('over IPv6, peers are IPv6', async () => {
  const { destination } = await startScript(wellBehaved(`2a00${'0'.repeat(27)}11f90`), '::1');
  expect(textOf((await announceOverUdp(destination, announce)).peers)).toEqual(['2a00::1:8080']);
});

test('the path and query of the URL go along (BEP 41)', async () => {
  const { destination, packets } = await startScript(wellBehaved(''));
  const url = new URL(destination.url);
  url.pathname = '/announce/key';
  await announceOverUdp({ ...destination, url }, announce);
  expect(packets[1]!.subarray(98).toString('latin1')).toBe('\x02\x0d/announce/key\x00');
});

describe('losses and nonsense', () => {
  test('lost packets are repeated, with a fresh connection', async () => {
    const { destination, packets } = await startScript((packet, count) =>
      count <= 2 ? [count === 2 ? connectAnswer(packet) : undefined] : [undefined],
    );
    await expect(announceOverUdp(destination, announce, undefined, [50, 50, 50])).rejects.toThrow(
      'no answer within 150 ms',
    );
    expect(packets.map((packet) => packet.length)).toEqual([16, 16, 98, 16]);
  });

  test('what belongs to no question of ours is skipped', async () => {
    const { destination } = await startScript((packet) => {
      const right = wellBehaved('7f0000051b58')(packet)[0]!;
      const wrong = Buffer.from(right);
      wrong[4] = wrong[4]! ^ 0xff;
      return [Buffer.from('x'), Buffer.alloc(100), wrong, right];
    });
    expect((await announceOverUdp(destination, announce)).peers).toHaveLength(1);
  });

  test('an error is the reason it gives', async () => {
    const { destination } = await startScript((packet) => {
      const answer = Buffer.alloc(8);
      answer.writeUInt32BE(3, 0);
      packet.copy(answer, 4, 12, 16);
      return [Buffer.concat([answer, Buffer.from('not today')])];
    });
    await expect(announceOverUdp(destination, announce)).rejects.toThrow('not today');
  });

  test('a tracker that answers an announce with a connect again does not keep us talking', async () => {
    const { destination, packets } = await startScript((packet) => [connectAnswer(packet)]);
    await expect(announceOverUdp(destination, announce)).rejects.toThrow('answered an announce with connect');
    expect(packets).toHaveLength(2);
  });

  test('it can be cut off', async () => {
    const { destination, packets } = await startScript(() => []);
    const controller = new AbortController();
    const announced = expect(announceOverUdp(destination, announce, controller.signal)).rejects.toThrow('stopped');
    await eventually('its first packet', () => packets.length > 0);
    controller.abort();
    await announced;
  });

  test('where nobody listens, it does not wait', async () => {
    const destination = { url: new URL('udp://127.0.0.1:1/'), port: 1, address: parseIp('127.0.0.1') };
    await expect(announceOverUdp(destination, announce, undefined, [10_000])).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('a connection id', () => {
  const idOf = (packet: Buffer): string => packet.toString('hex', 0, 8);
  const isConnect = (packet: Buffer): boolean => packet.length === 16;
  const error = (request: Buffer, text: string): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(3, 0);
    request.copy(head, 4, 12, 16);
    return Buffer.concat([head, Buffer.from(text)]);
  };

  function start() {
    const clock = { ms: 0, nowMs: () => clock.ms };
    const connections = new UdpConnections(clock);
    return { clock, connections };
  }

  test('is used again for a minute: then an announce is one round trip', async () => {
    const { clock, connections } = start();
    const { destination, packets } = await startScript(wellBehaved(''));
    const ask = () => announceOverUdp(destination, announce, undefined, undefined, connections);
    await ask();
    clock.ms = 59_999;
    await ask();
    await scrapeOverUdp(destination, [infoHash], undefined, connections).catch(() => undefined);
    expect(packets.map(isConnect)).toEqual([true, false, false, false]);
    expect(new Set(packets.slice(1).map(idOf)).size).toBe(1);
    clock.ms = 60_000;
    await ask();
    expect(packets.slice(4).map(isConnect)).toEqual([true, false]);
    clock.ms = 0;
    await ask();
    expect(packets.slice(6).map(isConnect)).toEqual([true, false]);
  });

  test.each(['refuses', 'ignores'])(
    'that a tracker %s the second time is replaced, and not used again by and by',
    async (what) => {
      const { clock, connections } = start();
      let isFresh = false;
      const { destination, packets } = await startScript((packet) => {
        const wasFresh = isFresh;
        isFresh = isConnect(packet);
        if (isFresh || wasFresh) return wellBehaved('')(packet);
        return what === 'refuses' ? [error(packet, 'Connection ID missmatch.')] : [];
      });
      // As for an announce `stopped`, which has one try.
      const ask = () => announceOverUdp(destination, announce, undefined, [200], connections);
      for (let i = 0; i < 3; i++) expect((await ask()).intervalSeconds).toBe(1_800);
      expect(packets.map(isConnect)).toEqual([true, false, false, true, false, false, true, false]);
      packets.length = 0;
      for (let i = 0; i < 2; i++) await ask();
      expect(packets.map(isConnect)).toEqual([true, false, true, false]);
      // Once in an hour it is tried again.
      clock.ms = 3_600_000;
      packets.length = 0;
      for (let i = 0; i < 2; i++) await ask();
      expect(packets.map(isConnect)).toEqual([true, false, false, true, false]);
    },
  );

  test('is not to blame for a torrent that the tracker refuses', async () => {
    const { connections } = start();
    let refuses = false;
    const { destination, packets } = await startScript((packet) =>
      isConnect(packet) || !refuses ? wellBehaved('')(packet) : [error(packet, 'unregistered torrent')],
    );
    const ask = () => announceOverUdp(destination, announce, undefined, undefined, connections);
    await ask();
    refuses = true;
    for (let i = 0; i < 3; i++) await expect(ask()).rejects.toThrow('unregistered torrent');
    refuses = false;
    packets.length = 0;
    await ask();
    expect(packets.map(isConnect)).toEqual([false]);
  });
});
