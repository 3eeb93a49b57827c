/**
 * Leaves an original tracker alone while it fails. Closed: it is asked. Open, after consecutive failures: it is not asked, for
 * one minute, then two, four … one hour. Half-open, after that: one request tries it; its success closes the breaker, its
 * failure opens it for twice as long.
 */
import type { Random } from '../domain/random.js';
import { FAILURES_TO_OPEN, FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS } from './limits.js';

/** Of a second: ±20 %, so that originals that failed together are not tried together. */
const MIN_SPREAD_MS = 800;
const MAX_SPREAD_MS = 1_200;

export type BreakerState = 'closed' | 'open' | 'half-open';

export class CircuitBreaker {
  #failures = 0;
  /** When it opened. Earlier than that, the clock was set back, and nothing says how long is left. */
  #openedMs = 0;
  #retryMs = 0;
  #trial = false;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Consecutive failures. */
  get failures(): number {
    return this.#failures;
  }

  /** When it may be tried again; in the past or 0 if it may be asked now. */
  get retryMs(): number {
    return this.#retryMs;
  }

  state(nowMs: number): BreakerState {
    if (this.#failures < FAILURES_TO_OPEN) return 'closed';
    return this.#openedMs <= nowMs && nowMs < this.#retryMs ? 'open' : 'half-open';
  }

  /** Whether a request would be let through now. */
  isPassable(nowMs: number): boolean {
    const state = this.state(nowMs);
    return state === 'closed' || (state === 'half-open' && !this.#trial);
  }

  /** Takes the one place of the trial if it is half-open. Each success is followed by one of the three calls below. */
  enter(nowMs: number): boolean {
    if (!this.isPassable(nowMs)) return false;
    if (this.state(nowMs) === 'half-open') this.#trial = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#retryMs = 0;
    this.#trial = false;
  }

  failed(nowMs: number): void {
    this.#trial = false;
    // Of several requests in flight, only the first failures count.
    if (this.state(nowMs) === 'open') return;
    this.#failures++;
    if (this.#failures < FAILURES_TO_OPEN) return;
    const doublings = Math.min(this.#failures - FAILURES_TO_OPEN, 16);
    const seconds = Math.min(MAX_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** doublings);
    this.#openedMs = nowMs;
    this.#retryMs = nowMs + seconds * (MIN_SPREAD_MS + this.#random.below(MAX_SPREAD_MS + 1 - MIN_SPREAD_MS));
  }

  /** The request was given up for a reason that says nothing about the original. */
  left(): void {
    this.#trial = false;
  }

  /** After a restart. A time that is too far off was stored before the clock was set back. */
  restore(failures: number, retryMs: number): void {
    this.#failures = failures;
    this.#openedMs = retryMs - MAX_BACKOFF_SECONDS * MAX_SPREAD_MS;
    this.#retryMs = retryMs;
  }
}
