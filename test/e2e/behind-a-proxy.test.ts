/** Behind a load balancer or a reverse proxy, as the configuration says: whose address counts, and who is let in. */
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { LAB_CONFIG, type RunningApp, startLabApp } from '../support/lab-app.js';

const CLIENT = '127.1.0.7';
const BALANCER = '127.9.0.1';
const hash = '%6f'.repeat(20);
const announce = (headers = ''): string =>
  `GET /announce?info_hash=${hash}&peer_id=${'a'.repeat(20)}&port=6881&left=1&compact=1 HTTP/1.0\r\n${headers}\r\n`;

let running: RunningApp;
afterEach(() => running.stop());

function start(transport: string, settings: string): Promise<RunningApp> {
  const tracker = `tracker: { transport: ${transport}, trustedProxies: [${BALANCER}/32], ${settings}`;
  return startLabApp(LAB_CONFIG.replace('tracker: {', tracker));
}

/** @returns all that came until the connection was closed */
function send(from: string, text: string): Promise<string> {
  const { host, port } = running.endpoint('tracker', 'http');
  return new Promise((resolve) => {
    let all = '';
    const socket = connect({ host, port, localAddress: from });
    socket.on('data', (chunk: Buffer) => {
      all += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(all));
    socket.write(text);
  });
}

/** The address by which the tracker knows the client, out of its answer. */
function seenAs(answer: string): string | undefined {
  const bytes = /external ip4:([\s\S]{4})/.exec(answer)?.[1];
  return bytes && [...bytes].map((each) => each.charCodeAt(0)).join('.');
}

describe.each(['portable', 'auto'])('with the %s transport', (transport) => {
  it('a listener of proxyProtocol takes the address out of the PROXY header, and only from the balancer', async () => {
    running = await start(transport, 'proxyProtocol: ["http://127.0.0.1:0"],');
    const header = `PROXY TCP4 ${CLIENT} 127.0.0.1 4711 80\r\n`;
    expect(seenAs(await send(BALANCER, header + announce()))).toBe(CLIENT);
    expect(await send(BALANCER, announce())).not.toContain('interval');
    expect(await send('127.3.0.1', header + announce())).toBe('');
  });

  it('elsewhere X-Forwarded-For counts, and only from the proxy', async () => {
    running = await start(transport, '');
    const header = `X-Forwarded-For: ${CLIENT}\r\n`;
    expect(seenAs(await send(BALANCER, announce(header)))).toBe(CLIENT);
    expect(seenAs(await send('127.3.0.1', announce(header)))).toBe('127.3.0.1');
    expect(await send(BALANCER, `PROXY TCP4 ${CLIENT} 127.0.0.1 4711 80\r\n${announce()}`)).not.toContain('interval');
  });
});
