/**
 * The composition root: every part is made here, told what it needs of the others, started in order and stopped in reverse.
 * Read from top to bottom it is the picture of ARCHITECTURE.md.
 */
import { randomBytes } from 'node:crypto';
import { adviceOn } from '../config/advice.js';
import type { Config } from '../config/config-schema.js';
import { isIpv6Only } from '../config/listeners.js';
import type { MetricFamily } from '../control-api/metrics.js';
import type { CrawlResult } from '../crawler/crawl-result.js';
import { startCrawler } from '../crawler/crawl-schedule.js';
import { dnsRedirectPart } from '../dns-redirect/part.js';
import { type Clock, systemClock } from '../domain/clock.js';
import { type InfoHash, parseInfoHash } from '../domain/info-hash.js';
import type { IpAddress } from '../domain/ip-address.js';
import { createRandom } from '../domain/random.js';
import { createLogger, type Logger } from '../logging/logger.js';
import { mirrorSitePart } from '../mirror-site/part.js';
import type { MirrorSiteNeeds } from '../mirror-site/running-mirror-site.js';
import { formatEndpoint } from '../net/endpoint.js';
import type { Apply, Part, RunningPart as RunningPartOf } from '../part/part.js';
import { createCatalogue } from '../store/sqlite/catalogue.js';
import { openDatabaseOrSetAside } from '../store/sqlite/database.js';
import { sqliteGroupStore } from '../store/sqlite/group-registry.js';
import { lockStorage } from '../store/sqlite/instance-lock.js';
import { GroupRegistry } from '../topology/group-registry.js';
import type { SwarmSummary } from '../tracker/swarm/swarm-store.js';
import { readCertificate } from '../transport/portable/certificate.js';
import { accessListOf, hashBytes } from './access.js';
import type { Application, AppOverrides, PartAddress } from './application.js';
import { createCrawlerParts } from './crawler-parts.js';
import { createExchange } from './create-exchange.js';
import { dataPlaneOptions, liveOptions, tlsMaterial } from './data-plane/data-plane-options.js';
import { Policy } from './data-plane/policy.js';
import { ProxyWatch } from './data-plane/proxy-watch.js';
import { StoreWatch } from './data-plane/store-watch.js';
import { SupervisedDataPlane } from './data-plane/supervised-data-plane.js';
import { TopologySource } from './data-plane/topology-source.js';
import type { TopologyView } from './data-plane/topology-state.js';
import { databaseFile } from './database-file.js';
import { createDocumentReader } from './document-reader.js';
import { Health } from './health.js';
import { requireKnownSubdomains } from './known-subdomains.js';
import { listenerErrors } from './listener-errors.js';
import { metadataFromPeers } from './metadata-from-peers.js';
import { OneAtATime } from './one-at-a-time.js';
import { outboundOf } from './outbound.js';
import { type Reloadable, reloadAll } from './reload.js';
import { configInForce, keysThatNeedRestart } from './restart-keys.js';
import { type ControlPart, startControl } from './start-control.js';
import { createReports } from './start-reports.js';
import { StopStack } from './stop-stack.js';
import { StorageWatch } from './storage-watch.js';
import { runAs } from './supervision/current-part.js';
import { Restarts } from './supervision/restarts.js';
import { type RunningPart, type SupervisedPart, Supervisor } from './supervision/supervisor.js';
import { ThreadWatch } from './supervision/thread-watch.js';

export function createApp(config: Config, overrides: AppOverrides = {}): Application {
  return new App(config, overrides);
}

type RunningAppPart = RunningPartOf<Config>;
/** A part as it is started here, whichever sections it reads. */
type AppPart<Needs, Running extends RunningAppPart> = Pick<
  Part<string, never, Config, Needs, Running>,
  'name' | 'label' | 'start'
>;

class App implements Application {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #seed: number;
  readonly #stops: StopStack;
  readonly #health = new Health();
  readonly #supervisor: Supervisor;
  readonly #started: Config;
  /** In force. */
  #config: Config;
  #addresses: PartAddress[] = [];
  /** Reloads and checks of changed files, one at a time. */
  readonly #turns = new OneAtATime();
  readonly #reloadable: Reloadable[] = [];

