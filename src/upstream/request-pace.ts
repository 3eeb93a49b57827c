/** Spreads requests to one original tracker evenly (the generic cell rate algorithm), and limits their number in an hour. */

import { MAX_PACE_WAIT_MS } from './limits.js';

/** Requests of this long a time may be sent at once. */
const BURST_MS = 1_000;
const HOUR_MS = 3_600_000;

export class RequestPace {
  /** When the next request would be due if all were sent at the exact rate. */
  #dueMs = 0;

  /** How long a request would have to wait, in milliseconds. */
  waitMs(nowMs: number, perSecond: number): number {
    const spacingMs = 1_000 / perSecond;
    const dueMs = this.#clamped(nowMs, spacingMs);
    return Math.max(0, Math.ceil(dueMs + spacingMs - Math.max(BURST_MS, spacingMs) - nowMs));
  }

  /** Takes the next place. @returns how long to wait for it, in milliseconds */
  reserve(nowMs: number, perSecond: number): number {
    const waitMs = this.waitMs(nowMs, perSecond);
    const spacingMs = 1_000 / perSecond;
    this.#dueMs = this.#clamped(nowMs, spacingMs) + spacingMs;
    return waitMs;
  }

  /** No request waits for longer than this, so the clock was set back, which must not stop the requests. */
  #clamped(nowMs: number, spacingMs: number): number {
    if (this.#dueMs > nowMs + MAX_PACE_WAIT_MS + BURST_MS + 2 * spacingMs) this.#dueMs = nowMs;
    return Math.max(this.#dueMs, nowMs);
  }
}

export class HourlyBudget {
  startMs = 0;
  used = 0;

  left(nowMs: number, perHour: number): number {
    return this.#isCurrent(nowMs) ? Math.max(0, perHour - this.used) : perHour;
  }

  /** When there is a new budget; 0: there is none to wait for. */
  renewsMs(nowMs: number): number {
    return this.#isCurrent(nowMs) ? this.startMs + HOUR_MS : 0;
  }

  /** @returns false if nothing is left of this hour's */
  take(nowMs: number, perHour: number): boolean {
    if (!this.#isCurrent(nowMs)) {
      this.startMs = nowMs;
      this.used = 0;
    }
    if (this.used >= perHour) return false;
    this.used++;
    return true;
  }

  #isCurrent(nowMs: number): boolean {
    return this.used > 0 && nowMs >= this.startMs && nowMs < this.startMs + HOUR_MS;
  }
}
