/**
 * A token bucket for each key, bounded in number: when there are too many, the keys that were silent for longest are
 * forgotten. A forgotten key starts with a full bucket, so a flood with forged addresses never makes others wait. A key
 * that exceeds its rate is never silent, so the flood does not free it either.
 */
import { ClientError } from '../domain/errors.js';
import { forgetOldest } from '../domain/forget-oldest.js';
import { type IpAddress, parseIp } from '../domain/ip-address.js';
import { MAX_RATE_KEYS } from './limits.js';

interface Bucket {
  tokens: number;
  atMs: number;
}

export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  // A Map keeps the order of insertion. A key that takes a token moves to the end.
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /**
   * Takes a token, or several for something larger: a key that has one may take more than it has, and then waits longer.
   * @returns 0 if the key had one, else the seconds until it has one (rounded up)
   */
  take(key: string, nowMs: number, count = 1): number {
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, atMs: nowMs };
    const tokens = this.#refilled(bucket, nowMs);
    bucket.tokens = tokens >= 1 ? tokens - count : tokens;
    bucket.atMs = nowMs;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    forgetOldest(this.#buckets, MAX_RATE_KEYS);
    return this.#waitSeconds(tokens);
  }

  /** What {@link take} would return, without taking. */
  waitSeconds(key: string, nowMs: number): number {
    const bucket = this.#buckets.get(key);
    return bucket === undefined ? 0 : this.#waitSeconds(this.#refilled(bucket, nowMs));
  }

  #refilled({ tokens, atMs }: Bucket, nowMs: number): number {
    return Math.min(this.#burst, tokens + (Math.max(0, nowMs - atMs) / 1000) * this.#perSecond);
  }

  #waitSeconds(tokens: number): number {
    return tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / this.#perSecond));
  }
}

/** The key of one subscriber: an IPv4 address, or the /64 of an IPv6 one, which is what one household has. */
export function subscriberKey({ family, words }: IpAddress): string {
  return family === 4 ? String(words[0]) : `${words[0]}:${words[1]}`;
}

/** {@link subscriberKey} of an address as text; a text that is not an address is its own key. */
export function subscriberOf(address: string): string {
  try {
    return subscriberKey(parseIp(address));
  } catch (thrown) {
    if (thrown instanceof ClientError) return address;
    throw thrown;
  }
}
