/** The mirror site on its own HTTP listener. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config/config-schema.js';
import { isIpv6Only } from '../config/listeners.js';
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { createMirrorSite } from '../mirror-site/mirror-site.js';
import { listenError } from '../net/listen-error.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import { createDocumentReader } from './document-reader.js';
import type { KeptDataPlane } from './kept-data-plane.js';
import { listenerErrors } from './listener-errors.js';
import type { Logger } from './logger.js';
import type { Apply } from './reload.js';

const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 10_000;

export interface MirrorSitePart {
  readonly address: { readonly host: string; readonly port: number };
  /** Takes titles, names and announce URLs; the listener stays, and without its section the site as it was. */
  prepare(next: Config): Apply;
  stop(): Promise<void>;
}

export async function startMirrorSite(
  config: Config,
  section: NonNullable<Config['mirrorSite']>,
  context: {
    readonly catalogue: Catalogue;
    readonly dataPlane: KeptDataPlane;
    readonly announceUrls: (config: Config) => readonly string[];
    readonly clock: Clock;
    readonly logger: Logger;
    /** Where the thread that rewrites large torrents writes how it is. */
    readonly documentVitals: SharedArrayBuffer;
  },
): Promise<MirrorSitePart> {
  const { catalogue, dataPlane, announceUrls, logger } = context;
  const documents = createDocumentReader({ name: 'mirror-documents', vitals: context.documentVitals });
  const { host, port } = section.listen;
  const pages = (config: Config, { title, publicUrl }: Pick<typeof section, 'title' | 'publicUrl'>): RequestListener =>
    createMirrorSite({
      catalogue,
      announceUrls: announceUrls(config),
      rewrite: (bytes, options, about) => documents.run('rewriteTorrent', { bytes, options }, { about }),
      siteHosts: config.dnsRedirect?.sites ?? [],
      title,
      publicUrl,
      operatorName: config.operator.name,
      swarmCounts: async (infoHashes) => {
        const counts = await Promise.all(
          // Without its counts while the tracker is down: the catalogue is there all the same.
          infoHashes.map((infoHash) => dataPlane.swarm(infoHash).catch(() => null)),
        );
        return new Map(
          infoHashes.flatMap((infoHash, i): [InfoHash, { seeds: number; leechers: number }][] => {
            const swarm = counts[i];
            return swarm ? [[infoHash, swarm.inner]] : [];
          }),
        );
      },
      onError: (thrown, url) => logger.error({ err: thrown, url }, `mirror site: ${messageOf(thrown)}`),
    });
  let answer = pages(config, section);
  const server = createServer((request, response) => answer(request, response));
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(listenError(section.listen, { cause, key: 'mirrorSite.listen' }));
    });
    server.listen({ port, host, ipv6Only: isIpv6Only(section.listen, 'tcp', config) }, resolve);
  });
  server.on('error', listenerErrors('mirror site', context));
  return {
    address: { host, port: (server.address() as AddressInfo).port },
    prepare: (next) => {
      const nextPages = pages(next, next.mirrorSite ?? section);
      return () => {
        answer = nextPages;
      };
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, documents.close()]);
    },
  };
}
