/** Debian's opentracker on loopback. It serves only a list of torrents, and never runs as root. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '../../src/net/endpoint.js';
import { encodeUdpConnect } from '../../src/wire/udp-client-packets.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

/** @param infoHashes 40 hexadecimal digits each. @param closing gets a function that ends it */
export async function startOpentracker(
  infoHashes: readonly string[],
  closing: (() => Promise<unknown>)[],
): Promise<Endpoint> {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-opentracker-'));
  // It reads the list as `nobody`, with this directory as its root.
  chmodSync(directory, 0o755);
  writeFileSync(join(directory, 'whitelist'), `${infoHashes.join('\n')}\n`, { mode: 0o644 });
  const [host, port] = ['127.0.0.1', await freePort()];
  const listen = ['-i', host, '-p', String(port), '-P', String(port)];
  const child = spawn('opentracker', [...listen, '-d', directory, '-u', 'nobody', '-w', '/whitelist'], {
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  closing.push(async () => {
    child.kill('SIGKILL');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  });
  const socket = createSocket('udp4');
  let isUp = false;
  socket.on('message', () => {
    isUp = true;
  });
  socket.on('error', () => {});
  try {
    await eventually('opentracker answers', () => {
      socket.send(encodeUdpConnect(1), port, host);
      return isUp;
    });
  } finally {
    socket.close();
  }
  return { host, port };
}
