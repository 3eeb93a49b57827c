/**
 * The composition root: it opens the storage, starts every part in the order of `src/config/parts.ts`, and stops them in
 * reverse. What crosses between the parts is in `services.ts`.
 */

import { randomBytes } from 'node:crypto';
import { adviceOn } from '../config/advice.js';
import type { Config } from '../config/config-schema.js';
import type { ConfigSource } from '../config/config-source.js';
import { alarm } from '../domain/alarm.js';
import { type Clock, systemClock } from '../domain/clock.js';
import { createLogger, type Logger } from '../logging/logger.js';
import type { ReloadOutcome } from '../operation/reload-outcome.js';
import { databaseFile } from '../store/database-file.js';
import { openDatabaseOrSetAside, type SqliteDatabase } from '../store/sqlite/database.js';
import { lockStorage } from '../store/sqlite/instance-lock.js';
import type { OperatorAction } from '../store/sqlite/operator-log.js';
import { trackerPart } from '../tracker/part.js';
import type { Application, AppOverrides, PartAddress } from './application.js';
import { ProxyWatch } from './data-plane/proxy-watch.js';
import { StoreWatch } from './data-plane/store-watch.js';
import { Health } from './health.js';
import { OneAtATime } from './one-at-a-time.js';
import { prepareAll, type Reloadable, reloadAll } from './reload.js';
import { reloadFrom } from './reload-from-file.js';
import { type AroundReload, Reloads } from './reloads.js';
import { configInForce, keysThatNeedRestart } from './restart-keys.js';
import { RunningParts } from './running-parts.js';
import { createServices } from './services.js';
import { StopStack } from './stop-stack.js';
import { StorageWatch } from './storage-watch.js';
import { Supervisor } from './supervision/supervisor.js';
import { ThreadWatch } from './supervision/thread-watch.js';
import type { Watch } from './watch.js';

export function createApp(config: Config, overrides: AppOverrides = {}): Application {
  return new App(config, overrides);
}

class App implements Application {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #seed: number;
  readonly #source: ConfigSource | undefined;
  readonly #stops: StopStack;
  readonly #health = new Health();
  readonly #supervisor: Supervisor;
  readonly #threads: ThreadWatch;
  readonly #parts: RunningParts;
  readonly #started: Config;
  /** In force. */
  #config: Config;
  #addresses: readonly PartAddress[] = [];
  #onAction: ((action: OperatorAction) => void) | undefined;
  /** Reloads and checks of changed files, one at a time. */
  readonly #turns = new OneAtATime();
  readonly #reloads: Reloads;

  constructor(config: Config, overrides: AppOverrides) {
    this.#started = config;
    this.#config = config;
    this.#clock = overrides.clock ?? systemClock;
    this.#reloads = new Reloads(this.#clock);
    this.#source = overrides.source;
    this.#logger = overrides.logger ?? createLogger(config.logging.level);
    this.#seed = overrides.random?.nextUint32() ?? randomBytes(4).readUInt32LE();
    this.#stops = new StopStack(this.#logger);
    const context = { clock: this.#clock, logger: this.#logger, health: this.#health };
    this.#supervisor = new Supervisor(context);
    this.#threads = new ThreadWatch(context);
    this.#parts = new RunningParts({
      ...context,
      supervisor: this.#supervisor,
      threads: this.#threads,
      stops: this.#stops,
      config: () => this.#config,
    });
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

  faults(): readonly string[] {
    return this.#health.reasons();
  }

  beats(thread: string): number | undefined {
    return this.#threads.beats(thread);
  }

  reloadFile(dryRun: boolean, by: string | null): Promise<ReloadOutcome> {
    const work = () =>
      reloadFrom(this.#source, dryRun, by, {
        reload: (config) => this.reload(config),
        check: (config) => this.#check(config),
        onAction: (action) => this.#onAction?.(action),
        logger: this.#logger,
        clock: this.#clock,
      });
    return dryRun ? work() : this.#reloads.run(work);
  }

  reportReloads(around: AroundReload): void {
    this.#reloads.reportTo(around);
  }

  reload(config: Config): Promise<readonly string[]> {
    return this.#turns.run(async () => {
      const inForce = configInForce(this.#started, config);
      await reloadAll([this.#logLevel(), ...this.#parts.reloadable], inForce, this.#logger);
      this.#config = inForce;
      return keysThatNeedRestart(this.#started, config);
    });
  }

  #check(config: Config): Promise<readonly string[]> {
    return this.#turns.run(async () => {
      await prepareAll([this.#logLevel(), ...this.#parts.reloadable], configInForce(this.#started, config));
      return keysThatNeedRestart(this.#started, config);
    });
  }

  async #start(): Promise<void> {
    const clock = this.#clock;
    const logger = this.#logger;
    for (const line of adviceOn(this.#config)) logger.warn(line);
    this.#stops.push('health', () => this.#health.stop());
    await this.#watch(this.#threads);
    const database = this.#openDatabase();
    const storage = new StorageWatch(this.#config.storage.directory, this.#health, logger);
    await this.#watch(storage);
    const services = createServices({
      clock,
      logger,
      seed: this.#seed,
      health: this.#health,
      threads: this.#threads,
      supervisor: this.#supervisor,
      database,
      storage,
      turns: this.#turns,
      reloads: this.#reloads,
      // The log of operator actions names who called.
      reloadFile: this.#source && ((dryRun) => this.reloadFile(dryRun, null)),
      config: () => this.#config,
      parts: this.#parts,
    });
    this.#onAction = services.onAction;
    await this.#parts.start(services);
    await this.#watchTracker();
    this.#addresses = this.#parts.addresses;
  }

  #openDatabase(): SqliteDatabase {
    this.#stops.push('storage lock', lockStorage(this.#config.storage.directory));
    const { database, setAsideAs } = openDatabaseOrSetAside(databaseFile(this.#config));
    this.#stops.push('database', () => database.close());
    if (setAsideAs !== undefined) {
      const what = `the database file was damaged and is now ${setAsideAs}; the tracker has begun with an empty catalogue, without reports and without tokens`;
      this.#logger.error(`${what}. Stop the tracker to restore a backup`);
      this.#health.addAlarms(() => [alarm('database-damaged', { text: `database: ${what}` })]);
    }
    return database;
  }

  async #watchTracker(): Promise<void> {
    const health = this.#health;
    const clock = this.#clock;
    const logger = this.#logger;
    const { dataPlane, limits } = this.#parts.get(trackerPart);
    const counters = () => dataPlane.counters();
    await this.#watch(new StoreWatch({ limits, counters, health, logger }));
    await this.#watch(new ProxyWatch({ counters, clock, logger }));
  }

  /** Starts a watch. It is restarted when it fails, as a part is. */
  async #watch(watch: Watch): Promise<void> {
    const supervised = await this.#supervisor.run(watch.name, () => {
      watch.start();
      return watch;
    });
    this.#stops.push(watch.name, () => supervised.stop());
    this.#health.addAlarms(() => watch.alarms?.() ?? []);
  }

  #logLevel(): Reloadable {
    return {
      part: 'logging',
      prepare: (next) => () => {
        this.#logger.level = next.logging.level;
      },
    };
  }
}
