/**
 * How many connections may be open, in all and from one address, so that one host cannot take all of them. Subscribers behind a carrier's
 * NAT share an address; an IPv6 /64 counts as one.
 */
import type { Socket } from 'node:net';
import { subscriberOf } from '../net/rate-limit.js';

export class ConnectionLimit {
  readonly #maxPerAddress: number;
  readonly #max: number;
  readonly #open = new Map<string, number>();
  #refused = 0;
  #total = 0;

  /** @param max of all addresses together */
  constructor(maxPerAddress: number, max: number) {
    this.#maxPerAddress = maxPerAddress;
    this.#max = max;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#total;
  }

  /** Connections that were closed at once, since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Counts the connection until it closes. @returns false if it was closed instead, because there are too many */
  admit(socket: Socket): boolean {
    // Undefined: the client has left already.
    const address = socket.remoteAddress === undefined ? undefined : subscriberOf(socket.remoteAddress);
    const count = address === undefined ? 0 : (this.#open.get(address) ?? 0);
    if (address === undefined || count >= this.#maxPerAddress || this.#total >= this.#max) {
      this.#refused++;
      socket.destroy();
      return false;
    }
    this.#open.set(address, count + 1);
    this.#total++;
    socket.once('close', () => {
      this.#total--;
      const left = this.#open.get(address)! - 1;
      if (left > 0) this.#open.set(address, left);
      else this.#open.delete(address);
    });
    return true;
  }
}
