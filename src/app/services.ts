/**
 * What the application gives the parts, and what crosses from one part to another: each entry says which part it comes
 * from. A part declares the entries that it needs, and knows nothing of this list. A part that needs more adds it here.
 */
import { cachesPart } from '../caches/part.js';
import type { Config } from '../config/config-schema.js';
import { isIpv6Only } from '../config/listeners.js';
import type { MetricFamily } from '../control-api/metrics.js';
import type { Route } from '../control-api/route.js';
import { torrentPolicy } from '../crawler/torrent-policy.js';
import { redirectionHealthPart } from '../dns-redirect/health/health-part.js';
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import { type InfoHash, parseInfoHash } from '../domain/info-hash.js';
import type { Logger } from '../logging/logger.js';
import { mirrorSitePart } from '../mirror-site/part.js';
import type { Endpoint } from '../net/endpoint.js';
import type { ListenUrl } from '../net/listen-url.js';
import type { Reload } from '../operation/api/reload-routes.js';
import type { PartContext } from '../part/part.js';
import { selectionPart } from '../policy/part.js';
import { reportsPart } from '../reports/part.js';
import { createCatalogue } from '../store/sqlite/catalogue.js';
import type { CatalogueReader } from '../store/sqlite/catalogue-reader.js';
import type { SqliteDatabase } from '../store/sqlite/database.js';
import { sqliteGroupStore } from '../store/sqlite/group-registry.js';
import { isStorageFailure } from '../store/sqlite/storage-failure.js';
import { topologyPart } from '../topology/part.js';
import type { TopologyConfig } from '../topology/section.js';
import type { TopologySource } from '../topology/topology-source.js';
import type { TopologyView } from '../topology/topology-state.js';
import type { DataPlane } from '../tracker/data-plane.js';
import type { ForeignPeer } from '../tracker/import-foreign-peers.js';
import { MAX_LISTED_SWARMS } from '../tracker/limits.js';
import { trackerPart } from '../tracker/part.js';
import type { RunningTracker } from '../tracker/running-tracker.js';
import { storeFill } from '../tracker/store-fill.js';
import { upstreamPart } from '../upstream/part.js';
import { cacheServices } from './cache-services.js';
import { fileMetrics } from './data-file-metrics.js';
import { createDocumentReader, openRewriter } from './document-reader.js';
import type { Health } from './health.js';
import { requireKnownSubdomains } from './known-subdomains.js';
import { markSourcesOf } from './mark-sources.js';
import type { OneAtATime } from './one-at-a-time.js';
import { operationServices } from './operation-services.js';
import { innerPeersOf, outboundOf } from './outbound.js';
import { portsToCover } from './ports-to-cover.js';
import { PrivateTorrents } from './private-torrents.js';
import type { Reloads } from './reloads.js';
import { reportedUplinks } from './reported-uplinks.js';
import { savingsServices } from './savings-services.js';
import { sharedSeeds } from './shared-seeds.js';
import { storageMetrics } from './storage-metrics.js';
import type { StorageWatch } from './storage-watch.js';
import type { Supervisor } from './supervision/supervisor.js';
import type { ThreadWatch } from './supervision/thread-watch.js';

/** A part as its object of the type `Part` names it. */
export interface Startable<Running> {
  readonly name: string;
  start(...given: never[]): Promise<Running>;
}

export interface Foundation {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly seed: number;
  readonly health: Health;
  readonly threads: ThreadWatch;
  readonly supervisor: Supervisor;
  readonly database: SqliteDatabase;
  readonly storage: StorageWatch;
  readonly turns: OneAtATime;
  readonly reloads: Pick<Reloads, 'metrics'>;
  /** Undefined without a file. */
  readonly reloadFile: Reload;
  /** In force. */
  readonly config: () => Config;
  readonly parts: {
    /** The part as it runs now; undefined if it is switched off. */
    find<Running>(part: Startable<Running>): Running | undefined;
    /** @throws if the part does not run yet */
    get<Running>(part: Startable<Running>): Running;
    /** Of all parts. */
    routes(): Promise<readonly Route[]>;
    metrics(): Promise<readonly MetricFamily[]>;
  };
}

/** The same for all parts, except for what each part is given itself. */
export type Services = ReturnType<typeof createServices> & Pick<PartContext, 'onListenerError' | 'supervise'>;

