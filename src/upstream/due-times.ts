/**
 * When a torrent may be asked for again at an original tracker, by the interval that the original states. Bounded: entries that
 * are due carry no information and are forgotten first.
 */
import type { Clock } from '../domain/clock.js';
import { MAX_DUE_TIMES, MAX_INTERVAL_SECONDS } from './limits.js';

export class DueTimes {
  readonly #dueMs = new Map<string, number>();
  readonly #changed = new Set<string>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In milliseconds since the epoch; 0: now. @param pair an original and a torrent */
  dueMs(pair: string): number {
    const dueMs = this.#dueMs.get(pair) ?? 0;
    const nowMs = this.#clock.nowMs();
    // Later than any interval: the clock was set back.
    return dueMs <= nowMs || dueMs > nowMs + MAX_INTERVAL_SECONDS * 1_000 ? 0 : dueMs;
  }

  wait(pair: string, seconds: number): void {
    this.#makeRoom();
    this.#dueMs.set(pair, this.#clock.nowMs() + seconds * 1_000);
    this.#changed.add(pair);
  }

  restore(pair: string, dueMs: number): void {
    this.#makeRoom();
    this.#dueMs.set(pair, dueMs);
  }

  /** For each original: how many torrents are not due at it, and when the first of them is. Walks over all entries. */
  waiting(): Map<string, { torrents: number; nextMs: number }> {
    const nowMs = this.#clock.nowMs();
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

  #makeRoom(): void {
    const entries = this.#dueMs;
    if (entries.size < MAX_DUE_TIMES) return;
    const nowMs = this.#clock.nowMs();
    for (const [pair, dueMs] of entries) if (dueMs <= nowMs) entries.delete(pair);
    // Still full: forgets the older half. An announce that is a little early is better than unbounded memory.
    let surplus = entries.size < MAX_DUE_TIMES ? 0 : MAX_DUE_TIMES / 2;
    for (const pair of entries.keys()) {
      if (surplus-- <= 0) break;
      entries.delete(pair);
      this.#changed.delete(pair);
    }
  }
}
