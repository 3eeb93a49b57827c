/** The caches as a part: a client and a watch for each one, and what they show. A reload adds, changes and removes them. */
import type { Logger } from '../logging/logger.js';
import type { Apply, PartContext, RunningPart } from '../part/part.js';
import type { CacheClient } from './cache-client.js';
import { type CacheReading, CacheWatch } from './cache-watch.js';
import { createClient } from './create-client.js';
import { type FillWindow, fillWindowAt } from './fill-window.js';
import type { CacheSettings, CachesConfig } from './section.js';

export interface CachesNeeds extends Pick<PartContext, 'clock' | 'log'> {}

/** A cache as it is configured and as it was last seen. */
export interface RunningCache {
  readonly settings: CacheSettings;
  readonly client: CacheClient;
  readonly reading: CacheReading;
  readonly fillWindow: FillWindow;
}

interface Entry {
  readonly settings: CacheSettings;
  readonly client: CacheClient;
  readonly watch: CacheWatch;
}

type Listener = (cache: RunningCache) => void;

export class RunningCaches implements RunningPart<CachesConfig> {
  readonly listeners = [];
  readonly #needs: CachesNeeds;
  readonly #healthListeners = new Set<Listener>();
  readonly #stateListeners = new Set<Listener>();
  /** By name, in the order of the configuration. */
  #entries: ReadonlyMap<string, Entry> = new Map();
  #schedule: CachesConfig['billing']['schedule'] = [];

  constructor(config: CachesConfig, needs: CachesNeeds) {
    this.#needs = needs;
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

  stop(): void {
    for (const entry of this.#entries.values()) end(entry);
    this.#entries = new Map();
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
        for (const listener of this.#healthListeners) listener(running());
      },
      onState: () => {
        for (const listener of this.#stateListeners) listener(running());
      },
    });
    return { settings, client, watch };
  }

  #running({ settings, client, watch }: Entry): RunningCache {
    const fillWindow = fillWindowAt(settings, this.#schedule, this.#needs.clock.nowMs());
    return { settings, client, reading: watch.reading, fillWindow };
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
