/**
 * The composition root: every part is made here, told what it needs of the others, started in order and stopped in reverse.
 * Read from top to bottom it is the picture of ARCHITECTURE.md.
 */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config-schema.js';
import type { CrawlResult } from '../crawler/crawl-result.js';
import { startCrawler } from '../crawler/crawl-schedule.js';
import { type Clock, systemClock } from '../domain/clock.js';
import { formatEndpoint } from '../domain/endpoint.js';
import { type InfoHash, parseInfoHash } from '../domain/info-hash.js';
import { createRandom } from '../domain/random.js';
import { createCatalogue } from '../store/sqlite/catalogue.js';
import { openDatabase } from '../store/sqlite/database.js';
import { sqliteGroupStore } from '../store/sqlite/group-registry.js';
import { GroupRegistry } from '../topology/group-registry.js';
import type { SwarmSummary } from '../tracker/swarm/swarm-store.js';
import { accessListOf, hashBytes } from './access.js';
import type { Application, AppOverrides, PartAddress } from './application.js';
import { createCrawlerParts } from './crawler-parts.js';
import { createExchange } from './create-exchange.js';
import { dataPlaneOptions } from './data-plane-options.js';
import { databaseFile } from './database-file.js';
import { Health } from './health.js';
import { KeptDataPlane } from './kept-data-plane.js';
import { createLogger, type Logger } from './logger.js';
import { outboundOf } from './outbound.js';
import { Policy } from './policy.js';
import { type ControlPart, startControl } from './start-control.js';
import { DnsPart } from './start-dns-redirect.js';
import { type MirrorSitePart, startMirrorSite } from './start-mirror-site.js';
import { createReports } from './start-reports.js';
import { StopStack } from './stop-stack.js';
import { StoreWatch } from './store-watch.js';
import { runAs } from './supervision/current-part.js';
import { type RunningPart, type SupervisedPart, Supervisor } from './supervision/supervisor.js';
import { ThreadWatch } from './supervision/thread-watch.js';
import { TopologySource } from './topology-source.js';

export function createApp(config: Config, overrides: AppOverrides = {}): Application {
  return new App(config, overrides);
}

class App implements Application {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #seed: number;
  readonly #stops: StopStack;
  readonly #health = new Health();
  readonly #supervisor: Supervisor;
  #config: Config;
  #addresses: PartAddress[] = [];
  #reload: ((config: Config) => Promise<void>) | undefined;

