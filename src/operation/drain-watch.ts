/** Watches a drain: when clients stop announcing, the tracker can be stopped and nobody notices. */
import type { Clock } from '../domain/clock.js';

export interface DrainState {
  readonly lastAnnounceMs: number;
  /** Since the drain began, or since the program started. */
  readonly announces: number;
  /** No client has announced for a whole interval. */
  readonly isQuiet: boolean;
}

interface Watched {
  readonly startCount: number;
  count: number;
  lastAnnounceMs: number;
  isQuiet: boolean;
}

export class DrainWatch {
  readonly #clock: Clock;
  readonly #announces: () => number;
  #watched: Watched | undefined;

  /** @param announces all announces since the start */
  constructor(clock: Clock, announces: () => number) {
    this.#clock = clock;
    this.#announces = announces;
  }

  /** Undefined without a drain. */
  get state(): DrainState | undefined {
    if (this.#watched === undefined) return undefined;
    const { startCount, count, lastAnnounceMs, isQuiet } = this.#watched;
    return { lastAnnounceMs, announces: count - startCount, isQuiet };
  }

  /**
   * Called every second.
   * @param quietMs a client announces at least this often
   * @returns whether the tracker has become quiet since the last call
   */
  check(isDraining: boolean, quietMs: number): boolean {
    if (!isDraining) {
      this.#watched = undefined;
      return false;
    }
    const nowMs = this.#clock.nowMs();
    const count = this.#announces();
    this.#watched ??= { startCount: count, count, lastAnnounceMs: nowMs, isQuiet: false };
    const watched = this.#watched;
    if (count !== watched.count) {
      watched.count = count;
      watched.lastAnnounceMs = nowMs;
    }
    const wasQuiet = watched.isQuiet;
    watched.isQuiet = nowMs - watched.lastAnnounceMs >= quietMs;
    return watched.isQuiet && !wasQuiet;
  }
}