  constructor(config: Config, overrides: AppOverrides) {
    this.#started = config;
    this.#config = config;
    this.#clock = overrides.clock ?? systemClock;
    this.#logger = overrides.logger ?? createLogger(config.logging.level);
    this.#seed = overrides.random?.nextUint32() ?? randomBytes(4).readUInt32LE();
    this.#stops = new StopStack(this.#logger);
    this.#supervisor = new Supervisor({ clock: this.#clock, logger: this.#logger, health: this.#health });
    this.#health.addAlarms(() => this.#supervisor.alarms());
  }

  get addresses(): readonly PartAddress[] {
    return this.#addresses;
  }

  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
  }

  async stop(): Promise<readonly string[]> {
    const problems = await this.#stops.unwind();
    this.#addresses = [];
    return problems;
  }

  takeUncaughtError(thrown: unknown): void {
    this.#supervisor.takeUncaughtError(thrown);
  }

  reload(config: Config): Promise<readonly string[]> {
    return this.#turns.run(async () => {
      const inForce = configInForce(this.#started, config);
      await reloadAll(this.#reloadable, inForce, this.#logger);
      this.#config = inForce;
      return keysThatNeedRestart(this.#started, config);
    });
  }

  async #start(): Promise<void> {
    const config = this.#config;
    const clock = this.#clock;
    const logger = this.#logger;
    const stops = this.#stops;
    const listensOn = (address: PartAddress): void => void this.#addresses.push(address);
    const supervisor = this.#supervisor;
    /** Starts a part, and starts it again when it fails. @param start gets the part that ran before, if any */
    const run = async <T extends RunningPart>(
      part: string,
      start: (previous: T | undefined) => T | Promise<T>,
    ): Promise<SupervisedPart<T>> => {
      const supervised = await supervisor.run(part, start);
      stops.push(part, () => supervised.stop());
      return supervised;
    };
    const metrics: MetricFamily[] = [];
    /** What all parts have alike: a place in the table of `serve`, metrics, reloads. */
    const show = (part: AppPart<never, RunningAppPart>, supervised: { readonly running: RunningAppPart }): void => {
      onReload(part.name, (next) => supervised.running.prepare(next));
      for (const { url, about } of supervised.running.listeners) listensOn({ part: part.label, url, about });
      metrics.push(...supervised.running.metrics);
    };
    /** Starts a part of the main thread, and starts it again when it fails. */
    const startPart = async <Needs, Running extends RunningAppPart>(
      part: AppPart<Needs, Running>,
      needs: Needs,
    ): Promise<SupervisedPart<Running>> => {
      const supervised = await run<Running>(part.name, (previous) => part.start(this.#config, needs, previous));
      for (const listener of supervised.running.listeners) this.#health.watch(part.name, listener);
      show(part, supervised);
      return supervised;
    };
    const onReload = (part: string, prepare: Reloadable['prepare']): void =>
      void this.#reloadable.push({ part, prepare });
    onReload('logging', (next) => () => {
      logger.level = next.logging.level;
    });

    for (const line of adviceOn(config)) logger.warn(line);
    const health = this.#health;
    stops.push('health', () => health.stop());
    const threads = new ThreadWatch({ clock, logger, health });
    health.addAlarms(() => threads.alarms());
    await run('thread watch', () => {
      threads.start();
      return threads;
    });
    stops.push('storage lock', lockStorage(config.storage.directory));
    const { database, setAsideAs } = openDatabaseOrSetAside(databaseFile(config));
    stops.push('database', () => database.close());
    if (setAsideAs !== undefined) {
      const what = `the database was damaged and is kept as ${setAsideAs}; the catalogue, reports and tokens begin empty`;
      logger.error(`${what}. Stop the tracker to restore a backup`);
      health.addAlarms(() => [`database: ${what}`]);
    }
    const storage = new StorageWatch(config.storage.directory, health, logger);
    await run('storage watch', () => {
      storage.start();
      return storage;
    });
    const catalogue = createCatalogue(database);

    // Who is where, and what it costs.
    const groups = new GroupRegistry(sqliteGroupStore(database));
    const topology = await TopologySource.open(config, groups, logger, this.#turns);
    requireKnownSubdomains(config, topology);
    const reports = createReports({
      database,
      clock,
      logger,
      subdomainIds: () => topology.subdomainIds,
      subdomains: () => topology.subdomains,
      isInner: (address) => topology.compiled.describe(address).operator === 'own',
      config,
    });
    await run('reports', () => {
      reports.start();
      return reports;
    });
    const policy = new Policy(config, { clock, logger, readings: reports.service, topology });
    const withTopology = (next: Config, view: TopologyView): Apply[] => {
      requireKnownSubdomains(next, view);
      return [reports.prepare(next, view.subdomains), policy.prepare(next, view)];
    };
    topology.beforeChange((view) => withTopology(this.#config, view));
    onReload('topology, reports, policy', async (next) => {
      const prepared = await topology.prepare(next);
      return [prepared.apply, ...withTopology(next, prepared.view)];
    });

    // The data plane: from here on announces are answered, whatever happens to the rest.
    const access = (from: Config): ReturnType<typeof accessListOf> =>
      accessListOf(from.tracker, () => catalogue.allInfoHashes());
    const options = dataPlaneOptions(config, policy, access(config), this.#seed);
    // Only its thread is restarted. An error in the main thread's work for it must not restart the thread.
    const dataPlane = await runAs({ part: 'tracker' }, () =>
      SupervisedDataPlane.start(options, { clock, logger, health }),
    );
    stops.push('tracker', () => dataPlane.stop());
    supervisor.add(dataPlane.supervision);
    threads.add({ name: 'tracker', vitals: dataPlane.vitals, supervision: dataPlane });
    const keep = (): void => dataPlane.setPinned(hashBytes(catalogue.allInfoHashes()));
    keep();
    const { limits } = config.tracker;
    const storeWatch = await run(
      'store watch',
      () => new StoreWatch({ limits, counters: () => dataPlane.counters(), health, logger }),
    );
    health.addAlarms(() => storeWatch.running.alarms());
    const proxyWatch = await run(
      'proxy watch',
      () => new ProxyWatch({ counters: () => dataPlane.counters(), clock, logger }),
    );
    health.addAlarms(() => proxyWatch.running.alarms());
    for (const address of dataPlane.addresses) {
      const url = `${address.protocol}://${formatEndpoint(address)}`;
      listensOn({ part: 'tracker', url, about: 'announce and scrape' });
    }
    await run('topology', () => {
      topology.start();
      return topology;
    });
    await run('policy', () => {
      policy.start(dataPlane);
      return policy;
    });
    onReload('tracker', async (next) => {
      const listed = access(next);
      const options = liveOptions(next);
      const certificate = next.tracker.tls && (await readCertificate(tlsMaterial(next.tracker.tls)));
      return () => {
        dataPlane.setAccess(listed);
        dataPlane.setOptions(options);
        if (certificate) dataPlane.useCertificate(certificate);
      };
    });

    // Foreign peers, past the redirected DNS.
    const blockedReason = outboundOf(() => this.#config);
    const redirectedTo = (): readonly IpAddress[] => this.#config.dnsRedirect?.trackerAddresses ?? [];
    const exchange = config.upstream.exchange
      ? await run('upstream exchange', () => {
          const random = createRandom(this.#seed);
          return createExchange(() => this.#config, {
            clock,
            logger,
            random,
            catalogue,
            dataPlane,
            blockedReason,
            redirectedTo,
          });
        })
      : undefined;

    // The mirror environment: site, crawler, names.
    const mirrorSite = config.mirrorSite
      ? await startPart(mirrorSitePart, {
          catalogue,
          trackerUrls: () => trackerUrls(this.#addresses),
          swarm: (infoHash) => dataPlane.swarm(infoHash),
          openRewriter: rewriters(threads.measure('mirror-documents')),
          isIpv6Only: (listener) => isIpv6Only(listener, 'tcp', config),
          onListenerError: listenerErrors(mirrorSitePart.name, { clock, logger }),
          log: logger,
        })
      : undefined;
    const crawlerDocuments = config.crawler.sources.length > 0 ? threads.measure('crawler-documents') : undefined;
    const startCrawling = (): RunningPart => {
      const parts = createCrawlerParts({
        config,
        documentVitals: crawlerDocuments,
        database,
        clock,
        blockedReason,
        resolver: exchange?.running.resolver,
        scraper: exchange && { scrape: (...asked) => exchange.running.exchange.scrape(...asked) },
        announced: {
          announced: async () =>
            (await dataPlane.swarms({ limit: config.crawler.top, sort: 'peers' })).map(announcedSwarm),
        },
        metadata: config.crawler.metadata ? metadataFromPeers(() => this.#config, dataPlane) : undefined,
      });
      const running = startCrawler({
        crawler: parts.crawler,
        everyMs: config.crawler.everyMs,
        onResult: (result) => {
          logger.info(describeCrawl(result));
          dataPlane.setAccess(access(this.#config));
          keep();
        },
        onFailure: (reason) => logger.error(`the crawl failed: ${reason}`),
      });
      return {
        stop: async () => {
          await running.stop();
          await parts.close();
        },
      };
    };
    if (config.crawler.sources.length > 0) await run('crawler', startCrawling);
    const dns = config.dnsRedirect
      ? await dnsRedirectPart.start(
          config,
          {
            supervise: (startAgain) => new Restarts(dnsRedirectPart.name, { clock, logger, health }, startAgain),
            targets: {
              mirrorIsHealthy: () => health.isHealthy(mirrorSitePart.name),
              trackerIsHealthy: () => health.isHealthy('tracker'),
              onChange: (listener) => health.onChange(listener),
            },
            log: logger,
            mirrorVitals: mirrorSite === undefined ? null : threads.mainVitals,
          },
          undefined,
        )
      : undefined;
    if (dns) {
      stops.push(dnsRedirectPart.name, () => dns.stop());
      supervisor.add(dns.supervision);
      threads.add({ name: 'dns', vitals: dns.vitals, supervision: dns });
      show(dnsRedirectPart, { running: dns });
    }

    // The operator's view.
    if (config.control) {
      const { listen } = config.control;
      const supervised = await run<ControlPart>('control API', (previous) =>
        startControl(
          this.#config,
          {
            ...(this.#config.control ?? config.control!),
            listen: { ...listen, port: previous?.port ?? listen.port },
          },
          {
            clock,
            logger,
            health,
            reports,
            policy,
            dataPlane,
            catalogue,
            exchange,
            dns,
            metrics,
            supervisor,
            threads,
            storage,
          },
        ),
      );
      onReload('control API', (next) => supervised.running.prepare(next));
      const control = supervised.running;
      listensOn({ part: 'control', url: control.url, about: 'dashboard, API, metrics' });
    }
  }
}

function announcedSwarm(swarm: SwarmSummary): { infoHash: InfoHash; seeds: number; leechers: number } {
  return { ...swarm, infoHash: parseInfoHash(swarm.infoHash) };
}

/** Where the tracker really is: what torrents are rewritten to where the configuration names nothing. */
function trackerUrls(addresses: readonly PartAddress[]): readonly string[] {
  return addresses.filter(({ part }) => part === 'tracker').map(({ url }) => `${url}/announce`);
}

/** Each start of the mirror site has a thread of its own for large torrents. */
function rewriters(vitals: SharedArrayBuffer): MirrorSiteNeeds['openRewriter'] {
  return () => {
    const documents = createDocumentReader({ name: 'mirror-documents', vitals });
    return {
      rewrite: (bytes, options, about) => documents.run('rewriteTorrent', { bytes, options }, { about }),
      close: () => documents.close(),
    };
  };
}

function describeCrawl({ entries, sources }: CrawlResult): string {
  const count = (status: string): number => entries.filter((entry) => entry.status === status).length;
  const failed = sources
    .filter((source) => source.error !== undefined)
    .map((source) => `${source.name} (${source.error})`);
  const torrents = `crawled: ${count('new')} torrents new, ${count('updated')} updated, ${count('kept')} kept, ${count('failed')} failed`;
  return failed.length === 0 ? torrents : `${torrents}; sources that failed: ${failed.join(', ')}`;
}
