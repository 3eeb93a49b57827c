/** The caches as a part: a client and a watch for each one, and what they show. A reload adds, changes and removes them. */
import { type Alarm, alarm } from '../domain/alarm.js';
import type { Logger } from '../logging/logger.js';
import type { Apply, PartContext, RunningPart } from '../part/part.js';
import type { CacheClient } from './cache-client.js';
import { type CacheReading, CacheWatch } from './cache-watch.js';
import type { ControlledCache } from './controlled-cache.js';
import { CacheController } from './controller.js';
import type { ControllerNeeds } from './controller-needs.js';
import { createClient } from './create-client.js';
import { type FillWindow, fillWindowAt, openForMs } from './fill-window.js';
import { addressesOf, type CacheSettings, type CachesConfig } from './section.js';

export interface CachesNeeds
  extends Pick<PartContext, 'clock' | 'log'>,
    Omit<ControllerNeeds, 'store' | 'cacheMetainfo'> {
  readonly cacheStore: ControllerNeeds['store'];
  /** Rewrites torrents outside of this thread. */
  readonly openCacheMetainfo: () => {
    readonly read: ControllerNeeds['cacheMetainfo'];
    close(): Promise<void>;
  };
}

/** A cache as it is configured and as it was last seen. */
export interface RunningCache {
  readonly settings: CacheSettings;
  readonly client: CacheClient;
  readonly reading: CacheReading;
  readonly fillWindow: FillWindow;
  /** The operator has taken it out. */
  readonly isDrained: boolean;
}

interface Entry {
  readonly settings: CacheSettings;
  readonly client: CacheClient;
  readonly watch: CacheWatch;
}

/** At most one round in this time follows from states alone: each cache reports its own every few seconds. */
const ROUND_EVERY_MS = 1_000;

export class RunningCaches implements RunningPart<CachesConfig> {
  readonly listeners = [];
  readonly controller: CacheController;
  readonly #metainfo: ReturnType<CachesNeeds['openCacheMetainfo']>;
  readonly #needs: CachesNeeds;
  #round: NodeJS.Timeout | undefined;
  /** By name, in the order of the configuration. */
  #entries: ReadonlyMap<string, Entry> = new Map();
  #billing: CachesConfig['billing'] = { schedule: [] };

  constructor(config: CachesConfig, needs: CachesNeeds) {
    this.#needs = needs;
    this.#metainfo = needs.openCacheMetainfo();
    const { read } = this.#metainfo;
    this.controller = new CacheController({ ...needs, store: needs.cacheStore, cacheMetainfo: read });
    this.#apply(config);
  }

  /** The most that all caches together may fetch over the border; undefined: no limit. */
  get fillRateBytesPerSecond(): number | undefined {
    return this.#billing.fillRateBytesPerSecond;
  }

  /** In the order of the configuration. */
  get caches(): readonly RunningCache[] {
    return [...this.#entries.values()].map((entry) => this.#running(entry));
  }

  find(name: string): RunningCache | undefined {
    const entry = this.#entries.get(name);
    return entry && this.#running(entry);
  }

  alarms(): Alarm[] {
    return this.caches.flatMap(({ settings: { name }, reading: { health, error } }) =>
      health === 'down' ? [alarm('cache-down', { subject: name, text: error! })] : [],
    );
  }

  prepare(next: CachesConfig): Apply {
    return () => this.#apply(next);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#round);
    for (const entry of this.#entries.values()) end(entry);
    this.#entries = new Map();
    await this.controller.stop();
    await this.#metainfo.close();
  }

  /** A cache whose settings are the same keeps its client, and what is known of it. */
  #apply({ caches, billing }: CachesConfig): void {
    const before = this.#entries;
    this.#billing = billing;
    this.controller.setFillRate(billing.fillRateBytesPerSecond);
    this.#entries = new Map(
      caches.map((settings) => {
        const known = before.get(settings.name);
        const isSame = known !== undefined && JSON.stringify(known.settings) === JSON.stringify(settings);
        return [settings.name, isSame ? known : this.#start(settings)];
      }),
    );
    for (const [name, entry] of before) if (this.#entries.get(name) !== entry) end(entry);
    this.#control();
  }

  #control(): void {
    this.#tell();
    void this.controller.reconcile();
  }

  #controlSoon(): void {
    this.#round ??= setTimeout(() => {
      this.#round = undefined;
      this.#control();
    }, ROUND_EVERY_MS).unref();
  }

  /** Hands the controller what is known of the caches now. */
  #tell(): void {
    this.controller.setCaches([...this.#entries.values()].map((entry) => this.#controlled(entry)));
  }

  #controlled({ settings, client, watch }: Entry): ControlledCache {
    const { name, allow, quotaBytes, fillRateBytesPerSecond, uplinkBpsMax, peerPort } = settings;
    const { health, error, state, askedAtMs } = watch.reading;
    return {
      ...{ name, allow, quotaBytes, fillRateBytesPerSecond, client, health, error, state, askedAtMs },
      addresses: addressesOf(settings),
      peerPort: peerPort ?? state?.peerPort,
      uplinkBps: uplinkBpsMax,
      openForMs: openForMs(settings, this.#billing.schedule, this.#needs.clock.nowMs()),
    };
  }

  #start(settings: CacheSettings): Entry {
    const { clock, log } = this.#needs;
    const client = createClient(settings, clock);
    const running = (): RunningCache => this.#running({ settings, client, watch });
    const watch: CacheWatch = new CacheWatch({
      client,
      clock,
      onHealthChange: () => {
        logHealth(running(), log);
        this.#control();
      },
      onState: () => this.#controlSoon(),
    });
    return { settings, client, watch };
  }

  #running({ settings, client, watch }: Entry): RunningCache {
    const fillWindow = fillWindowAt(settings, this.#billing.schedule, this.#needs.clock.nowMs());
    const isDrained = this.controller.isDrained(settings.name);
    return { settings, client, reading: watch.reading, fillWindow, isDrained };
  }
}

function end({ watch, client }: Entry): void {
  watch.stop();
  client.close();
}

function logHealth({ settings, reading }: RunningCache, log: Logger): void {
  if (reading.health === 'up') log.info(`cache ${settings.name} answers: ${reading.state!.client}`);
  else log.warn(`${reading.error}; it is taken out of answers until it answers again`);
}
