/**
 * A mirror site in the place of an original: both on loopback with the same port, the original at 127.0.0.2, as redirected DNS
 * needs it. A reader comes from 127.0.0.1.
 */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/domain/clock.js';
import { parseIp, parsePrefix } from '../../src/domain/ip-address.js';
import { type MirrorSiteOptions, openMirrorSite } from '../../src/mirror-site/mirror-site.js';
import {
  PassThrough,
  type PassThroughOptions,
  type PassThroughSettings,
} from '../../src/mirror-site/pass-through/pass-through.js';
import { UpgradeRequests } from '../../src/mirror-site/pass-through/upgrade-requests.js';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { rewriteTorrent } from '../../src/wire/metainfo-rewrite.js';
import { freePort } from './free-port.js';

export const SITE = 'forum.example';
export const ANNOUNCE_URLS = ['udp://alias.example.net:6969/announce', 'http://alias.example.net:6969/announce'];
const ORIGINAL_ADDRESS = '127.0.0.2';

export interface StandInOptions {
  readonly settings?: Partial<PassThroughSettings>;
  readonly passThrough?: Partial<PassThroughOptions>;
  readonly site?: Partial<MirrorSiteOptions>;
}

export interface StandIn {
  readonly port: number;
  /** `http://127.0.0.1:port` of the mirror. */
  readonly url: string;
  /** `http://127.0.0.2:port` of the original. */
  readonly originalUrl: string;
  /** `forum.example:port`, as a reader writes it. */
  readonly host: string;
  readonly original: Server;
  readonly mirror: Server;
  readonly passThrough: PassThrough;
  readonly catalogue: ReturnType<typeof createCatalogue>;
  readonly errors: unknown[];
  readonly log: string[];
  stop(): Promise<void>;
}

/** @param original what the original answers; or its own server, not listening yet */
export async function startStandIn(original: RequestListener | Server, options: StandInOptions = {}): Promise<StandIn> {
  const originalServer = typeof original === 'function' ? createServer(original) : original;
  // Not one that the kernel chooses: another connection may have it at the mirror's address.
  const port = await listen(originalServer, await freePort(), ORIGINAL_ADDRESS);
  const database = openDatabase(':memory:');
  const catalogue = createCatalogue(database);
  const errors: unknown[] = [];
  const log: string[] = [];
  const note = (_: object, line: string): void => void log.push(line);
  const passThrough = new PassThrough({
    settings: {
      optOut: [],
      ownNetworks: [parsePrefix('127.0.0.1/32')],
      announceUrls: ANNOUNCE_URLS,
      keepOriginal: false,
      forwardedFor: false,
      ...options.settings,
    },
    clock: systemClock,
    log: { warn: note, info: note } as PassThroughOptions['log'],
    rewrite: async (bytes, rewriting) => rewriteTorrent(bytes, rewriting),
    denial: () => undefined,
    isServed: () => true,
    resolve: async () => [parseIp(ORIGINAL_ADDRESS)],
    blockedReason: () => undefined,
    ...options.passThrough,
  });
  const site = openMirrorSite({
    catalogue,
    clock: systemClock,
    announceUrls: ANNOUNCE_URLS,
    rewrite: async (bytes, rewriting) => rewriteTorrent(bytes, rewriting),
    siteHosts: [SITE],
    title: 'Example mirror',
    operatorName: 'Example Telecom',
    passThrough,
    passesAll: true,
    onError: (thrown) => errors.push(thrown),
    ...options.site,
  });
  const mirror = createServer(site.answer);
  new UpgradeRequests({ passThrough, ...site }).listenTo(mirror);
  await listen(mirror, port, '127.0.0.1');
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    originalUrl: `http://${ORIGINAL_ADDRESS}:${port}`,
    host: `${SITE}:${port}`,
    original: originalServer,
    mirror,
    passThrough,
    catalogue,
    errors,
    log,
    stop: async () => {
      for (const server of [mirror, originalServer]) server.closeAllConnections();
      await Promise.all([mirror, originalServer].map((server) => new Promise((resolve) => server.close(resolve))));
      await passThrough.close();
      database.close();
    },
  };
}

/** An original over https at 127.0.0.2. @returns its port */
export async function startTlsOriginal(
  answer: RequestListener,
  tls: { readonly key: string; readonly cert: string },
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server = createTlsServer(tls, answer);
  const port = await listen(server, 0, ORIGINAL_ADDRESS);
  return {
    port,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, port: number, address: string): Promise<number> {
  server.listen(port, address);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
