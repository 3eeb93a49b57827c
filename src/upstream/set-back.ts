/**
 * Notices that the clock was set back, so that times in the future move back with it. Otherwise what waits until one of them
 * would wait for as long as the clock was set back.
 */

/** Less than this is the clock's own unsteadiness, and delays nothing that matters. */
const STEADY_MS = 1_000;

export class SetBack {
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @returns by how many milliseconds the clock was set back since the last call; 0: it was not */
  since(nowMs: number): number {
    const backMs = this.#lastMs - nowMs;
    if (backMs <= 0) this.#lastMs = nowMs;
    if (backMs < STEADY_MS) return 0;
    this.#lastMs = nowMs;
    return backMs;
  }
}
