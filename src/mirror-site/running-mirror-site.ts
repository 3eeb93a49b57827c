/** The mirror site on its own HTTP listener. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { formatEndpoint } from '../net/endpoint.js';
import { listenError } from '../net/listen-error.js';
import type { PartContext, RunningPart } from '../part/part.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { SwarmCounts } from './inner-counts.js';
import { refreshInsideCounts } from './inside-refresh.js';
import { createMirrorSite, type MirrorSiteOptions } from './mirror-site.js';
import type { KeepOriginal } from './rewritten-torrents.js';
import type { MirrorSiteConfig, MirrorSiteSection } from './section.js';

const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 10_000;

/** What the application gives it of other parts. */
export interface MirrorSiteNeeds extends Pick<PartContext, 'clock' | 'log' | 'onListenerError' | 'isIpv6Only'> {
  readonly catalogue: Catalogue;
  /** What torrents are rewritten to where the configuration names nothing. */
  readonly trackerUrls: () => readonly string[];
  /** Why a torrent is not published; undefined if it may be. */
  readonly refusal: (infoHash: InfoHash) => string | undefined;
  /** The swarm as the tracker knows it; rejects while the tracker is down. */
  readonly swarm: (infoHash: InfoHash) => Promise<{ readonly inner: SwarmCounts } | null>;
  /** Rewrites torrents outside of this thread. */
  readonly openRewriter: () => { readonly rewrite: MirrorSiteOptions['rewrite']; close(): Promise<void> };
}

export type RunningMirrorSite = RunningPart<MirrorSiteConfig>;

/** @param port of an earlier start, in place of the configured one */
export async function startMirrorSite(
  config: MirrorSiteConfig,
  needs: MirrorSiteNeeds,
  port: number | undefined,
): Promise<RunningMirrorSite> {
  const section = config.mirrorSite;
  if (section === undefined) throw new Error('the mirror site is started only where it is configured');
  const rewriter = needs.openRewriter();
  const { host } = section.listen;
  let answer = pages(config, section, needs, rewriter.rewrite);
  const server = createServer((request, response) => answer(request, response));
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(listenError(section.listen, { cause, key: 'mirrorSite.listen' }));
    });
    server.listen(
      { port: port ?? section.listen.port, host, ipv6Only: needs.isIpv6Only(section.listen, 'tcp') },
      resolve,
    );
  });
  server.on('error', needs.onListenerError);
  const stopRefresh = refreshInsideCounts({
    catalogue: needs.catalogue,
    read: (infoHashes) => readSwarms(needs.swarm, infoHashes),
    onError: (thrown) => needs.log.error({ err: thrown }, `mirror site: ${messageOf(thrown)}`),
  });
  const bound = { host, port: (server.address() as AddressInfo).port };
  return {
    listeners: [
      {
        ...bound,
        url: `http://${formatEndpoint(bound)}`,
        about: 'the catalogue, torrents rewritten',
        connectCheck: true,
      },
    ],
    prepare: (next) => {
      // Without its section it stays as it was until the restart.
      const nextPages = pages(next, next.mirrorSite ?? section, needs, rewriter.rewrite);
      return () => {
        answer = nextPages;
      };
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, rewriter.close(), stopRefresh()]);
    },
  };
}

function pages(
  { operator, tracker, crawler, dnsRedirect }: MirrorSiteConfig,
  { title, publicUrl }: Pick<MirrorSiteSection, 'title' | 'publicUrl'>,
  { catalogue, clock, refusal, trackerUrls, swarm, log }: MirrorSiteNeeds,
  rewrite: MirrorSiteOptions['rewrite'],
): RequestListener {
  return createMirrorSite({
    catalogue,
    clock,
    refusal,
    announceUrls: tracker.announceUrls.length > 0 ? tracker.announceUrls : trackerUrls(),
    rewrite,
    keepOriginal: keepOriginalOf(crawler),
    siteHosts: dnsRedirect?.sites ?? [],
    title,
    publicUrl,
    operatorName: operator.name,
    // While the tracker is down, a page is shown without counts.
    swarmCounts: (infoHashes) => readSwarms(swarm, infoHashes).catch(() => new Map()),
    onError: (thrown, url) => log.error({ err: thrown, url }, `mirror site: ${messageOf(thrown)}`),
  });
}

/** @throws while the tracker is down */
async function readSwarms(
  swarm: MirrorSiteNeeds['swarm'],
  infoHashes: readonly InfoHash[],
): Promise<Map<InfoHash, SwarmCounts>> {
  const counts = await Promise.all(infoHashes.map((infoHash) => swarm(infoHash)));
  return new Map(
    infoHashes.flatMap((infoHash, i): [InfoHash, SwarmCounts][] => {
      const known = counts[i];
      return known ? [[infoHash, known.inner]] : [];
    }),
  );
}

/** A source without the key, and torrents of a source that was removed, follow the crawler's own. */
function keepOriginalOf({ keepOriginalTrackers, sources }: MirrorSiteConfig['crawler']): KeepOriginal {
  const bySource = new Map(sources.map((source) => [source.name, source.keepOriginalTrackers]));
  return (source) => bySource.get(source) ?? keepOriginalTrackers;
}
