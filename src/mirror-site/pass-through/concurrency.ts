/** How many requests are under way, in all and for each subscriber: one reader must not use up what is there for all. */
import { forgetOldest } from '../../domain/forget-oldest.js';
import { subscriberOf } from '../../net/rate-limit.js';

/** About 1 MB. */
const MAX_ADDRESSES = 10_000;

export class Concurrency {
  readonly #maxInAll: number;
  readonly #maxPerClient: number;
  readonly #byClient = new Map<string, number>();
  /** By address as text, because each connection brings many requests. */
  readonly #clients = new Map<string, string>();
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
    const client = this.#clientOf(address ?? '');
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
  #clientOf(address: string): string {
    const known = this.#clients.get(address);
    if (known !== undefined) return known;
    const client = subscriberOf(address);
    this.#clients.set(address, client);
    forgetOldest(this.#clients, MAX_ADDRESSES);
    return client;
  }
}
