/**
 * The ports that `coverPorts` opens beside those of `listen`: where torrents announce to redirected names. They are chosen when
 * the tracker starts. One that cannot be opened must not keep the tracker from starting, so each is tried first.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { messageOf } from '../domain/errors.js';
import { listenError } from '../net/listen-error.js';
import type { ListenUrl } from '../net/listen-url.js';

export interface CoveredPorts {
  readonly listen: readonly ListenUrl[];
  /** One line for each that cannot be opened, and what to do. */
  readonly problems: readonly string[];
}

export const NOTHING_COVERED: CoveredPorts = { listen: [], problems: [] };

export async function openablePorts(wanted: readonly ListenUrl[]): Promise<CoveredPorts> {
  const listen: ListenUrl[] = [];
  const problems: string[] = [];
  for (const each of wanted) {
    try {
      await (each.protocol === 'udp' ? tryUdp(each) : tryTcp(each));
      listen.push(each);
    } catch (cause) {
      problems.push(messageOf(listenError(each, { cause, key: 'tracker.coverPorts' })));
    }
  }
  return { listen, problems };
}

function tryUdp({ host, port }: ListenUrl): Promise<void> {
  const socket = host.includes(':') ? createSocket({ type: 'udp6', ipv6Only: true }) : createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.on('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, host, () => socket.close(() => resolve()));
  });
}

function tryTcp({ host, port }: ListenUrl): Promise<void> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen({ host, port, ipv6Only: true }, () => server.close(() => resolve()));
  });
}
