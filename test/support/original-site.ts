/** A web server on loopback whose answers a test writes down by path; it remembers what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

export type Route = Reply | string | Uint8Array | ((response: ServerResponse, headers: IncomingHttpHeaders) => void);

export interface OriginalSite {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  /** By path with query. May be changed while it runs; what is not there answers 404. */
  readonly routes: Map<string, Route>;
  /** `path` of each request, and its headers, in order. */
  readonly requests: { path: string; headers: IncomingHttpHeaders; atMs: number }[];
  stop(): Promise<void>;
}

export async function startOriginalSite(routes: Record<string, Route> = {}): Promise<OriginalSite> {
  const table = new Map(Object.entries(routes));
  const requests: OriginalSite['requests'] = [];
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', headers: request.headers, atMs: performance.now() });
    const route = table.get(request.url ?? '') ?? { status: 404, body: 'nothing here' };
    if (typeof route === 'function') return route(response, request.headers);
    const reply: Reply = typeof route === 'string' || route instanceof Uint8Array ? { body: route } : route;
    response.writeHead(reply.status ?? 200, reply.headers).end(reply.body ?? '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    routes: table,
    requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
