/**
 * When a torrent may be asked for again at an original tracker, by the interval that the original states. Bounded: entries that
 * are due carry no information and are forgotten first.
 */
import type { Clock } from '../domain/clock.js';
import { MAX_DUE_TIMES, MAX_INTERVAL_SECONDS } from './limits.js';
import { SetBack } from './set-back.js';

/** How many remain when there are too many: a walk over all of them makes room for many. */
const REMAINING_DUE_TIMES = MAX_DUE_TIMES * 0.9;

export class DueTimes {
  /** Those that began to wait last come last. */
  readonly #dueMs = new Map<string, number>();
  readonly #changed = new Set<string>();
  readonly #setBack = new SetBack();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In milliseconds since the epoch; 0: now. @param pair an original and a torrent */
  dueMs(pair: string): number {
    const nowMs = this.#nowMs();
    const dueMs = this.#dueMs.get(pair) ?? 0;
    // Later than any interval: the clock was set back while this process did not run.
    return dueMs <= nowMs || dueMs > nowMs + MAX_INTERVAL_SECONDS * 1_000 ? 0 : dueMs;
  }

  wait(pair: string, seconds: number): void {
    this.#set(pair, this.#nowMs() + seconds * 1_000);
    this.#changed.add(pair);
  }

  restore(pair: string, dueMs: number): void {
    this.#set(pair, dueMs);
  }

  /** For each original: how many torrents are not due at it, and when the first of them is. Walks over all entries. */
  waiting(): Map<string, { torrents: number; nextMs: number }> {
    const nowMs = this.#nowMs();
    const byOriginal = new Map<string, { torrents: number; nextMs: number }>();
    for (const [pair, dueMs] of this.#dueMs) {
      if (dueMs <= nowMs) continue;
      const original = pair.slice(0, pair.indexOf(' '));
      const found = byOriginal.get(original);
      if (found === undefined) byOriginal.set(original, { torrents: 1, nextMs: dueMs });
      else {
        found.torrents++;
        found.nextMs = Math.min(found.nextMs, dueMs);
      }
    }
    return byOriginal;
  }

  /** Those that changed since the last call. */
  takeChanges(): { readonly pair: string; readonly dueMs: number }[] {
    const changes = [...this.#changed].flatMap((pair) => {
      const dueMs = this.#dueMs.get(pair);
      return dueMs === undefined ? [] : [{ pair, dueMs }];
    });
    this.#changed.clear();
    return changes;
  }

  /** Changes that could not be stored: they are taken again. */
  putBack(changes: readonly { readonly pair: string }[]): void {
    for (const { pair } of changes) this.#changed.add(pair);
  }

  #set(pair: string, dueMs: number): void {
    // Deleted first, so that it moves to the end.
    if (!this.#dueMs.delete(pair)) this.#makeRoom();
    this.#dueMs.set(pair, dueMs);
  }

  #makeRoom(): void {
    if (this.#dueMs.size < MAX_DUE_TIMES) return;
    const nowMs = this.#nowMs();
    for (const [pair, dueMs] of this.#dueMs) if (dueMs <= nowMs) this.#forget(pair);
    // Then those that have waited longest. An announce that is a little early is better than unbounded memory.
    for (const pair of this.#dueMs.keys()) {
      if (this.#dueMs.size <= REMAINING_DUE_TIMES) break;
      this.#forget(pair);
    }
  }

  #forget(pair: string): void {
    this.#dueMs.delete(pair);
    this.#changed.delete(pair);
  }

  #nowMs(): number {
    const nowMs = this.#clock.nowMs();
    const backMs = this.#setBack.since(nowMs);
    if (backMs === 0) return nowMs;
    for (const [pair, dueMs] of this.#dueMs) {
      this.#dueMs.set(pair, dueMs - backMs);
      this.#changed.add(pair);
    }
    return nowMs;
  }
}
