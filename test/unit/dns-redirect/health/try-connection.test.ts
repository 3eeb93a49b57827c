import { execFile } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import type { AnnounceProtocol } from '../../../../src/dns-redirect/coverage/announce-usage.js';
import { tryConnection } from '../../../../src/dns-redirect/health/try-connection.js';
import { parseIp } from '../../../../src/domain/ip-address.js';
import { freePort } from '../../../support/free-port.js';

const LONG_MS = 60_000;
const VECTORS = join(import.meta.dirname, '../../../vectors/tls');
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const attempt = (protocol: AnnounceProtocol, port: number, timeoutMs = LONG_MS, certificateFor?: string) => {
  const named = certificateFor === undefined ? {} : { certificateFor };
  return tryConnection({ target: 'mirror', protocol, address: parseIp('127.0.0.1'), port, ...named }, timeoutMs);
};

async function listening(server: Server | TcpServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  closing.push(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function udpServer(answer: (packet: Buffer, reply: (bytes: Buffer) => void) => void): Promise<number> {
  const socket: Socket = createSocket('udp4');
  socket.on('message', (packet, from) => answer(packet, (bytes) => socket.send(bytes, from.port, from.address)));
  socket.bind(0, '127.0.0.1');
  closing.push(() => socket.close());
  await once(socket, 'listening');
  return socket.address().port;
}

/** BEP 15: action 0, the transaction id, a connection id. */
const connected = (packet: Buffer, action = 0): Buffer =>
  Buffer.concat([Buffer.from([0, 0, 0, action]), packet.subarray(12, 16), Buffer.alloc(8, 1)]);

test('HTTP: any answer but that of a broken gateway counts, and the request asks for nothing', async () => {
  let status = 405;
  const seen: string[] = [];
  const port = await listening(
    createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.host}`);
      response.writeHead(status).end();
    }),
  );
  expect(await attempt('http', port)).toBeUndefined();
  expect(seen).toEqual([`OPTIONS * 127.0.0.1:${port}`]);
  status = 502;
  expect(await attempt('http', port)).toBe('answered 502');
});

test('what is not HTTP, closes, or says nothing fails', async () => {
  const gibberish = await listening(createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-x\r\n')));
  expect(await attempt('http', gibberish)).toBe('answered with something other than HTTP');
  const closes = await listening(createTcpServer((socket) => socket.destroy()));
  expect(await attempt('http', closes)).toMatch(/closed the connection|ECONNRESET/);
  const silent = await listening(createTcpServer((socket) => void closing.push(() => socket.destroy())));
  expect(await attempt('http', silent, 50)).toBe('no answer within 0.05 s');
  expect(await attempt('https', silent, 50)).toBe('no answer within 0.05 s');
  expect(await attempt('http', await freePort())).toBe('nothing listens there');
  expect(await attempt('https', await freePort())).toBe('nothing listens there');
});

test('HTTPS: the certificate must be for the name, and trusted', async () => {
  const [key, cert] = ['key', 'cert'].map((part) => readFileSync(join(VECTORS, `one.${part}.pem`)));
  const asked: (string | undefined)[] = [];
  const server = createHttpsServer({ key: key!, cert: cert! }, ({ headers }, response) => {
    asked.push(headers.host);
    response.end();
  });
  const port = await listening(server);
  expect(await attempt('https', port, LONG_MS, 'other.test')).toBe('its certificate is not for other.test');
  const untrusted = await attempt('https', port, LONG_MS, 'tracker-one.test');
  expect(untrusted).toBe('its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)');
  expect(asked).toEqual([]);
});

test('HTTPS: with a trusted certificate for the name it succeeds, and asks under the name', async () => {
  // Node.js reads further roots at its start, so the check runs in a process of its own.
  const script = `
    import { createServer } from 'node:https';
    import { readFileSync } from 'node:fs';
    import { tryConnection } from ${JSON.stringify(join(import.meta.dirname, '../../../../dist/dns-redirect/health/try-connection.js'))};
    const [key, cert] = ['key', 'cert'].map((part) => readFileSync(${JSON.stringify(VECTORS)} + '/one.' + part + '.pem'));
    const server = createServer({ key, cert }, ({ headers }, response) => response.end(console.log(headers.host)));
    server.listen(0, '127.0.0.1', async () => {
      const address = { family: 4, words: [0x7f000001] };
      const check = { target: 'mirror', protocol: 'https', address, port: server.address().port, certificateFor: 'tracker-one.test' };
      console.log(await tryConnection(check, 60_000));
      server.close();
    });`;
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(VECTORS, 'one.cert.pem') };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
  expect(stdout).toBe('tracker-one.test\nundefined\n');
});

test('UDP: the answer to a connect counts, with its transaction id', async () => {
  expect(await attempt('udp', await udpServer((packet, reply) => reply(connected(packet))))).toBeUndefined();
  const other = await udpServer((packet, reply) => {
    reply(connected(Buffer.alloc(16)));
    reply(connected(packet));
  });
  expect(await attempt('udp', other)).toBeUndefined();
  const errors = await udpServer((packet, reply) => reply(connected(packet, 3)));
  expect(await attempt('udp', errors)).toBe('answered a connect with error');
  const gibberish = await udpServer((_, reply) => reply(Buffer.from('x')));
  expect(await attempt('udp', gibberish)).toBe('answered with a packet that is not of BEP 15');
  expect(await attempt('udp', await udpServer(() => {}), 50)).toBe('no answer within 0.05 s');
  expect(await attempt('udp', await freePort())).toBe('nothing listens there');
});
