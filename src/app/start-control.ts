/** Starts the control API, and gives it its views of the other parts. */
import type { Config } from '../config/config-schema.js';
import { isIpv6Only } from '../config/listeners.js';
import { createControlApi } from '../control-api/control-api.js';
import { startControlServer } from '../control-api/control-server.js';
import type { MetricFamily } from '../control-api/metrics.js';
import type { CatalogueView } from '../crawler/api/catalogue-routes.js';
import type { RedirectionView } from '../dns-redirect/api/redirection-routes.js';
import type { RunningRedirection } from '../dns-redirect/running-redirection.js';
import type { Clock } from '../domain/clock.js';
import { ClientError, messageOf } from '../domain/errors.js';
import { parseInfoHash } from '../domain/info-hash.js';
import { formatIp, parseIp } from '../domain/ip-address.js';
import type { Logger } from '../logging/logger.js';
import { formatListenUrl } from '../net/listen-url.js';
import type { Apply } from '../part/part.js';
import { reportMetrics } from '../reports/api/report-metrics.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import { isStorageFailure } from '../store/sqlite/storage-failure.js';
import type { TrackerView } from '../tracker/api/tracker-routes.js';
import type { PeerReceiver } from '../upstream/api/push-routes.js';
import { controlRoutes } from './control-routes.js';
import type { ExchangePart } from './create-exchange.js';
import { importForeignPeers } from './data-plane/import-foreign-peers.js';
import type { Policy } from './data-plane/policy.js';
import type { SupervisedDataPlane } from './data-plane/supervised-data-plane.js';
import { trackerMetrics, upstreamMetrics } from './data-plane/tracker-metrics.js';
import { explainedInWords } from './explained-in-words.js';
import type { Health } from './health.js';
import { listenerErrors } from './listener-errors.js';
import { createOverview } from './overview.js';
import { readControlTls } from './read-control-tls.js';
import type { ReportsParts } from './start-reports.js';
import type { StorageWatch } from './storage-watch.js';
import type { SupervisedPart, Supervisor } from './supervision/supervisor.js';
import type { ThreadWatch } from './supervision/thread-watch.js';

export interface ControlPart {
  readonly url: string;
  readonly port: number;
  /** Takes token and certificate; the listener stays, and without its section the API as it was. */
  prepare(next: Config): Apply;
  stop(): Promise<void>;
}

export interface ControlContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: Health;
  readonly reports: ReportsParts;
  readonly policy: Policy;
  readonly dataPlane: SupervisedDataPlane;
  readonly catalogue: Catalogue;
  readonly exchange: SupervisedPart<ExchangePart> | undefined;
  readonly supervisor: Supervisor;
  readonly threads: ThreadWatch;
  readonly storage: StorageWatch;
  readonly dns: RunningRedirection | undefined;
  /** Of the parts that run already. */
  readonly metrics: readonly MetricFamily[];
}

export async function startControl(
  config: Config,
  section: NonNullable<Config['control']>,
  context: ControlContext,
): Promise<ControlPart> {
  const { clock, logger, health, reports, dataPlane, catalogue, exchange, dns, supervisor, threads } = context;
  const { listen } = section;
  const tls = readControlTls(section);
  let inForce = config;
  const app = createControlApi({
    clock,
    authenticator: reports.directory,
    readiness: health,
    names: section.names,
    onWrongCredentials: ({ address, kind, probe }) =>
      logger.warn(
        { address, probe },
        `control API: ${address} sent a ${kind} that is not valid${probe === undefined ? '' : ` in the name of ${probe}`}; the next ones have to wait`,
      ),
    openToLoopback: () => inForce.control?.token === undefined && isLoopback(listen.host),
    routes: controlRoutes({
      clock,
      reports: reports.service,
      readiness: health,
      tracker: trackerView(context, config),
      catalogue: catalogueView(catalogue),
      redirections: dns && redirectionView(dns, health),
      upstream: peerReceiver(() => inForce, dataPlane),
      overview: createOverview({ dataPlane, catalogue, billing: () => inForce.billing }),
    }),
    metrics: [
      ...reportMetrics(reports.service, clock),
      ...supervisor.metrics(),
      ...threads.metrics(),
      ...trackerMetrics(dataPlane, config.tracker.limits),
      ...context.metrics,
      ...(exchange ? upstreamMetrics(() => exchange.running.exchange.counters()) : []),
    ],
    onDefect: (thrown, path) => {
      if (isStorageFailure(thrown)) context.storage.failed(thrown);
      else logger.error({ err: thrown, path }, `control API: ${messageOf(thrown)}`);
    },
  });
  const server = await startControlServer(app, {
    host: listen.host,
    port: listen.port,
    onListenerError: listenerErrors('control API', context),
    ipv6Only: isIpv6Only(listen, 'tcp', config),
    tls,
  });
  return {
    url: formatListenUrl({ protocol: tls ? 'https' : 'http', host: listen.host, port: server.address.port }),
    port: server.address.port,
    prepare: (next) => {
      const nextTls = next.control && readControlTls(next.control);
      return () => {
        inForce = next;
        if (nextTls) server.useTls(nextTls);
      };
    },
    stop: () => server.close(),
  };
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}

