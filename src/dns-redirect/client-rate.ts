/**
 * A token bucket per client: an IPv4 address, or an IPv6 /64 (what one household has). Clients that have been idle long
 * enough to be full again are forgotten; when too many are remembered, a new one is let through unmeasured rather than
 * refused, since addresses over UDP may be forged and the innocent must not pay.
 */
import type { Clock } from '../domain/clock.js';
import type { IpAddress } from '../domain/ip-address.js';
import { MAX_RATED_CLIENTS } from './limits.js';

interface Bucket {
  tokens: number;
  updatedMs: number;
}

export class ClientRate {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly clock: Clock,
    private readonly queriesPerSecond: number,
    private readonly burst: number,
  ) {}

  /** Takes one query's worth; false where the client has used up what it may ask. */
  admit(client: IpAddress): boolean {
    const key = client.family === 4 ? String(client.words[0]) : `${client.words[0]}:${client.words[1]}`;
    const nowMs = this.clock.nowMs();
    let bucket = this.buckets.get(key);
    if (bucket === undefined) {
      if (this.buckets.size >= MAX_RATED_CLIENTS) this.forgetFull(nowMs);
      if (this.buckets.size >= MAX_RATED_CLIENTS) return true;
      bucket = { tokens: this.burst, updatedMs: nowMs };
      this.buckets.set(key, bucket);
    }
    const elapsedMs = Math.max(0, nowMs - bucket.updatedMs);
    bucket.tokens = Math.min(this.burst, bucket.tokens + (elapsedMs * this.queriesPerSecond) / 1_000);
    bucket.updatedMs = nowMs;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  private lastSweepMs = Number.NEGATIVE_INFINITY;

  /** At most once a second: a full sweep for each forged address would be the flood's success. */
  private forgetFull(nowMs: number): void {
    if (nowMs - this.lastSweepMs < 1_000) return;
    this.lastSweepMs = nowMs;
    for (const [key, bucket] of this.buckets) {
      const refilled = bucket.tokens + ((nowMs - bucket.updatedMs) * this.queriesPerSecond) / 1_000;
      if (refilled >= this.burst) this.buckets.delete(key);
    }
  }
}
