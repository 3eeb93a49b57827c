/** The tracker of the lab's torrents: bittorrent-tracker's own server, UDP and HTTP on one address and port. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'bittorrent-tracker';
import type { Endpoint } from '../net/endpoint.js';

const INTERVAL_MS = 120_000;

export interface OriginalTracker {
  readonly endpoint: Endpoint;
  /** Its counts for a swarm; undefined if it has none. */
  swarm(infoHash: string): { readonly complete: number; readonly incomplete: number } | undefined;
  stop(): Promise<void>;
}

/** @throws Error (with `code`) if the address cannot be bound */
export async function startOriginalTracker(listen: Endpoint): Promise<OriginalTracker> {
  // The sockets are created here: by default the package would also bind every IPv6 address.
  const server = new Server({ udp: false, http: false, ws: false, stats: false, interval: INTERVAL_MS });
  server.on('warning', () => {}); // a malformed announce; the client has been told
  server.on('error', () => {});

  const http = createServer((request, response) => {
    try {
      server.onHttpRequest(request, response);
    } catch {
      response.destroy(); // the package throws for some requests that it cannot read
    }
  });
  http.listen(listen.port, listen.host);
  await once(http, 'listening');
  http.on('error', () => {}); // out of file descriptors: the connection is lost, the listener is not
  const { port } = http.address() as AddressInfo;

  const udp = createSocket('udp4');
  server.udp4 = udp;
  udp.on('message', (message, remote) => {
    try {
      server.onUdpRequest(message, remote);
    } catch {
      // As above; also, a source port of 0 cannot receive an answer.
    }
  });
  try {
    udp.bind(port, listen.host);
    await once(udp, 'listening');
  } catch (thrown) {
    http.close();
    throw thrown;
  }
  udp.on('error', () => {});

  return {
    endpoint: { host: listen.host, port },
    swarm: (infoHash) => server.torrents[infoHash],
    stop: async () => {
      http.closeAllConnections();
      await Promise.all([
        new Promise((done) => http.close(done)),
        new Promise<void>((done) => udp.close(() => done())),
      ]);
    },
  };
}
