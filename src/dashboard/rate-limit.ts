/** Token buckets by key, bounded in number: the longest silent key is forgotten first. */
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
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, atMs: nowMs };
    const elapsedSeconds = Math.max(0, nowMs - bucket.atMs) / 1000;
    const tokens = Math.min(this.#burst, bucket.tokens + elapsedSeconds * this.#perSecond);
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
    if (this.#buckets.size > MAX_RATE_KEYS) this.#buckets.delete(this.#buckets.keys().next().value!);
    return tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / this.#perSecond));
  }
}
