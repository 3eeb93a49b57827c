/** A real original tracker (bittorrent-tracker's Server) on loopback with peers in it, and what an exchange needs. */
import { createSocket } from 'node:dgram';
import { type EventEmitter, once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import * as bittorrentTracker from 'bittorrent-tracker';
import { decode, encode } from 'dns-packet';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { formatIp } from '../../../src/domain/ip-address.js';
import { createRandom } from '../../../src/domain/random.js';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { createNameResolver, type NameResolver } from '../../../src/net/name-resolver.js';
import type { ForeignPeer } from '../../../src/upstream/tracker-contact.js';
import {
  createUpstreamExchange,
  type UpstreamExchange,
  type UpstreamExchangeOptions,
} from '../../../src/upstream/upstream-exchange.js';

export type Closing = () => Promise<unknown>;
export const clock = { nowMs: () => Date.UTC(2026, 10, 22) };
export const infoHash = 'a'.repeat(40) as InfoHash;
export const otherHash = 'b'.repeat(40) as InfoHash;
export const peerId = Buffer.from('-AL0100-000000000001');

/** As much of bittorrent-tracker's Server as the tests use. */
interface TrackerServer extends EventEmitter {
  readonly http: HttpServer;
  readonly torrents: Readonly<Record<string, { readonly peers: { readonly keys: readonly string[] } }>>;
  listen(port: { http: number; udp: number }, hostname: { http: string; udp: string; udp6: string }): void;
  close(done: () => void): void;
}
interface Announced {
  readonly event: string;
  readonly left: number;
  readonly port: number;
  readonly addr: string;
  readonly numwant: number;
}
const Server = bittorrentTracker.Server as unknown as new (options: {
  ws: boolean;
  stats: boolean;
  interval: number;
  filter: (infoHash: string, announced: Announced, callback: (error: Error | null) => void) => void;
}) => TrackerServer;

export interface OriginalTracker {
  readonly udpUrl: string;
  readonly httpUrl: string;
  readonly server: TrackerServer;
  /** Every announce it got, in order: `started`, `stopped`, `update`. */
  readonly announces: Announced[];
}

/** @param peers `port` or `port seed`, known to the tracker under `infoHash` at 127.0.0.1 */
export async function startTracker(
  closing: Closing[],
  options: { intervalMs?: number; refuse?: string } = {},
): Promise<OriginalTracker> {
  const announces: OriginalTracker['announces'] = [];
  const server = new Server({
    ws: false,
    stats: false,
    interval: options.intervalMs ?? 1_800_000,
    filter: (_hash, parameters, callback) => {
      // Scrapes do not come here.
      const { event, left, port, addr, numwant } = parameters;
      announces.push({ event, left, port, addr, numwant });
      callback(options.refuse === undefined ? null : new Error(options.refuse));
    },
  });
  server.on('warning', () => {});
  const udpPort = await freeUdpPort();
  server.listen({ http: 0, udp: udpPort }, { http: '127.0.0.1', udp: '127.0.0.1', udp6: '::1' });
  await once(server, 'listening');
  closing.push(
    () =>
      new Promise((resolve) => {
        server.http.closeAllConnections();
        server.close(() => resolve(undefined));
      }),
  );
  const httpPort = (server.http.address() as { port: number }).port;
  return {
    udpUrl: `udp://127.0.0.1:${udpPort}/announce`,
    httpUrl: `http://127.0.0.1:${httpPort}/announce`,
    server,
    announces,
  };
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** Announces peers by hand, so that their addresses are ours to choose. */
export async function joinSwarm(
  tracker: OriginalTracker,
  ports: readonly number[],
  options: { left?: number; infoHash?: string } = {},
): Promise<void> {
  for (const port of ports) {
    const hash = (options.infoHash ?? infoHash).replace(/../g, '%$&');
    const id = `-PEER00-${String(port).padStart(12, '0')}`;
    const query = `info_hash=${hash}&peer_id=${id}&port=${port}&uploaded=0&downloaded=0&left=${options.left ?? 100}&event=started`;
    const response = await fetch(`${tracker.httpUrl}?${query}`);
    await response.arrayBuffer();
  }
  tracker.announces.length = 0;
}

export interface Received {
  readonly infoHash: InfoHash;
  readonly peers: readonly ForeignPeer[];
  readonly ttlSeconds: number;
}

export function startExchange(
  closing: Closing[],
  options: Partial<UpstreamExchangeOptions> = {},
): { exchange: UpstreamExchange; received: Received[] } {
  const received: Received[] = [];
  const exchange = createUpstreamExchange({
    resolver: noNames,
    ownEndpoints: () => [],
    announcePort: 6_999,
    peerId,
    clock,
    random: createRandom(1),
    onPeers: async (hash, peers, ttlSeconds) => {
      received.push({ infoHash: hash, peers, ttlSeconds });
      return peers.length;
    },
    blockedReason: () => undefined,
    limits: () => ({ requestsPerSecond: 1_000, concurrentRequests: 8, requestsPerHour: 20_000 }),
    lab: true,
    ...options,
  });
  closing.push(() => exchange.stop());
  return { exchange, received };
}

export function portsOf(peers: readonly ForeignPeer[]): number[] {
  return peers.map((peer) => peer.port).sort((a, b) => a - b);
}

export function textOf(peers: readonly ForeignPeer[]): string[] {
  return peers.map((peer) => `${formatIp(peer.address)}:${peer.port}`).sort();
}

export const noNames: NameResolver = {
  addresses: (name) => Promise.reject(new Error(`unexpected look-up of ${name}`)),
  texts: () => Promise.resolve([]),
};

/** A tiny DNS server: names → addresses and TXT records. */
export async function startNames(
  closing: Closing[],
  names: Readonly<Record<string, { address?: string; text?: string }>>,
): Promise<{ endpoint: Endpoint; resolver: NameResolver; asked: string[] }> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (packet, from) => {
    const query = decode(packet);
    const { name, type } = query.questions![0]!;
    asked.push(`${name} ${type}`);
    const entry = names[name];
    const answers = [
      ...(type === 'A' && entry?.address ? [{ name, type: 'A', ttl: 60, data: entry.address }] : []),
      ...(type === 'TXT' && entry?.text ? [{ name, type: 'TXT', ttl: 60, data: entry.text }] : []),
    ];
    const flags = 0x0180 | (entry ? 0 : 3);
    socket.send(
      encode({ id: query.id!, type: 'response', flags, questions: query.questions!, answers }),
      from.port,
      from.address,
    );
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(() => new Promise((resolve) => socket.close(() => resolve(undefined))));
  const endpoint = { host: '127.0.0.1', port: socket.address().port };
  return { endpoint, resolver: createNameResolver([endpoint], clock), asked };
}
