/** The mirror site on its listener, with a catalogue in memory. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import fixtures from 'webtorrent-fixtures';
import { systemClock } from '../../../src/domain/clock.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';
import { ConnectionLimit } from '../../../src/mirror-site/connection-limit.js';
import { createMirrorSite, type MirrorSiteOptions } from '../../../src/mirror-site/mirror-site.js';
import { openSiteListener, SITE_TIMEOUTS, type SiteListener } from '../../../src/mirror-site/site-listener.js';
import { SLOW_READER_LIMITS, type SlowReaderLimits, SlowReaders } from '../../../src/mirror-site/slow-readers.js';
import { type Catalogue, createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { rewriteTorrent } from '../../../src/wire/metainfo-rewrite.js';
import { torrentToStore } from '../../support/catalogue-entries.js';

export const ALICE = parseInfoHash(fixtures.alice.parsedTorrent.infoHash);
export const ANNOUNCE = ['udp://alias.example.net:6969/announce'];

export interface ServedSiteOptions extends Partial<MirrorSiteOptions> {
  readonly timeouts?: Partial<typeof SITE_TIMEOUTS>;
  readonly slow?: Partial<SlowReaderLimits>;
  readonly perAddress?: number;
  readonly connections?: number;
}

export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** @returns a connected socket whose errors are of no interest */
export async function connectTo(port: number): Promise<Socket> {
  const socket = createConnection({ host: '127.0.0.1', port }).on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

export interface ServedSite {
  readonly catalogue: Catalogue;
  readonly listener: SiteListener;
  readonly limit: ConnectionLimit;
  readonly slowReaders: SlowReaders;
  readonly port: number;
  readonly defects: readonly unknown[];
  get(path: string, headers?: Record<string, string>, method?: string): Promise<Got>;
  close(): Promise<void>;
}

export async function serveSite(options: ServedSiteOptions = {}): Promise<ServedSite> {
  const database = openDatabase(':memory:');
  const catalogue = createCatalogue(database);
  catalogue.store(
    torrentToStore(1, { infoHash: ALICE, name: 'Alice in Wonderland', torrentBytes: fixtures.alice.torrent }),
    1_000,
  );
  const defects: unknown[] = [];
  const limit = new ConnectionLimit(options.perAddress ?? 10_000, options.connections ?? 10_000);
  const slowReaders = new SlowReaders({ ...SLOW_READER_LIMITS, ...options.slow });
  const listener = await openSiteListener({
    listen: { protocol: 'http', host: '127.0.0.1', port: 0 },
    key: 'mirrorSite.listen',
    ipv6Only: false,
    handler: createMirrorSite({
      catalogue,
      clock: systemClock,
      announceUrls: ANNOUNCE,
      rewrite: async (bytes, rewriting) => rewriteTorrent(bytes, rewriting),
      siteHosts: ['site.example', 'other.example'],
      onError: (thrown) => defects.push(thrown),
      ...options,
    }),
    certificates: undefined,
    limit,
    slowReaders,
    onError: (error) => defects.push(error),
    timeouts: { ...SITE_TIMEOUTS, ...options.timeouts },
  });
  const { port } = listener;
  return {
    ...{ catalogue, listener, limit, slowReaders, port, defects },
    get: async (path, headers = {}, method = 'GET') => {
      const asked = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }).end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
    },
    close: async () => {
      slowReaders.close();
      await listener.close();
      database.close();
    },
  };
}
