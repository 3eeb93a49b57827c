/**
 * One http or https listener on node:net and node:tls. It manages connections, their number and their deadlines. The
 * handler parses and answers, as on the other transport.
 */
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { fillRemoteAddress } from '../fill-remote-address.js';
import { MAX_PROXY_HEADER_BYTES, PROXY_INCOMPLETE, readProxyHeader } from '../proxy-protocol.js';
import {
  type HttpListener,
  type HttpRequestHandler,
  LATER_TIMEOUT_MS,
  type ListenAddress,
  type ProxyTrust,
  RemoteAddress,
  type TransportCounters,
  type TransportLimits,
} from '../transport.js';
import { bindEitherFamily } from './bind-either-family.js';
import type { Certificate } from './certificate.js';
import { type ConnectionShared, createOutput, HttpConnection } from './http-connection.js';

/** Length of the accept queue; the kernel limits it to net.core.somaxconn. */
const BACKLOG = 4_096;
/** Deadlines are checked this many times within the shorter timeout. */
const CHECKS_PER_TIMEOUT = 8;

export interface HttpListenerOptions {
  readonly address: ListenAddress;
  readonly handler: HttpRequestHandler;
  readonly limits: TransportLimits;
  readonly certificate: Certificate | null;
  readonly proxies: ProxyTrust | null;
  readonly counters: TransportCounters;
  readonly onBatch: () => void;
  readonly nowMs: () => number;
  readonly duplicate: DuplicateDescriptor;
}

/** @returns another descriptor of the same socket */
export type DuplicateDescriptor = (descriptor: number) => number;

/** Anything with a deadline: a connection, or one whose PROXY header has not arrived. */
interface OpenConnection {
  deadlineMs: number;
}

/** @throws OperatorError if the address cannot be bound */
export async function listenHttpPortably(options: HttpListenerOptions): Promise<HttpListener> {
  const { address, limits, counters, certificate, nowMs } = options;
  const shared: ConnectionShared = {
    handler: options.handler,
    output: createOutput(),
    requestTimeoutMs: limits.requestTimeoutMs,
    keepAliveTimeoutMs: limits.keepAliveTimeoutMs,
    nowMs,
    onBatch: options.onBatch,
    waiting: new Map(),
    lastTicket: 0,
  };
  const guests = new Map<Socket, OpenConnection>();

  const serve = (socket: Socket, remote: RemoteAddress): void => {
    if (certificate === null) {
      guests.set(socket, new HttpConnection(socket, remote, shared));
      return;
    }
    const secure = new TLSSocket(socket, { isServer: true, secureContext: certificate.context });
    secure.on('error', () => socket.destroy());
    guests.set(socket, new HttpConnection(secure, remote, shared));
  };

  const welcome = (socket: Socket): void => {
    counters.connectionsAccepted++;
    options.onBatch();
    socket.on('error', () => socket.destroy());
    if (guests.size >= limits.maxConnections || socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    counters.connectionsOpen++;
    guests.set(socket, { deadlineMs: nowMs() + limits.requestTimeoutMs });
    socket.on('close', () => {
      if (guests.delete(socket)) counters.connectionsOpen--;
    });
    const remote = new RemoteAddress();
    fillRemoteAddress(remote, socket.remoteAddress, socket.remotePort ?? 0);
    if (options.proxies === null) serve(socket, remote);
    else if (options.proxies(remote)) readProxyHeaderFirst(socket, remote, serve);
    else socket.destroy();
  };
  const server = await openServer(options);
  server.on('connection', welcome);

  const shortestMs = Math.min(limits.requestTimeoutMs, limits.keepAliveTimeoutMs, LATER_TIMEOUT_MS);
  const timer = setInterval(
    () => {
      const now = nowMs();
      for (const [socket, guest] of guests) {
        if (guest.deadlineMs > now) continue;
        counters.connectionsTimedOut++;
        socket.destroy();
      }
    },
    Math.ceil(shortestMs / CHECKS_PER_TIMEOUT),
  );
  timer.unref();

  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
  const listener: HttpListener = {
    address: { protocol: address.protocol, host: address.host, port },
    answer: (ticket, bytes, start, length, close) => {
      shared.waiting.get(ticket)?.answer(bytes, start, length, close);
    },
    close: () => {
      clearInterval(timer);
      server.close();
      certificate?.close();
      for (const socket of guests.keys()) socket.destroy();
    },
  };
  if (certificate !== null) listener.useCertificate = (pair) => certificate.use(pair);
  return listener;
}

/** Reads the PROXY header, passes the client's address to `serve`, and returns the remaining bytes to the socket. */
function readProxyHeaderFirst(
  socket: Socket,
  remote: RemoteAddress,
  serve: (socket: Socket, remote: RemoteAddress) => void,
): void {
  let received: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    const length = readProxyHeader(received, remote);
    if (length === PROXY_INCOMPLETE && received.length < MAX_PROXY_HEADER_BYTES) return;
    socket.off('data', onData);
    socket.off('end', onEnd);
    if (length <= 0) {
      socket.destroy();
      return;
    }
    socket.pause();
    const rest = received.subarray(length);
    if (rest.length > 0) socket.unshift(rest);
    serve(socket, remote);
    socket.resume();
  };
  const onEnd = (): void => {
    socket.destroy();
  };
  socket.on('data', onData);
  socket.on('end', onEnd);
}

function openServer({ address, duplicate }: HttpListenerOptions): Promise<Server> {
  const { descriptor, port } = address;
  if (descriptor === undefined) {
    return bindEitherFamily(address, ({ host, ipv6Only }) => listen({ host, port, ipv6Only, exclusive: true }));
  }
  // Node.js closes the descriptor with the server.
  return listen({ fd: duplicate(descriptor) });
}

function listen(at: ListenOptions | { readonly fd: number }): Promise<Server> {
  const server = createServer({ noDelay: true, allowHalfOpen: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, BACKLOG, () => {
      server.removeAllListeners('error');
      // Out of file descriptors: the connection is lost, the listener still works.
      server.on('error', () => {});
      resolve(server);
    });
  });
}
