/** Original trackers that try to harm who asks them: each costs bounded time and memory, and only peers come of it. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { parseIp } from '../../../src/domain/ip-address.js';
import { announceOverHttp } from '../../../src/upstream/announce-over-http.js';
import { announceOverUdp } from '../../../src/upstream/announce-over-udp.js';
import { MAX_HTTP_ANSWER_BYTES } from '../../../src/upstream/limits.js';
import { type Closing, infoHash, peerId, startExchange } from './original-tracker.js';

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const announce = { infoHash, peerId, port: 6_999, event: 'started', numWant: 10, key: 7 } as const;
const notRedirected = () => Promise.reject(new Error('not redirected'));

async function startHttp(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    response.on('error', () => {});
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  );
  const { port } = server.address() as { port: number };
  return { url: new URL(`http://127.0.0.1:${port}/announce`), port, address: parseIp('127.0.0.1') };
}

/** 10^5 peers, all of which may be real. */
const MANY = Buffer.concat([
  Buffer.from('d8:intervali1800e5:peers600000:'),
  Buffer.alloc(600_000, Buffer.from([8, 8, 8, 8, 0x1a, 0xe1])),
  Buffer.from('e'),
]);

describe('over HTTP', () => {
  test('an answer that trickles in is given up, and its connection closed', async () => {
    let closed = false;
    const destination = await startHttp((_, response) => {
      const timer = setInterval(() => response.write('d'), 20);
      response.on('close', () => {
        clearInterval(timer);
        closed = true;
      });
    });
    await expect(announceOverHttp(destination, announce, notRedirected, undefined, 200)).rejects.toThrow(/aborted/);
    await expect.poll(() => closed).toBe(true);
  });

  test('one without an end is cut off at the limit', async () => {
    let sent = 0;
    const destination = await startHttp((_, response) => {
      const more = (): void => {
        while (!response.destroyed) {
          sent += 65_536;
          if (!response.write(Buffer.alloc(65_536, 'x'))) return void response.once('drain', more);
        }
      };
      more();
    });
    await expect(announceOverHttp(destination, announce, notRedirected)).rejects.toThrow(
      `answered with more than ${MAX_HTTP_ANSWER_BYTES} bytes`,
    );
    // What was in the buffers of both ends.
    expect(sent).toBeLessThan(64 * 2 ** 20);
  });

  test('10^5 peers are refused plain, and cut to the limit compressed', async () => {
    const plain = await startHttp((_, response) => response.end(MANY));
    await expect(announceOverHttp(plain, announce, notRedirected)).rejects.toThrow('answered with more than');
    const packed = await startHttp((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(MANY)),
    );
    expect((await announceOverHttp(packed, announce, notRedirected)).peers).toHaveLength(1_000);
  });

  test.each([
    ['a compressed bomb', gzipSync(Buffer.alloc(50_000_000, '1')), /larger than 1048576 bytes/],
    ['an encoding that it does not have', Buffer.from('d8:intervali20ee'), /incorrect header check/],
    ['a compressed answer that is cut short', gzipSync(MANY).subarray(0, 300), /unexpected end of file/],
  ])('%s', async (_, body, message) => {
    const destination = await startHttp((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(body),
    );
    await expect(announceOverHttp(destination, announce, notRedirected)).rejects.toThrow(message);
  });
});

describe('over UDP', () => {
  async function startUdp(answers: (packet: Buffer) => Buffer[]) {
    const socket = createSocket('udp4');
    let packets = 0;
    socket.on('message', (packet, from) => {
      packets++;
      for (const answer of answers(packet)) socket.send(answer, from.port, from.address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    closing.push(() => new Promise((resolve) => socket.close(() => resolve(undefined))));
    const { port } = socket.address();
    const url = new URL(`udp://127.0.0.1:${port}/announce`);
    return { destination: { url, port, address: parseIp('127.0.0.1') }, packets: () => packets };
  }

  test('answers with wrong transaction ids are skipped, however many', async () => {
    const { destination, packets } = await startUdp((packet) =>
      Array.from({ length: 200 }, (_, i) => {
        const answer = Buffer.alloc(16);
        answer.writeUInt32BE((packet.readUInt32BE(12) ^ (i + 1)) >>> 0, 4);
        return answer;
      }),
    );
    await expect(announceOverUdp(destination, announce, undefined, [100, 100])).rejects.toThrow(
      'no answer within 200 ms',
    );
    expect(packets()).toBe(2);
  });

  test('a datagram with more peers than a client can use is cut to the limit', async () => {
    const { destination } = await startUdp((packet) => {
      const head = Buffer.alloc(packet.length === 16 ? 16 : 20);
      head.writeUInt32BE(packet.length === 16 ? 0 : 1, 0);
      packet.copy(head, 4, 12, 16);
      const peers = Buffer.alloc(packet.length === 16 ? 0 : 10_000 * 6, Buffer.from([8, 8, 8, 8, 0x1a, 0xe1]));
      return [Buffer.concat([head, peers])];
    });
    expect((await announceOverUdp(destination, announce)).peers).toHaveLength(1_000);
  });
});

test('an original that is slow does not keep another from being asked', async () => {
  const silent = await startHttp(() => {});
  const good = await startHttp((_, response) => response.end('d8:intervali1800e5:peers6:\x7f\x00\x00\x05\x1b\x58e'));
  const { exchange } = startExchange(closing);
  const hashes = Array.from({ length: 100 }, (_, n) => n.toString(16).padStart(40, '0') as typeof infoHash);
  for (const hash of hashes) void exchange.request(hash, [silent.url.href], { family: 4, want: 1 });
  const outcome = await exchange.request(infoHash, [good.url.href], { family: 4, want: 1 });
  expect(outcome.trackers[0]!.result).toBe('answered');
  const at = exchange.originals().find(({ name }) => name === silent.url.origin)!;
  expect(at).toMatchObject({ active: 8, waiting: 92 });
});
