/**
 * Serves the local world: one HTTP server for all sites and trackers, distinguished by the Host header, and a resolver that leads
 * every name of the world to it. Nothing is stored that can be made when it is asked for.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type NameServer, startNameServer } from '../../../src/lab/name-server.js';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { answerFault, robotsOf } from './misbehave.js';
import { PolitenessLedger } from './politeness-ledger.js';
import {
  hashOf,
  SECRET,
  siteHost,
  TRACKERS,
  torrentNumberOf,
  torrentOf,
  torrentPath,
  trackerHost,
  type WorldPlace,
  worldHosts,
} from './world-addresses.js';
import { detailsDocument, listDocument, type WorldDocument } from './world-documents.js';
import type { SiteFault, World, WorldSite } from './world-plan.js';
import { torrentFile } from './world-torrent.js';

export interface WorldServer extends WorldPlace {
  readonly resolver: Endpoint;
  readonly ledger: PolitenessLedger;
  /** Torrent files that were sent whole. */
  readonly filesSent: () => number;
  readonly hashesScraped: () => number;
  stop(): Promise<void>;
}

export interface ServeWorldOptions {
  /** Loopback with port 0, unless a network of the test's own has other addresses. */
  readonly listen?: Endpoint;
  readonly resolverAt?: Endpoint;
  /** Addresses that no crawler may connect to, as in a URL: redirects and names lead there. */
  readonly inside?: readonly string[];
}

const LOOPBACK: Endpoint = { host: '127.0.0.1', port: 0 };

export async function serveWorld(world: World, options: ServeWorldOptions = {}): Promise<WorldServer> {
  const { listen = LOOPBACK, resolverAt = LOOPBACK, inside = [] } = options;
  const server = createServer({ keepAliveTimeout: 60_000 });
  server.listen(listen.port, listen.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const place: WorldPlace = { world, port };
  const lists = new Map<string, WorldDocument | undefined>();
  /** Made once, before the crawl asks: a list of thousands of torrents takes seconds, all of which a site would seem silent. */
  const listOf = (site: WorldSite, page: number): WorldDocument | undefined => {
    const key = `${site.number}/${page}`;
    if (!lists.has(key)) lists.set(key, listDocument(site, page, place));
    return lists.get(key);
  };
  for (const site of world.sites) listOf(site, 1);
  const ledger = new PolitenessLedger();
  const sites = new Map(world.sites.map((site) => [siteHost(site.name), site]));
  const tracker = trackerOf(place);
  let filesSent = 0;

  server.on('request', (request, response) => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    const site = sites.get(host);
    const path = request.url ?? '/';
    response.on('error', () => undefined);
    if (site === undefined) return tracker.answer(host, path, response);
    const manners = ledger.begin(host, path, path !== '/robots.txt' && isForbidden(site, path));
    const { socket } = request;
    const bytesBefore = socket.bytesWritten;
    beforeEnd(response, () => manners.answered());
    response.once('close', () => manners.ended(socket.bytesWritten - bytesBefore));
    if (path === '/robots.txt') return robotsOf(site, response);
    const number = torrentNumberOf(site.format, path);
    if (needsKey(site, path) && !path.includes(SECRET)) {
      response.writeHead(403).end('whose key is this?');
      return;
    }
    if (answerFault({ site, number, path, response, place, inside })) return;
    if (number !== undefined && world.torrents[number] !== undefined) {
      filesSent++;
      response.setHeader('content-type', 'application/x-bittorrent');
      response.end(torrentFile(torrentOf(world.torrents[number], place)));
    } else answerPage(site, path, request, response, { place, listOf });
  });

  let names: NameServer;
  try {
    names = await startNameServer(resolverAt, new Map(worldHosts(world).map((name) => [name, listen.host])));
  } catch (thrown) {
    server.close();
    throw thrown;
  }
  return {
    ...place,
    resolver: names.endpoint,
    ledger,
    filesSent: () => filesSent,
    hashesScraped: tracker.hashesScraped,
    stop: async () => {
      server.closeAllConnections();
      await Promise.all([new Promise((done) => server.close(done)), names.stop()]);
    },
  };
}

/** Indexers with accounts give nothing without the key of one. */
function needsKey({ format }: WorldSite, path: string): boolean {
  return (
    path.startsWith('/api') || (torrentNumberOf(format, path) !== undefined && torrentPath(format, 0).includes(SECRET))
  );
}

/** Before the bytes leave: every event comes after that, and on a busy machine so late that a pause would look too short. */
function beforeEnd(response: ServerResponse, tell: () => void): void {
  const end = response.end.bind(response) as (...values: unknown[]) => ServerResponse;
  Object.assign(response, {
    end: (...values: unknown[]) => {
      tell();
      return end(...values);
    },
  });
}

const NOTHING_ALLOWED: ReadonlySet<SiteFault | undefined> = new Set<SiteFault | undefined>([
  'robots-deny',
  'robots-day',
  // What cannot be read forbids everything (RFC 9309 section 2.3.1.4).
  'robots-endless',
  'robots-huge',
]);

/** Some sites forbid everything, the others a part in which nothing lies that a list names. */
function isForbidden({ fault }: WorldSite, path: string): boolean {
  return NOTHING_ALLOWED.has(fault) || path.startsWith('/private/');
}

function answerPage(
  site: WorldSite,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  { place, listOf }: { place: WorldPlace; listOf: (site: WorldSite, page: number) => WorldDocument | undefined },
): void {
  const details = /^\/details\/(\d+)$/.exec(path);
  const page = Number(/[?&]page=(\d+)/.exec(path)?.[1] ?? 1);
  const document =
    details === null
      ? listOf(site, page)
      : place.world.torrents[Number(details[1])] && detailsDocument(site, Number(details[1]), place);
  if (document === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('there is nothing here');
    return;
  }
  const etag = `"${site.number}-${page}"`;
  if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
  else response.writeHead(200, { 'content-type': document.type, etag }).end(document.text);
}

/** The trackers of the world: each knows the torrents that name it, and answers scrapes (BEP 48). */
function trackerOf(place: WorldPlace): {
  answer(host: string, path: string, response: ServerResponse): void;
  hashesScraped(): number;
} {
  const byHash = new Map(place.world.torrents.map((torrent) => [hashOf(torrent, place), torrent]));
  let hashesScraped = 0;
  return {
    hashesScraped: () => hashesScraped,
    answer(host, path, response) {
      const query = path.indexOf('?');
      if (!path.startsWith('/scrape') || query < 0) {
        response.writeHead(404).end();
        return;
      }
      const hashes = [...path.slice(query).matchAll(/[?&]info_hash=([^&]*)/g)].map((match) => rawBytes(match[1]!));
      const parts = hashes.flatMap((hash) => {
        const torrent = byHash.get(hash.toString('hex'));
        if (torrent === undefined || trackerHost(torrent.number % TRACKERS) !== host) return [];
        const { seeds, completed, leechers } = torrent;
        const counts = Buffer.from(`d8:completei${seeds}e10:downloadedi${completed}e10:incompletei${leechers}ee`);
        return [Buffer.from('20:'), hash, counts];
      });
      hashesScraped += hashes.length;
      response.end(Buffer.concat([Buffer.from('d5:filesd'), ...parts, Buffer.from('ee')]));
    },
  };
}

function rawBytes(escaped: string): Buffer {
  const text = escaped.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(text, 'latin1');
}
