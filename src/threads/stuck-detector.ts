/** Detects from outside that a thread is stuck: its vitals have stopped. Another thread's timer checks it. */
import type { Clock } from '../domain/clock.js';
import { beatsOf } from './thread-vitals.js';

/**
 * A thread whose event loop has not run for this long is stuck. Far above the delays of a slow disk, a large policy or
 * a machine that swaps; a client of DNS or of a tracker has given up twice by then.
 */
export const STUCK_AFTER_MS = 10_000;
/** A check this late shows that the checking thread itself did not run; the measurement restarts. */
const LATE_CHECK_MS = 5_000;

export class StuckDetector {
  readonly #vitals: SharedArrayBuffer;
  readonly #clock: Clock;
  #beats: number;
  #changedAtMs: number;
  #checkedAtMs: number;

  constructor(vitals: SharedArrayBuffer, clock: Clock) {
    this.#vitals = vitals;
    this.#clock = clock;
    this.#beats = beatsOf(vitals);
    this.#changedAtMs = this.#checkedAtMs = clock.nowMs();
  }

  /** Call it about once a second. */
  check(): void {
    const nowMs = this.#clock.nowMs();
    const beats = beatsOf(this.#vitals);
    const wasAway = nowMs - this.#checkedAtMs > LATE_CHECK_MS || nowMs < this.#checkedAtMs;
    if (beats !== this.#beats || wasAway) this.#changedAtMs = nowMs;
    this.#beats = beats;
    this.#checkedAtMs = nowMs;
  }

  /** As of the last check. */
  get isStuck(): boolean {
    return this.stuckMs >= STUCK_AFTER_MS;
  }

  /** How long the thread had not run at the last check. */
  get stuckMs(): number {
    return this.#checkedAtMs - this.#changedAtMs;
  }

  /** Clears the state, for a thread that has been replaced. */
  reset(): void {
    this.#changedAtMs = this.#checkedAtMs = this.#clock.nowMs();
  }
}
