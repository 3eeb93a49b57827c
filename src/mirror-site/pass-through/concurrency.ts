/** How many requests are under way, in all and for each subscriber: one reader must not use up what is there for all. */
import { subscriberOf } from '../../net/rate-limit.js';

export class Concurrency {
  readonly #maxInAll: number;
  readonly #maxPerClient: number;
  readonly #byClient = new Map<string, number>();
  #inAll = 0;

  constructor(maxInAll: number, maxPerClient: number) {
    this.#maxInAll = maxInAll;
    this.#maxPerClient = maxPerClient;
  }

  get inAll(): number {
    return this.#inAll;
  }

  /** @returns gives the place back, once; undefined if there is none */
  enter(address: string | undefined): (() => void) | undefined {
    const client = subscriberOf(address ?? '');
    const count = this.#byClient.get(client) ?? 0;
    if (this.#inAll >= this.#maxInAll || count >= this.#maxPerClient) return undefined;
    this.#byClient.set(client, count + 1);
    this.#inAll++;
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#inAll--;
      const left = this.#byClient.get(client)! - 1;
      if (left > 0) this.#byClient.set(client, left);
      else this.#byClient.delete(client);
    };
  }
}
