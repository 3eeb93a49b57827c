/** Stops the started parts in reverse order. If one fails to stop, the others are still stopped. */
import { messageOf } from '../domain/errors.js';
import type { Logger } from '../logging/logger.js';

export class StopStack {
  readonly #stops: { readonly part: string; readonly stop: () => unknown }[] = [];
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  push(part: string, stop: () => unknown): void {
    this.#stops.push({ part, stop });
  }

  /** @returns problems, one line each */
  async unwind(): Promise<string[]> {
    const problems: string[] = [];
    for (let entry = this.#stops.pop(); entry !== undefined; entry = this.#stops.pop()) {
      try {
        await entry.stop();
      } catch (thrown) {
        const problem = `${entry.part} did not stop cleanly: ${messageOf(thrown)}`;
        problems.push(problem);
        this.#logger.error({ err: thrown }, problem);
      }
    }
    return problems;
  }
}
