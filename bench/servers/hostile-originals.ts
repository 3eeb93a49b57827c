/**
 * Original trackers that try to harm who asks them. Prints `ready`, and for each line that it reads one line of JSON: their
 * announce URLs by what they do.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { gzipSync } from 'node:zlib';

const PEERS = 100_000;
const HUGE_BYTES = 1_000_000_000;
const BOMB_BYTES = 50_000_000;
const CHUNK = Buffer.alloc(65_536, 'x');

/** 10^5 peers: victims and ourselves among them. */
function manyPeers(): Buffer {
  const peers = Buffer.alloc(6 * PEERS);
  for (let i = 0; i < PEERS; i++) {
    peers.writeUInt32BE(i % 3 === 0 ? 0x0a000000 + i : i % 3 === 1 ? 0x7f010001 : 0xe0000001, 6 * i);
    peers.writeUInt16BE(i % 5 === 0 ? 0 : 6_881, 6 * i + 4);
  }
  return Buffer.concat([Buffer.from(`d8:intervali20e5:peers${peers.length}:`), peers, Buffer.from('e')]);
}

const many = gzipSync(manyPeers());
const bomb = gzipSync(Buffer.alloc(BOMB_BYTES, '1'));

const HTTP: Readonly<Record<string, (response: ServerResponse, path: string) => void>> = {
  slow: (response) => {
    const timer = setInterval(() => response.write('d'), 1_000);
    response.on('close', () => clearInterval(timer));
  },
  silent: () => {},
  huge: (response) => {
    let sent = 0;
    const more = (): void => {
      while (sent < HUGE_BYTES) {
        sent += CHUNK.length;
        if (!response.write(CHUNK)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  },
  'wrong encoding': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('d8:intervali20ee'),
  'compressed bomb': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
  '10^5 peers': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(many),
  'redirect loop': (response, path) => response.writeHead(302, { location: path }).end(),
  nested: (response) => response.end('l'.repeat(200_000)),
};

const urls: Record<string, string> = {};
for (const [name, answer] of Object.entries(HTTP)) {
  const server = createServer((request, response) => {
    response.on('error', () => {});
    answer(response, request.url!);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  urls[name] = `http://127.0.0.1:${(server.address() as { port: number }).port}/announce`;
}
const udp = createSocket('udp4');
udp.on('message', (packet, from) => {
  const answer = Buffer.alloc(16);
  packet.copy(answer, 4, 12, 16);
  answer.writeUInt32BE((answer.readUInt32BE(4) ^ 1) >>> 0, 4);
  for (let i = 0; i < 10; i++) udp.send(answer, from.port, from.address);
});
udp.bind(0, '127.0.0.1');
await once(udp, 'listening');
urls['wrong transaction ids'] = `udp://127.0.0.1:${udp.address().port}/announce`;

console.log('ready');
for await (const _ of createInterface({ input: process.stdin })) console.log(JSON.stringify(urls));
