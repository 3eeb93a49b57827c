/**
 * Notifies listeners of changes: at once, and then at most every quarter of a second. A listener takes time (it
 * recompiles the policy), so the pause grows with it: listeners never take more than a tenth of the time.
 */
import { CHANGE_SPACING_MS, MAX_CHANGE_SPACING_MS } from './limits.js';

export interface ReportsChange {
  readonly density: boolean;
  /** Addresses of nodes whose capability may have changed. */
  readonly capability: ReadonlySet<string>;
}

export class ChangeSignal {
  readonly #listeners = new Set<(change: ReportsChange) => void>();
  #timer: NodeJS.Timeout | undefined;
  #density = false;
  #capability = new Set<string>();

  /** @returns a function that removes the listener */
  listen(listener: (change: ReportsChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  raiseDensity(): void {
    this.#density = true;
    this.#raise();
  }

  raiseCapability(addresses: Iterable<string>): void {
    for (const address of addresses) this.#capability.add(address);
    this.#raise();
  }

  /** Listeners stay registered: after a restart they are notified again. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #isRaised(): boolean {
    return this.#density || this.#capability.size > 0;
  }

  #raise(): void {
    if (this.#timer === undefined && this.#isRaised) this.#tell();
  }

  #tell(): void {
    const change = { density: this.#density, capability: this.#capability };
    this.#density = false;
    this.#capability = new Set();
    const begun = performance.now();
    for (const listener of this.#listeners) listener(change);
    const pauseMs = Math.min(MAX_CHANGE_SPACING_MS, Math.max(CHANGE_SPACING_MS, 10 * (performance.now() - begun)));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isRaised) this.#tell();
    }, pauseMs).unref();
  }
}
