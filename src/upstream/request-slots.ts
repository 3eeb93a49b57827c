/** Limits how many pieces of work run at once, and how many wait. */
export class RequestSlots {
  #active = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #maxActive: () => number;
  readonly #maxWaiting: number;

  /** @param maxActive read at each run, because a reload may change it */
  constructor(maxActive: () => number, maxWaiting: number) {
    this.#maxActive = maxActive;
    this.#maxWaiting = maxWaiting;
  }

  get active(): number {
    return this.#active;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs `work` when a slot is free. @returns `undefined` at once if too many wait already */
  async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#active >= this.#maxActive()) {
      if (this.#waiting.length >= this.#maxWaiting) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#active++;
    }
    try {
      return await work();
    } finally {
      this.#active--;
      this.#startWaiting();
    }
  }

  /** Those that have waited longest, as many as the limit has room for. */
  #startWaiting(): void {
    while (this.#active < this.#maxActive()) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#active++;
      next();
    }
  }
}
