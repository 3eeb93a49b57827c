/**
 * When a tracker may be asked again: for each torrent after the interval that it states, and for all torrents after it
 * failed, backing off while it keeps failing. Bounded: entries that are due carry no information and are forgotten first.
 */
import type { Clock } from '../domain/clock.js';
import type { Random } from '../domain/random.js';
import { FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS, MAX_SCHEDULE_ENTRIES } from './limits.js';

export class AnnounceSchedule {
  readonly #dueMs = new Map<string, number>();
  readonly #failures = new Map<string, { count: number; retryMs: number }>();
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Seconds until `pair` (a tracker and a torrent) may be asked at `tracker`; 0: now. */
  secondsUntilDue(tracker: string, pair: string): number {
    const dueMs = Math.max(this.#dueMs.get(pair) ?? 0, this.#failures.get(tracker)?.retryMs ?? 0);
    return Math.max(0, Math.ceil((dueMs - this.#clock.nowMs()) / 1_000));
  }

  /** The tracker answered: ends its back-off, and this pair waits. */
  answered(tracker: string, pair: string, waitSeconds: number): void {
    this.#failures.delete(tracker);
    makeRoom(this.#dueMs, this.#clock.nowMs(), (dueMs) => dueMs);
    this.#dueMs.set(pair, this.#clock.nowMs() + waitSeconds * 1_000);
  }

  /** The tracker gave no usable answer. The wait varies by ±20 %, so that its torrents do not retry at the same time. */
  failed(tracker: string): void {
    const count = (this.#failures.get(tracker)?.count ?? 0) + 1;
    const seconds = Math.min(MAX_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** Math.min(count - 1, 16));
    const spread = 800 + this.#random.below(401);
    makeRoom(this.#failures, this.#clock.nowMs(), ({ retryMs }) => retryMs);
    this.#failures.set(tracker, { count, retryMs: this.#clock.nowMs() + seconds * spread });
  }
}

function makeRoom<T>(entries: Map<string, T>, nowMs: number, timeOf: (entry: T) => number): void {
  if (entries.size < MAX_SCHEDULE_ENTRIES) return;
  for (const [key, entry] of entries) if (timeOf(entry) <= nowMs) entries.delete(key);
  // Still full: forgets the older half. An announce that is a little early is better than unbounded memory.
  let surplus = entries.size < MAX_SCHEDULE_ENTRIES ? 0 : MAX_SCHEDULE_ENTRIES / 2;
  for (const key of entries.keys()) {
    if (surplus-- <= 0) break;
    entries.delete(key);
  }
}