export function createServices(foundation: Foundation) {
  const { clock, logger, seed, threads, database, storage, turns, config, parts } = foundation;
  const catalogue = createCatalogue(database);
  const dataPlane = () => parts.get(trackerPart).dataPlane;
  const operation = operationServices(foundation, dataPlane);
  const torrents = torrentPolicy(catalogue, () => parts.get(trackerPart).lists);
  const foreign = foreignPeers(parts, catalogue);
  return {
    clock,
    log: logger,
    seed,
    turns,
    database,
    catalogue,
    groupStore: sqliteGroupStore(database),
    isIpv6Only: (listener: Endpoint, protocol: 'udp' | 'tcp') => isIpv6Only(listener, protocol, config()),
    blockedReason: outboundOf(config),
    prices: () => config().billing,
    checkSubdomains: (next: TopologyConfig, view: TopologyView) => requireKnownSubdomains(next as Config, view),

    // Every part is started and reloaded with the whole configuration, so that is what the topology hands on.
    topology: () => parts.get(topologyPart) as unknown as TopologySource<Config>,
    reports: () => parts.get(reportsPart).service,
    authenticator: () => parts.get(reportsPart).directory,
    policy: () => parts.get(selectionPart),

    dataPlane,
    ...savingsServices(parts, dataPlane),
    trackerView: () => parts.get(trackerPart).view,
    portsToCover: (listen: readonly ListenUrl[]) => portsToCover(config(), catalogue, listen),
    trackerListeners: () => parts.get(trackerPart).dataPlane.addresses,
    /** The real addresses of the tracker: torrents are rewritten to them if the configuration names none. */
    trackerUrls: () => parts.get(trackerPart).listeners.map(({ url }) => `${url}/announce`),
    swarm: (infoHash: InfoHash) => dataPlane().swarm(infoHash),
    groupCounts: () => parts.find(trackerPart)?.dataPlane.groupCounts() ?? null,
    innerSwarms: (cursor: number) => dataPlane().innerSwarms(cursor),
    announced: () => innerDemand(dataPlane()),
    innerPeers: async (infoHash: InfoHash, limit: number) => {
      const peers = await dataPlane().innerPeers(infoHash, limit);
      return peers.map(({ family, words, port }) => ({ address: { family, words }, port }));
    },
    reportedUplinks: (infoHash: InfoHash) =>
      reportedUplinks(infoHash, dataPlane(), parts.get(reportsPart).service, clock),
    innerPeerBlocked: innerPeersOf(config),
    ...foreign,
    ...forOriginals(foundation, foreign.isPrivate),
    torrentPolicy: torrents,
    refusal: (infoHash: InfoHash) => torrents.refusal(infoHash),
    denial: (infoHash: InfoHash) => torrents.denial(infoHash),
    /** How full the tracker's store is, from 0 to 1. */
    trackerLoad: () => loadOf(parts.get(trackerPart)),
    ...cacheServices(foundation, catalogue),
    catalogueChanged: () => {
      parts.find(cachesPart)?.controller.catalogueChanged();
      parts.get(trackerPart).catalogueChanged();
      parts.find(redirectionHealthPart)?.catalogueChanged();
    },
    originalTrackers: () => parts.find(upstreamPart),
    ...documentReaders(threads),
    /** In force. */
    redirections: () => config().dnsRedirect,
    redirectionHealth: () => parts.get(redirectionHealthPart),
    /** Of the thread that serves the mirror site. */
    mirrorVitals: () => (parts.find(mirrorSitePart) ? threads.mainVitals : null),

    ...operation,
    reloadFile: foundation.reloadFile,
    partStates: () => foundation.supervisor.parts(),
    routes: () => parts.routes(),
    ...measured(foundation),
    onDefect: (thrown: unknown, path: string) => {
      if (isStorageFailure(thrown)) storage.failed(thrown);
      else logger.error({ err: thrown, path }, `control API: ${messageOf(thrown)}`);
    },
  };
}

/** Numbers and events of all parts. */
function measured(foundation: Foundation) {
  const { health, supervisor, threads, parts, config, clock, reloads } = foundation;
  const directory = () => config().storage.directory;
  return {
    metrics: async () => [
      ...storageMetrics(directory, clock),
      ...fileMetrics(() => parts.get(topologyPart), clock),
      ...health.metrics(),
      ...supervisor.metrics(),
      ...threads.metrics(),
      ...reloads.metrics(),
      ...(await parts.metrics()),
    ],
    markSources: markSourcesOf({ ...foundation, period: () => parts.get(selectionPart).hours.period }),
  };
}

