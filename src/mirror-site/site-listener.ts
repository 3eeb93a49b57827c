/**
 * One http or https listener of the mirror site: HTTP/1.1 with persistent connections, limits for clients that are slow or
 * too many, certificates by name, and an end that lets running answers finish.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { listenError } from '../net/listen-error.js';
import type { ListenUrl } from '../net/listen-url.js';
import { secureContextOptions } from '../net/tls/certificate-pair.js';
import type { Certificates } from '../net/tls/certificates.js';
import type { ConnectionLimit } from './connection-limit.js';
import type { SlowReaders } from './slow-readers.js';

/** What clients have time for, in ms. */
export const SITE_TIMEOUTS = {
  /** The header section of a request. */
  headersMs: 10_000,
  /** A whole request with its body, which only original sites take. Uploads of large torrents on slow lines fit. */
  requestMs: 10 * 60_000,
  /** Between requests of one connection. */
  keepAliveMs: 15_000,
  /** Without a byte in either direction: a client that reads nothing, or sends nothing in the middle of a body. */
  idleMs: 60_000,
  handshakeMs: 10_000,
  /** How often the first two are checked. */
  checkEveryMs: 5_000,
  /** For running answers when the site stops: less than the two seconds in which the program ends. */
  stopMs: 1_000,
};
/** Addresses of lists take a few hundred bytes, a browser's cookies for an original site a few thousand. */
const MAX_HEADER_BYTES = 16_384;
/** Headers beyond that are ignored by Node.js. */
const MAX_HEADERS = 100;
const STOP_CHECK_MS = 20;

export interface SiteListenerOptions {
  readonly listen: ListenUrl;
  /** The key of the configuration. */
  readonly key: string;
  /** Of an earlier start, in place of the configured one. */
  readonly port?: number | undefined;
  readonly ipv6Only: boolean;
  readonly handler: RequestListener;
  /** For https. */
  readonly certificates: Certificates | undefined;
  readonly limit: ConnectionLimit;
  readonly slowReaders: SlowReaders;
  readonly onError: (error: Error) => void;
  readonly timeouts?: typeof SITE_TIMEOUTS;
}

export interface SiteListener {
  readonly protocol: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** For what else the listener serves: `upgrade`, `connect`. */
  readonly server: Server;
  /** Takes no more connections; lets running answers finish for a second, then ends them. May be called twice. */
  close(): Promise<void>;
}

/** @throws OperatorError if the address cannot be bound */
export async function openSiteListener(options: SiteListenerOptions): Promise<SiteListener> {
  const { listen, certificates, limit, slowReaders, key, ipv6Only, timeouts = SITE_TIMEOUTS } = options;
  const { host } = listen;
  const server = createFor(options);
  server.requestTimeout = timeouts.requestMs;
  server.headersTimeout = timeouts.headersMs;
  server.keepAliveTimeout = timeouts.keepAliveMs;
  server.maxHeadersCount = MAX_HEADERS;
  // Without a listener for 'timeout', the server destroys the socket.
  server.setTimeout(timeouts.idleMs);
  // All of them: the server itself does not know those that are still shaking hands, or were upgraded.
  const sockets = new Set<Socket>();
  server.prependListener('connection', (socket) => {
    socket.on('error', () => socket.destroy());
    if (!limit.admit(socket)) return;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // Under TLS, what waits for the client is in the socket that encrypts.
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket) => slowReaders.watch(socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(listen, { cause, key })));
    server.listen({ port: options.port ?? listen.port, host, ipv6Only }, resolve);
  });
  server.removeAllListeners('error');
  server.on('error', options.onError);
  const stopFollowing = certificates?.onChange((pair) => {
    if (server instanceof TlsServer) server.setSecureContext(secureContextOptions(pair));
  });
  let closing: Promise<void> | undefined;
  return {
    protocol: server instanceof TlsServer ? 'https' : 'http',
    host,
    port: (server.address() as AddressInfo).port,
    server,
    close: () => {
      stopFollowing?.();
      closing ??= closeGently(server, sockets, timeouts.stopMs);
      return closing;
    },
  };
}

function createFor({ listen, certificates, handler, timeouts = SITE_TIMEOUTS }: SiteListenerOptions): Server {
  const common = { maxHeaderSize: MAX_HEADER_BYTES, noDelay: true, connectionsCheckingInterval: timeouts.checkEveryMs };
  let server: Server;
  // While the site stops, each answer is the last one of its connection.
  const answer: RequestListener = (request, response) => {
    if (!server.listening) response.setHeader('Connection', 'close');
    handler(request, response);
  };
  if (listen.protocol !== 'https') server = createServer(common, answer);
  else {
    if (certificates === undefined)
      throw new Error('https needs a certificate, which the configuration check requires');
    const tls = {
      ...common,
      ...secureContextOptions(certificates.fallback),
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: timeouts.handshakeMs,
      SNICallback: (name: string, found: (error: Error | null, context?: SecureContext) => void) =>
        found(null, certificates.contextFor(name)),
    };
    const tlsServer = createTlsServer(tls, answer);
    // A client that sends something else than TLS, or trusts another authority: its connection alone has failed.
    tlsServer.on('tlsClientError', (_error, socket) => socket.destroy());
    server = tlsServer;
  }
  return server;
}

async function closeGently(server: Server, sockets: ReadonlySet<Socket>, withinMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const idle = setInterval(() => server.closeIdleConnections(), STOP_CHECK_MS);
  const last = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, withinMs);
  await closed;
  clearInterval(idle);
  clearTimeout(last);
}
