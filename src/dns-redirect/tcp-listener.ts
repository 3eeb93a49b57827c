/**
 * DNS over TCP (RFC 7766): many queries on one connection, each answered when its answer is ready, in any order. Limits
 * connections, queries in flight and unread answers of a connection, and its idle time.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { formatIp, type IpAddress, parseIp } from '../domain/ip-address.js';
import type { Endpoint } from '../net/endpoint.js';
import {
  MAX_QUERY_BYTES,
  MAX_TCP_CONNECTIONS,
  MAX_TCP_CONNECTIONS_PER_CLIENT,
  MAX_TCP_PIPELINED,
  MAX_TCP_UNREAD_BYTES,
  TCP_IDLE_TIMEOUT_MS,
} from './limits.js';
import { frameMessage, MessageReader } from './wire/message-stream.js';

export interface TcpListener {
  readonly port: number;
  close(): Promise<void>;
}

export interface TcpListenerOptions {
  readonly answer: (packet: Buffer, client: IpAddress) => Promise<Buffer | undefined>;
  readonly onConnectionRefused: () => void;
  readonly idleTimeoutMs?: number;
}

/** @throws Error (with `code`) if the address or port cannot be bound */
export async function openTcpListener(endpoint: Endpoint, options: TcpListenerOptions): Promise<TcpListener> {
  const sockets = new Set<Socket>();
  const perClient = new Map<string, number>();
  // A client may close its half after its last question (RFC 7766 section 6.2.4), and still gets the answers.
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const client = clientOf(socket);
    const key = client && formatIp(client);
    const held = key === undefined ? 0 : (perClient.get(key) ?? 0);
    if (!client || key === undefined || held >= MAX_TCP_CONNECTIONS_PER_CLIENT || sockets.size >= MAX_TCP_CONNECTIONS) {
      options.onConnectionRefused();
      socket.destroy();
      return;
    }
    sockets.add(socket);
    perClient.set(key, held + 1);
    socket.on('close', () => {
      sockets.delete(socket);
      const left = (perClient.get(key) ?? 1) - 1;
      if (left > 0) perClient.set(key, left);
      else perClient.delete(key);
    });
    serveConnection(socket, client, options);
  });
  const listening = once(server, 'listening');
  server.listen({ port: endpoint.port, host: endpoint.host, ipv6Only: true });
  await listening;
  server.on('error', () => {});
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : endpoint.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function serveConnection(socket: Socket, client: IpAddress, options: TcpListenerOptions): void {
  const reader = new MessageReader(MAX_QUERY_BYTES);
  let pending = 0;
  let ended = false;
  // The timer counts from the last byte either way, so a slow trickle of one query cannot hold a connection past
  // MAX_QUERY_BYTES times the timeout, and an upstream resolver always answers or fails sooner.
  socket.setTimeout(options.idleTimeoutMs ?? TCP_IDLE_TIMEOUT_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  const finishIfDone = (): void => {
    if (ended && pending === 0) socket.end();
  };
  const takeQueries = (): void => {
    while (pending < MAX_TCP_PIPELINED) {
      const packet = reader.next();
      if (packet === undefined) break;
      pending++;
      void options.answer(packet, client).then((reply) => {
        pending--;
        if (socket.destroyed) return;
        // There is no answer over TCP if the message was not a query. Then the rest of the stream is not read.
        if (reply === undefined || socket.writableLength > MAX_TCP_UNREAD_BYTES) {
          socket.destroy();
          return;
        }
        socket.write(frameMessage(reply));
        takeSafely();
      });
    }
    if (pending >= MAX_TCP_PIPELINED) socket.pause();
    else socket.resume();
    finishIfDone();
  };
  const takeSafely = (): void => {
    try {
      takeQueries();
    } catch {
      socket.destroy(); // the rest of the stream cannot be read
    }
  };
  socket.on('data', (chunk) => {
    reader.push(chunk);
    takeSafely();
  });
  socket.on('end', () => {
    ended = true;
    finishIfDone();
  });
}

function clientOf(socket: Socket): IpAddress | undefined {
  // Undefined if the client disconnected before it was accepted.
  return socket.remoteAddress === undefined ? undefined : parseIp(socket.remoteAddress.replace(/%.*$/, ''));
}