function trackerView({ dataPlane, policy, catalogue }: ControlContext, config: Config): TrackerView {
  return {
    explain: async ({ infoHash, ip, port, numwant }) => {
      const address = parseIp(ip);
      const { numWantDefault, numWantMax } = config.tracker;
      const numWant = Math.min(numwant ?? numWantDefault, numWantMax);
      const answer = await dataPlane.explain({ infoHash: parseInfoHash(infoHash), address, port, numWant });
      if (answer === null || !answer.found) throw new ClientError('not-found', 'no client has announced this torrent');
      return explainedInWords(answer, address, policy);
    },
    swarms: async ({ limit, offset }) => {
      const swarms = await dataPlane.swarms({ limit: limit + offset, sort: 'peers' });
      const named = swarms.slice(offset).map((swarm) => {
        const name = catalogue.get(parseInfoHash(swarm.infoHash))?.name;
        return name === undefined ? { ...swarm } : { ...swarm, name };
      });
      return { total: dataPlane.counters().swarms, swarms: named };
    },
    swarm: async (infoHash) => {
      const swarm = await dataPlane.swarm(parseInfoHash(infoHash));
      if (swarm === null) return undefined;
      const groups = swarm.groups.map(({ group, ...counts }) => {
        const { name, asn, kind } = policy.describeGroup(group);
        return { group: name, asn, kind, ...counts };
      });
      return { ...swarm, groups };
    },
  };
}

function catalogueView(catalogue: Catalogue): CatalogueView {
  return {
    torrents: async ({ limit, offset }) => {
      const pageSize = Math.max(1, limit);
      const first = 1 + Math.floor(offset / pageSize);
      const skipped = offset % pageSize;
      const { total, torrents } = catalogue.search({ pageSize, page: first });
      // An offset that is not a multiple of the limit needs entries of the next page.
      const more = skipped === 0 ? [] : catalogue.search({ pageSize, page: first + 1 }).torrents;
      const listed = [...torrents, ...more].slice(skipped, skipped + limit);
      return { total, torrents: listed.map((torrent) => ({ ...torrent })) };
    },
  };
}

function redirectionView(dns: RunningRedirection, health: Health): RedirectionView {
  return {
    redirections: async () =>
      [...dns.policy.names].map(([name, { target }]) => ({
        name,
        target,
        active: health.isHealthy(target === 'mirror' ? 'mirror site' : 'tracker'),
        addresses: dns.policy.addresses[target].map(formatIp),
        ttlSeconds: dns.policy.ttlSeconds,
      })),
  };
}

const REFUSED_TORRENT = {
  'not-listed': 'this tracker does not serve this torrent (tracker.torrents): no peers were imported',
  denied: 'this torrent is on the deny list of this tracker: no peers were imported',
} as const;

function peerReceiver(config: () => Config, dataPlane: SupervisedDataPlane): PeerReceiver {
  return {
    pushPeers: async ({ infoHash, peers, ttlSeconds }) => {
      const foreign = peers.map((peer) => ({ ...peer, address: parseIp(peer.address) }));
      const hash = parseInfoHash(infoHash);
      const { torrent, taken, refused } = await importForeignPeers(config(), dataPlane, hash, foreign, ttlSeconds);
      if (torrent !== undefined) throw new ClientError(`torrent-${torrent}`, REFUSED_TORRENT[torrent]);
      return {
        accepted: taken,
        refused: Object.entries(refused).map(([reason, count]) => ({ reason, peers: count })),
      };
    },
  };
}
