/**
 * Asks one cache for its state every few seconds, and knows whether it is up. A client that fails repeatedly is down until it
 * answers again.
 */
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { CacheClient, CacheState } from './cache-client.js';
import { FAILURES_UNTIL_DOWN, POLL_EVERY_MS } from './limits.js';

/** `unknown` until it has answered or failed for long enough: a restart takes no cache out of answers. */
export type CacheHealth = 'up' | 'down' | 'unknown';

/** Since the watch began; a torrent that is removed keeps its share. */
export interface CacheTraffic {
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
}

export interface CacheReading {
  readonly health: CacheHealth;
  /** The last one, also of a cache that is down; undefined if it has not answered yet. */
  readonly state: CacheState | undefined;
  readonly answeredAtMs: number | undefined;
  /** When it was asked for `state`. */
  readonly askedAtMs: number | undefined;
  /** Of the last call, if it failed. */
  readonly error: string | undefined;
  readonly traffic: CacheTraffic;
}

export interface CacheWatchOptions {
  readonly client: Pick<CacheClient, 'state'>;
  readonly clock: Clock;
  /** Called when `health` changes. */
  readonly onHealthChange: () => void;
  /** Called after each answer. */
  readonly onState: () => void;
}

export class CacheWatch {
  readonly #options: CacheWatchOptions;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #health: CacheHealth = 'unknown';
  #state: CacheState | undefined;
  #answeredAtMs: number | undefined;
  #askedAtMs: number | undefined;
  #error: string | undefined;
  #traffic: CacheTraffic = { uploadedBytes: 0, downloadedBytes: 0 };

  constructor(options: CacheWatchOptions) {
    this.#options = options;
    void this.#poll();
  }

  get reading(): CacheReading {
    return {
      health: this.#health,
      state: this.#state,
      answeredAtMs: this.#answeredAtMs,
      askedAtMs: this.#askedAtMs,
      error: this.#error,
      traffic: this.#traffic,
    };
  }

  stop(): void {
    this.#stopping.abort();
    clearTimeout(this.#timer);
  }

  /** Never rejects. */
  async #poll(): Promise<void> {
    const { signal } = this.#stopping;
    const askedAtMs = this.#options.clock.nowMs();
    const outcome = await this.#options.client.state(signal).then(
      (state) => ({ state }),
      (thrown: unknown) => ({ error: messageOf(thrown) }),
    );
    if (signal.aborted) return;
    this.#timer = setTimeout(() => void this.#poll(), POLL_EVERY_MS).unref();
    if ('state' in outcome) this.#answered(outcome.state, askedAtMs);
    else this.#failed(outcome.error);
  }

  #answered(state: CacheState, askedAtMs: number): void {
    this.#traffic = withTraffic(this.#traffic, this.#state, state);
    this.#state = state;
    this.#askedAtMs = askedAtMs;
    this.#answeredAtMs = this.#options.clock.nowMs();
    this.#failures = 0;
    this.#error = undefined;
    this.#become('up');
    this.#options.onState();
  }

  #failed(error: string): void {
    this.#error = error;
    if (++this.#failures >= FAILURES_UNTIL_DOWN) this.#become('down');
  }

  #become(health: CacheHealth): void {
    if (health === this.#health) return;
    this.#health = health;
    this.#options.onHealthChange();
  }
}

/** Adds what each torrent has transferred since the state before. A client that forgets its account restarts at 0. */
function withTraffic(traffic: CacheTraffic, before: CacheState | undefined, now: CacheState): CacheTraffic {
  const known = new Map<InfoHash, CacheTraffic>(before?.torrents.map((each) => [each.infoHash, each]));
  let { uploadedBytes, downloadedBytes } = traffic;
  for (const each of now.torrents) {
    const last = known.get(each.infoHash) ?? (before === undefined ? each : { uploadedBytes: 0, downloadedBytes: 0 });
    uploadedBytes += since(last.uploadedBytes, each.uploadedBytes);
    downloadedBytes += since(last.downloadedBytes, each.downloadedBytes);
  }
  return { uploadedBytes, downloadedBytes };
}

function since(before: number, now: number): number {
  return now < before ? now : now - before;
}
