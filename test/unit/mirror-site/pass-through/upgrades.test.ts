/** WebSockets in an original's place, and other offers to change the protocol. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { eventually } from '../../../support/eventually.js';
import { createForum } from '../../../support/forum-site.js';
import { exchange } from '../../../support/raw-http.js';
import { type StandIn, startStandIn } from '../../../support/stand-in.js';

let standIn: StandIn;
afterEach(() => standIn.stop());

function open(path: string, from?: string): WebSocket {
  const headers = { Host: standIn.host };
  return new WebSocket(`ws://127.0.0.1:${standIn.port}${path}`, ['chat'], {
    headers,
    ...(from && { localAddress: from }),
  });
}

/** An original that sends back what it gets. */
function echo(): { server: ReturnType<typeof createServer>; sockets: WebSocketServer } {
  const server = createServer((_, response) => response.end('page'));
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'chat' });
  sockets.on('connection', (client) => {
    client.on('error', () => client.terminate());
    client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
  });
  return { server, sockets };
}

test('messages of every size go both ways, with compression and protocol as agreed, until either side ends', async () => {
  const { server, sockets } = echo();
  standIn = await startStandIn(server);
  const client = open('/chat');
  await once(client, 'open');
  expect(client.protocol).toBe('chat');
  for (const size of [0, 1, 125, 70_000, 3_000_000]) {
    const message = Buffer.alloc(size, size);
    client.send(message);
    const [answer] = (await once(client, 'message')) as [Buffer];
    expect(answer.equals(message)).toBe(true);
  }
  client.close(4_000, 'bye');
  const [code] = (await once(client, 'close')) as [number];
  expect(code).toBe(4_000);
  const second = open('/chat');
  await once(second, 'open');
  for (const each of sockets.clients) each.terminate();
  await once(second, 'close');
  await eventually('places given back', () => standIn.passThrough.underWay === 0);
});

test('a reader whose connection breaks ends the original’s connection', async () => {
  const { server, sockets } = echo();
  standIn = await startStandIn(server);
  const client = open('/chat');
  await once(client, 'open');
  client.terminate();
  await eventually('no client at the original', () => sockets.clients.size === 0);
  await eventually('places given back', () => standIn.passThrough.underWay === 0);
});

test('an original that declines is heard', async () => {
  standIn = await startStandIn(createForum().server);
  const client = open('/nothing');
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(403);
  client.on('error', () => undefined);
  client.terminate();
});

test('an original that is down is a failure of this connection alone', async () => {
  standIn = await startStandIn(createServer());
  standIn.original.close();
  const client = open('/chat');
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(502);
  client.on('error', () => undefined);
  client.terminate();
});

test('what is not a WebSocket, or not in an original’s place, is answered as without the offer', async () => {
  standIn = await startStandIn((request, response) => response.end(`page, ${request.headers.upgrade}`));
  const ask = (host: string, lines: string): Promise<string> =>
    exchange(standIn.port, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n\r\n`);
  const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__';
  expect(await ask(standIn.host, h2c)).toMatch(/^HTTP\/1.1 200 [\s\S]*page, undefined/);
  expect(await ask('mirror.example', 'Connection: Upgrade\r\nUpgrade: websocket')).toMatch(/^HTTP\/1.1 200 [\s\S]*ok/);
  expect(await ask(standIn.host, `${h2c}\r\nContent-Length: 3`)).toMatch(/^HTTP\/1.1 400 /);
});

test('bytes that follow the request at once reach the original', async () => {
  const raw = createServer();
  const received: Buffer[] = [];
  raw.on('upgrade', (_, socket, head) => {
    received.push(head);
    socket.on('data', (chunk: Buffer) => received.push(chunk));
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Own: 1\r\n\r\nfirst',
    );
  });
  standIn = await startStandIn(raw);
  const socket = connect(standIn.port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(`GET / HTTP/1.1\r\nHost: ${standIn.host}\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\r\nearly`);
  await eventually('both directions', () => Buffer.concat(received).toString() === 'early' && text.endsWith('first'));
  expect(text).toContain('X-Own: 1');
  socket.destroy();
});

test('one subscriber has so many, others go on', async () => {
  const { server } = echo();
  standIn = await startStandIn(server, { passThrough: { limits: { requestsPerClient: 1, upgrades: 2 } } });
  const first = open('/chat');
  await once(first, 'open');
  const second = open('/chat');
  const [, response] = (await once(second, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(503);
  second.on('error', () => undefined);
  second.terminate();
  const other = open('/chat', '127.0.0.9');
  await once(other, 'open');
  other.terminate();
  first.terminate();
});