  constructor(config: Config, overrides: AppOverrides) {
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

  async stop(): Promise<void> {
    await this.#stops.unwind();
    this.#addresses = [];
  }

  takeUncaughtError(thrown: unknown): void {
    this.#supervisor.takeUncaughtError(thrown);
  }

  async reload(config: Config): Promise<readonly string[]> {
    await this.#reload?.(config);
    const old = this.#config;
    this.#config = config;
    return needRestart(old, config);
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

    const health = this.#health;
    stops.push('health', () => health.stop());
    const threads = new ThreadWatch({ clock, logger, health });
    health.addAlarms(() => threads.alarms());
    await run('thread watch', () => {
      threads.start();
      return threads;
    });
    const database = openDatabase(databaseFile(config));
    stops.push('database', () => database.close());
    const catalogue = createCatalogue(database);

    // Who is where, and what it costs.
    const topology = await TopologySource.open(config, new GroupRegistry(sqliteGroupStore(database)), logger);
    const reports = createReports({
      database,
      clock,
      logger,
      subdomainIds: () => topology.subdomainIds,
      subdomains: () => topology.subdomains,
      config: () => this.#config,
    });
    topology.onChange(() => reports.reload());
    await run('reports', () => {
      reports.start();
      return reports;
    });
    const policy = new Policy(config, { clock, logger, readings: reports.service, topology });

    // The data plane: from here on announces are answered, whatever happens to the rest.
    const access = (): ReturnType<typeof accessListOf> =>
      accessListOf(this.#config.tracker, () => catalogue.allInfoHashes());
    const options = dataPlaneOptions(config, policy, access(), this.#seed);
    // Its thread is what is started again; an error of what the main thread does for it is no reason to.
    const dataPlane = await runAs({ part: 'tracker' }, () => KeptDataPlane.start(options, { clock, logger, health }));
    stops.push('tracker', () => dataPlane.stop());
    supervisor.add(dataPlane.supervision);
    threads.add({ name: 'tracker', vitals: dataPlane.vitals, abandon: (reason) => dataPlane.abandon(reason) });
    const keep = (): void => dataPlane.setKept(hashBytes(catalogue.allInfoHashes()));
    keep();
    const storeWatch = new StoreWatch({
      limits: config.tracker.limits,
      counters: () => dataPlane.counters(),
      health,
      logger,
    });
    stops.push('store watch', () => storeWatch.stop());
    health.addAlarms(() => storeWatch.alarms());
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

    // Foreign peers, past the redirected DNS.
    const closedBecause = outboundOf(() => this.#config);
    const exchange = config.upstream.exchange
      ? await run('upstream exchange', () => {
          const random = createRandom(this.#seed);
          return createExchange(config, { clock, logger, random, catalogue, dataPlane, closedBecause });
        })
      : undefined;

    // The mirror environment: site, crawler, names.
    const announceUrls = announceUrlsOf(config, this.#addresses);
    if (config.mirrorSite) {
      const section = config.mirrorSite;
      const { running: site } = await run<MirrorSitePart>('mirror site', (previous) =>
        startMirrorSite(
          config,
          { ...section, listen: { ...section.listen, port: previous?.address.port ?? section.listen.port } },
          { catalogue, dataPlane, announceUrls, clock, logger },
        ),
      );
      health.watch('mirror site', site.address);
      listensOn({
        part: 'mirror-site',
        url: `http://${formatEndpoint(site.address)}`,
        about: 'the catalogue, torrents rewritten',
      });
    }
    const startCrawling = (): RunningPart => {
      const parts = createCrawlerParts({
        config,
        database,
        clock,
        closedBecause,
        resolver: exchange?.running.resolver,
        scraper: exchange && { scrape: (...asked) => exchange.running.exchange.scrape(...asked) },
        announced: {
          announced: async () =>
            (await dataPlane.swarms({ limit: config.crawler.top, sort: 'peers' })).map(announcedSwarm),
        },
      });
      const running = startCrawler({
        crawler: parts.crawler,
        everyMs: config.crawler.everyMs,
        onResult: (result) => {
          logger.info(describeCrawl(result));
          dataPlane.setAccess(access());
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
    const mirrorVitals = config.mirrorSite === undefined ? null : threads.mainVitals;
    const dns =
      config.dnsRedirect && (await DnsPart.start(config.dnsRedirect, { clock, logger, health, mirrorVitals }));
    if (dns) {
      stops.push('DNS redirection', () => dns.stop());
      supervisor.add(dns.supervision);
      threads.add({ name: 'dns', vitals: dns.vitals, abandon: (reason) => dns.abandon(reason) });
      for (const address of dns.addresses) {
        listensOn({
          part: 'dns-redirect',
          url: `dns://${formatEndpoint(address)}`,
          about: 'redirects the listed names, forwards the rest',
        });
      }
    }

    // The operator's view.
    if (config.control) {
      const section = config.control;
      const { running: control } = await run<ControlPart>('control API', (previous) =>
        startControl(
          config,
          { ...section, listen: { ...section.listen, port: previous?.port ?? section.listen.port } },
          { clock, logger, health, reports, policy, dataPlane, catalogue, exchange, dns, supervisor, threads },
        ),
      );
      listensOn({ part: 'control', url: control.url, about: 'dashboard, API, metrics' });
    }

    this.#reload = async (next) => {
      const applyDns = dns?.prepare(next.dnsRedirect);
      await policy.reload(next);
      this.#config = next;
      reports.reload();
      dataPlane.setAccess(access());
      await dataPlane.reloadCertificates();
      applyDns?.();
    };
  }
}

function announcedSwarm(swarm: SwarmSummary): { infoHash: InfoHash; seeds: number; leechers: number } {
  return { ...swarm, infoHash: parseInfoHash(swarm.infoHash) };
}

/** What torrents are rewritten to: as configured, else the addresses that the tracker really has. */
function announceUrlsOf(config: Config, addresses: readonly PartAddress[]): readonly string[] {
  if (config.tracker.announceUrls.length > 0) return config.tracker.announceUrls;
  return addresses.filter(({ part }) => part === 'tracker').map(({ url }) => `${url}/announce`);
}

function describeCrawl({ entries, sources }: CrawlResult): string {
  const count = (status: string): number => entries.filter((entry) => entry.status === status).length;
  const failed = sources
    .filter((source) => source.error !== undefined)
    .map((source) => `${source.name} (${source.error})`);
  const torrents = `crawled: ${count('new')} torrents new, ${count('updated')} updated, ${count('kept')} kept, ${count('failed')} failed`;
  return failed.length === 0 ? torrents : `${torrents}; sources that failed: ${failed.join(', ')}`;
}

/** The parts whose listeners and files are opened once. */
function needRestart(old: Config, next: Config): string[] {
  const changed = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
  const lines: string[] = [];
  const { torrents: _a, denyList: _b, ...oldTracker } = old.tracker;
  const { torrents: _c, denyList: _d, ...nextTracker } = next.tracker;
  if (changed(oldTracker, nextTracker)) lines.push('tracker (all but torrents and denyList.torrents)');
  for (const section of [
    'mirrorSite',
    'crawler',
    'upstream',
    'control',
    'storage',
    'logging',
    'lab',
    'labServices',
  ] as const) {
    if (changed(old[section], next[section])) lines.push(section);
  }
  if (changed(old.dnsRedirect?.listen, next.dnsRedirect?.listen)) lines.push('dnsRedirect.listen');
  if (changed(old.dnsRedirect?.upstreamResolvers, next.dnsRedirect?.upstreamResolvers))
    lines.push('dnsRedirect.upstreamResolvers');
  return lines;
}
