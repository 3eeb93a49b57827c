/** Tells listeners that something changed: at once, and then at most every quarter of a second however much changes. */
import { CHANGE_SPACING_MS } from './limits.js';

export class ChangeSignal {
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #raisedAgain = false;

  /** @returns a function that stops the listening */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  raise(): void {
    if (this.#timer !== undefined) {
      this.#raisedAgain = true;
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#raisedAgain) return;
      this.#raisedAgain = false;
      this.raise();
    }, CHANGE_SPACING_MS).unref();
    for (const listener of this.#listeners) listener();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#raisedAgain = false;
    this.#listeners.clear();
  }
}
