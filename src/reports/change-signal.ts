/**
 * Tells listeners what changed: at once, and then at most every quarter of a second however much changes. What a listener
 * does takes time (the policy is compiled again), so the pause grows with it: never more than a tenth of the time.
 */
import { CHANGE_SPACING_MS, MAX_CHANGE_SPACING_MS } from './limits.js';

export interface ReportsChange {
  readonly density: boolean;
  /** Addresses of nodes whose capability may be another now. */
  readonly capability: ReadonlySet<string>;
}

export class ChangeSignal {
  readonly #listeners = new Set<(change: ReportsChange) => void>();
  #timer: NodeJS.Timeout | undefined;
  #density = false;
  #capability = new Set<string>();

  /** @returns a function that stops the listening */
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

  /** Listeners stay: after a new start they are told again. */
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
