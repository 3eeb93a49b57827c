/** Limits how many pieces of work run at once, and how many wait. */
export class RequestSlots {
  private active = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly maxActive: number,
    private readonly maxWaiting: number,
  ) {}

  /** Runs `work` when a slot is free. @returns `undefined` at once if too many wait already */
  async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.active >= this.maxActive) {
      if (this.waiting.length >= this.maxWaiting) return undefined;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.active++;
    }
    try {
      return await work();
    } finally {
      // The slot goes to the work that has waited longest.
      const next = this.waiting.shift();
      if (next) next();
      else this.active--;
    }
  }
}