/** For original trackers that cooperate. */
function forOriginals(
  { parts, config, clock }: Pick<Foundation, 'parts' | 'config' | 'clock'>,
  isPrivate: (infoHash: InfoHash) => boolean,
) {
  return {
    partners: () => config().upstream.originalTrackers,
    sharedSeeds: (infoHash: InfoHash) =>
      sharedSeeds(infoHash, {
        dataPlane: parts.get(trackerPart).dataPlane,
        reports: parts.get(reportsPart).service,
        caches: config().operator.caches,
        isPrivate,
        clock,
        lab: config().lab,
      }),
  };
}

/** Peers of other networks, on their way into the swarms and out of them, and who is asked for them. */
function foreignPeers(parts: Foundation['parts'], catalogue: Pick<CatalogueReader, 'get'>) {
  const removeImported = (
    infoHash: InfoHash,
    peers: readonly Pick<ForeignPeer, 'address' | 'port'>[] | null,
    origin: string | null,
  ) => parts.get(trackerPart).removeImported(infoHash, peers, origin);
  const privateTorrents = new PrivateTorrents((infoHash) => {
    // Somebody may have named peers of it before. While the tracker restarts, they expire.
    removeImported(infoHash, null, null).catch(() => {});
  });
  const documentedTrackersOf = documentedTrackers(catalogue, () => parts.find(mirrorSitePart));
  const knownTrackersOf = (infoHash: InfoHash): readonly string[] => {
    const documented = documentedTrackersOf(infoHash);
    return documented.length > 0 ? documented : parts.get(trackerPart).originalsOf(infoHash);
  };
  return {
    removeImported,
    importPeers: async (infoHash: InfoHash, peers: readonly ForeignPeer[], ttlSeconds: number, origin: string) =>
      privateTorrents.has(infoHash)
        ? ({ torrent: 'private', taken: 0, refused: {} } as const)
        : parts.get(trackerPart).importPeers(infoHash, peers, ttlSeconds, origin),
    /**
     * Of the catalogue, of torrents that passed through the mirror site, or of unknown ones as their clients name them. None of a
     * private torrent (BEP 27).
     */
    trackersOf: (infoHash: InfoHash) => (privateTorrents.has(infoHash) ? [] : knownTrackersOf(infoHash)),
    documentedTrackersOf,
    isPrivate: (infoHash: InfoHash) => privateTorrents.has(infoHash),
    /** The crawler leaves private torrents out. One without a description, from a magnet link, may be private. */
    isPublicTorrent: (infoHash: InfoHash) =>
      !privateTorrents.has(infoHash) && catalogue.get(infoHash)?.pieceBytes !== undefined,
    privateSeen: (infoHash: InfoHash) => privateTorrents.add(infoHash),
    torrentPassed: (infoHash: InfoHash) => parts.get(trackerPart).torrentPassed(infoHash),
  };
}

/** Threads that read what strangers wrote. */
function documentReaders(threads: Foundation['threads']) {
  return {
    openRewriter: () => openRewriter(threads, 'mirror-documents'),
    openDocuments: (name: string, maxWaiting: number) =>
      createDocumentReader({ name, maxWaiting, vitals: threads.measure(name) }),
  };
}

function loadOf({ dataPlane, limits }: Pick<RunningTracker, 'dataPlane' | 'limits'>): number {
  return storeFill(dataPlane.counters(), limits).inner;
}

/** Of the catalogue, or of torrents that passed through the mirror site. What clients say proves nothing to others. */
function documentedTrackers(
  catalogue: Pick<CatalogueReader, 'get'>,
  mirrorSite: () => { passedTrackers(infoHash: InfoHash): readonly string[] } | undefined,
) {
  return (infoHash: InfoHash): readonly string[] => {
    const known = catalogue.get(infoHash)?.trackerTiers.flat() ?? [];
    return known.length > 0 ? known : (mirrorSite()?.passedTrackers(infoHash) ?? []);
  };
}

/** The largest swarms by inner peers only, because foreign demand says nothing about this network. */
async function innerDemand(dataPlane: Pick<DataPlane, 'swarms'>) {
  const swarms = await dataPlane.swarms({ limit: MAX_LISTED_SWARMS, sort: 'peers' });
  return swarms
    .filter(({ inner }) => inner.seeds + inner.leechers > 0)
    .map(({ infoHash, inner }) => ({ ...inner, infoHash: parseInfoHash(infoHash) }));
}
