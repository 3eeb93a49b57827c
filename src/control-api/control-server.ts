/** The listener of the control API: HTTP, or HTTPS with client certificates if a CA for them is given. */
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { Express } from 'express';
import { listenError } from '../net/listen-error.js';
import { HEADERS_TIMEOUT_MS, KEEP_ALIVE_TIMEOUT_MS, MAX_CONNECTIONS, REQUEST_TIMEOUT_MS } from './limits.js';

export interface ControlServerTls {
  /** PEM. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** CA of client certificates: a probe with a certificate of its name needs no token. */
  readonly clientCa?: string | Buffer | undefined;
}

export interface ControlServerOptions {
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  /** On `::`: leaves IPv4 to another listener on the same port. */
  readonly ipv6Only?: boolean;
  readonly tls?: ControlServerTls | undefined;
  /** Called with errors after the start, such as a connection that could not be accepted. */
  readonly onListenerError?: (error: Error) => void;
}

export interface ControlServer {
  readonly address: AddressInfo;
  /** For new connections. @param tls checked before; ignored if the server has no TLS */
  useTls(tls: ControlServerTls): void;
  /** Ends open connections. */
  close(): Promise<void>;
}

/** @throws OperatorError if the address cannot be bound */
export async function startControlServer(app: Express, options: ControlServerOptions): Promise<ControlServer> {
  const server: Server =
    options.tls === undefined
      ? createServer(app)
      : createTlsServer(
          {
            ...secureContextOptions(options.tls),
            // Certificates are optional, because a caller may use a token instead. An invalid certificate identifies nobody.
            ...(options.tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
          },
          app,
        );
  // A client that waits for 100 (Continue) gets it from the reader of the body, once the header section was accepted.
  server.on('checkContinue', app);
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const protocol = options.tls === undefined ? 'http' : 'https';
      reject(listenError({ ...options, protocol }, { cause, key: 'control.listen' }));
    });
    const { port, host, ipv6Only = false } = options;
    server.listen({ port, host, ipv6Only }, resolve);
  });
  server.on('error', options.onListenerError ?? (() => {}));
  return {
    address: server.address() as AddressInfo,
    useTls: (tls) => {
      if (server instanceof TlsServer) server.setSecureContext(secureContextOptions(tls));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function secureContextOptions({ cert, key, clientCa }: ControlServerTls): SecureContextOptions {
  return { cert, key, ...(clientCa === undefined ? {} : { ca: clientCa }) };
}
