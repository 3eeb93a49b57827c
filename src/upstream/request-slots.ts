/** Limits how many pieces of work run at once, and how many wait. */
export class RequestSlots {
  #active = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #maxActive: number;
  readonly #maxWaiting: number;

  constructor(maxActive: number, maxWaiting: number) {
    this.#maxActive = maxActive;
    this.#maxWaiting = maxWaiting;
  }

  /** Runs `work` when a slot is free. @returns `undefined` at once if too many wait already */
  async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#active >= this.#maxActive) {
      if (this.#waiting.length >= this.#maxWaiting) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#active++;
    }
    try {
      return await work();
    } finally {
      // The slot goes to the work that has waited longest.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#active--;
    }
  }
}
