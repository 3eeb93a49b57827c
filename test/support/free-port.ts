/**
 * A port that is free over TCP and UDP, for configurations that must name one. It lies below those that the kernel gives
 * to whoever binds port 0 or connects (Linux: 32768 and up, `ip_local_port_range` in ip(7)): one of those could be taken by
 * another test, or by the program itself, before the program listens there.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const LOWEST = 10_000;
const EPHEMERAL = 32_768;
const MAX_TRIES = 100;

export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = randomInt(LOWEST, EPHEMERAL);
    if ((await isFreeTcp(port, host)) && (await isFreeUdp(port, host))) return port;
  }
  throw new Error(`no free port on ${host} in ${MAX_TRIES} tries`);
}

function isFreeTcp(port: number, host: string): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

function isFreeUdp(port: number, host: string): Promise<boolean> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(port, host, () => socket.close(() => resolve(true)));
  });
}
