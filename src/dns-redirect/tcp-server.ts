/** One TCP address that DNS clients connect to. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Endpoint } from '../net/endpoint.js';

export interface TcpServer {
  readonly port: number;
  /** Stops listening and ends all connections. */
  close(): Promise<void>;
}

/**
 * @param onSocket gets each connection; its errors are handled already
 * @throws Error (with `code`) if the address or port cannot be bound
 */
export async function listenTcp(endpoint: Endpoint, onSocket: (socket: Socket) => void): Promise<TcpServer> {
  const sockets = new Set<Socket>();
  // A client may close its half after its last question (RFC 7766 section 6.2.4), and still gets the answers.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  const listening = once(server, 'listening');
  server.listen({ port: endpoint.port, host: endpoint.host, ipv6Only: true });
  await listening;
  // An error of accepting (no descriptors) concerns one connection.
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
