/**
 * Tells listeners what changed: at once, and then at most every quarter of a second however much changes. What a listener
 * does takes time (the policy is compiled again), so the pause grows with it: never more than a tenth of the time.
 */
import { CHANGE_SPACING_MS, MAX_CHANGE_SPACING_MS } from './limits.js';

export interface ReportsChange {
  readonly density: boolean;
  readonly capability: boolean;
}

export class ChangeSignal {
  readonly #listeners = new Set<(change: ReportsChange) => void>();
  #timer: NodeJS.Timeout | undefined;
  #density = false;
  #capability = false;

  /** @returns a function that stops the listening */
  listen(listener: (change: ReportsChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  raise(what: keyof ReportsChange): void {
    if (what === 'density') this.#density = true;
    else this.#capability = true;
    if (this.#timer === undefined) this.#tell();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#listeners.clear();
  }

  #tell(): void {
    const change = { density: this.#density, capability: this.#capability };
    this.#density = false;
    this.#capability = false;
    const begun = performance.now();
    for (const listener of this.#listeners) listener(change);
    const pauseMs = Math.min(MAX_CHANGE_SPACING_MS, Math.max(CHANGE_SPACING_MS, 10 * (performance.now() - begun)));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#density || this.#capability) this.#tell();
    }, pauseMs).unref();
  }
}
