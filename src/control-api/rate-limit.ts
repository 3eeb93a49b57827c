/** Token buckets by key, bounded in number: the longest silent key is forgotten first. */
import { ClientError } from '../domain/errors.js';
import { formatIp, parseIp } from '../domain/ip-address.js';
import { MAX_RATE_KEYS } from './limits.js';

export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  // A Map keeps the order of insertion; a key that asks is put at the end.
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Takes one token. @returns 0 if there was one, else the seconds until there is (rounded up) */
  take(key: string, nowMs: number): number {
    const tokens = this.#tokensAt(key, nowMs);
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
    if (this.#buckets.size > MAX_RATE_KEYS) this.#buckets.delete(this.#buckets.keys().next().value!);
    return this.#wait(tokens);
  }

  /** What {@link take} would return, without taking. */
  waitSeconds(key: string, nowMs: number): number {
    return this.#wait(this.#tokensAt(key, nowMs));
  }

  #tokensAt(key: string, nowMs: number): number {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return this.#burst;
    const elapsedSeconds = Math.max(0, nowMs - bucket.atMs) / 1000;
    return Math.min(this.#burst, bucket.tokens + elapsedSeconds * this.#perSecond);
  }

  #wait(tokens: number): number {
    return tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / this.#perSecond));
  }
}

/** What one subscriber has: an IPv4 address, or the /64 of an IPv6 one. @param address RFC 5952 text */
export function subscriberOf(address: string): string {
  if (!address.includes(':')) return address;
  try {
    const { words } = parseIp(address);
    return `${formatIp({ family: 6, words: [words[0]!, words[1]!, 0, 0] })}/64`;
  } catch (thrown) {
    if (thrown instanceof ClientError) return address;
    throw thrown;
  }
}
