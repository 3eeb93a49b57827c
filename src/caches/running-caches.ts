/** The caches as a part: a client and a watch for each one, and what they show. A reload adds, changes and removes them. */
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

type Listener = (cache: RunningCache) => void;

export class RunningCaches implements RunningPart<CachesConfig> {
  readonly listeners = [];
  readonly controller: CacheController;
  readonly #metainfo: ReturnType<CachesNeeds['openCacheMetainfo']>;
  readonly #needs: CachesNeeds;
  readonly #healthListeners = new Set<Listener>();
  readonly #stateListeners = new Set<Listener>();
  /** By name, in the order of the configuration. */
  #entries: ReadonlyMap<string, Entry> = new Map();
  #schedule: CachesConfig['billing']['schedule'] = [];

  constructor(config: CachesConfig, needs: CachesNeeds) {
    this.#needs = needs;
    this.#metainfo = needs.openCacheMetainfo();
    const { read } = this.#metainfo;
    this.controller = new CacheController({ ...needs, store: needs.cacheStore, cacheMetainfo: read });
    this.#apply(config);
  }

  /** In the order of the configuration. */
  get caches(): readonly RunningCache[] {
    return [...this.#entries.values()].map((entry) => this.#running(entry));
  }

  find(name: string): RunningCache | undefined {
    const entry = this.#entries.get(name);
    return entry && this.#running(entry);
  }

  /**
   * Calls `listener` with each cache that goes up or down: at most 20 s after its client failed, within seconds after it is back.
   * @returns unsubscribe
   */
  onHealthChange(listener: Listener): () => void {
    this.#healthListeners.add(listener);
    return () => void this.#healthListeners.delete(listener);
  }

  /** Calls `listener` after each answer of a cache, every few seconds. @returns unsubscribe */
  onState(listener: Listener): () => void {
    this.#stateListeners.add(listener);
    return () => void this.#stateListeners.delete(listener);
  }

  alarms(): string[] {
    return this.caches.flatMap(({ reading: { health, error } }) => (health === 'down' ? [error!] : []));
  }

  prepare(next: CachesConfig): Apply {
    return () => this.#apply(next);
  }

  async stop(): Promise<void> {
    for (const entry of this.#entries.values()) end(entry);
    this.#entries = new Map();
    await this.controller.stop();
    await this.#metainfo.close();
  }

  /** A cache whose settings are the same keeps its client, and what is known of it. */
  #apply({ caches, billing }: CachesConfig): void {
    const before = this.#entries;
    this.#schedule = billing.schedule;
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

  /** Hands the controller what is known of the caches now. */
  #control(): void {
    this.controller.setCaches([...this.#entries.values()].map((entry) => this.#controlled(entry)));
    void this.controller.reconcile();
  }

  #controlled({ settings, client, watch }: Entry): ControlledCache {
    const { name, allow, quotaBytes, fillRateBytesPerSecond, uplinkBpsMax, peerPort } = settings;
    const { health, error, state, answeredAtMs } = watch.reading;
    return {
      ...{ name, allow, quotaBytes, fillRateBytesPerSecond, client, health, error, state, answeredAtMs },
      addresses: addressesOf(settings),
      peerPort: peerPort ?? state?.peerPort,
      uplinkBps: uplinkBpsMax,
      openForMs: openForMs(settings, this.#schedule, this.#needs.clock.nowMs()),
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
        for (const listener of this.#healthListeners) listener(running());
      },
      onState: () => {
        this.#control();
        for (const listener of this.#stateListeners) listener(running());
      },
    });
    return { settings, client, watch };
  }

  #running({ settings, client, watch }: Entry): RunningCache {
    const fillWindow = fillWindowAt(settings, this.#schedule, this.#needs.clock.nowMs());
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
