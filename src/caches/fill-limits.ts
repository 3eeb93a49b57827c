/**
 * The download limits of the clients while they fetch over the border: what each of them was told last, and what it may be told
 * now, so that the limits together never exceed the common one. Limits of some are lowered before those of others are raised.
 */
import { LOWEST_LIMIT } from './plan-fills.js';

/** A client may have been restarted, or changed by hand, so it is told again after this. */
const REPEAT_AFTER_MS = 60_000;
/** Parts of the limit in the first seconds: a client fetches above its limit while it sends its first requests. */
const RAMP = [
  { untilMs: 5_000, share: 0.25 },
  { untilMs: 10_000, share: 0.5 },
] as const;

interface Told {
  readonly bytesPerSecond: number | undefined;
  readonly atMs: number;
}

interface Crossing {
  readonly sinceMs: number;
  /** What it may take of the border at most, as far as the controller knows. */
  bytesPerSecond: number;
}

export class FillLimits {
  readonly #told = new Map<string, Told>();
  readonly #crossing = new Map<string, Crossing>();

  /** A client that did not answer may have been restarted, with settings of its own. */
  forget(cache: string): void {
    this.#told.delete(cache);
  }

  /** It takes nothing of the border any more. */
  release(cache: string): void {
    this.#crossing.delete(cache);
  }

  /** Releases all others, such as caches that are not configured any more. */
  retain(caches: ReadonlySet<string>): void {
    for (const name of this.#crossing.keys()) if (!caches.has(name)) this.#crossing.delete(name);
  }

  /**
   * What a cache may fetch over the border now.
   * @param planned its part of the common limit; undefined: no limit
   * @param common of all caches; undefined: no limit
   * @param reservedForOthers for caches of which nothing is known yet
   * @returns 0: nothing, because others may still use all of it; undefined: no limit
   */
  allowance(
    cache: string,
    planned: number | undefined,
    common: number | undefined,
    reservedForOthers: number,
    nowMs: number,
  ): number | undefined {
    if (planned === undefined) return undefined;
    const elapsedMs = nowMs - (this.#crossing.get(cache)?.sinceMs ?? nowMs);
    const share = RAMP.find(({ untilMs }) => elapsedMs < untilMs)?.share ?? 1;
    let allowed = Math.max(LOWEST_LIMIT, Math.floor(planned * share));
    if (common !== undefined) {
      let left = common - reservedForOthers;
      for (const [name, { bytesPerSecond }] of this.#crossing) if (name !== cache) left -= bytesPerSecond;
      allowed = Math.min(allowed, Math.floor(left));
    }
    return allowed < LOWEST_LIMIT ? 0 : allowed;
  }

  /** Whether the client has a higher limit, or may have one. */
  isAbove(cache: string, bytesPerSecond: number | undefined): boolean {
    const told = this.#told.get(cache);
    if (told === undefined) return true;
    return (told.bytesPerSecond ?? Number.POSITIVE_INFINITY) > (bytesPerSecond ?? Number.POSITIVE_INFINITY);
  }

  isToBeTold(cache: string, bytesPerSecond: number | undefined, nowMs: number): boolean {
    const told = this.#told.get(cache);
    return told === undefined || told.bytesPerSecond !== bytesPerSecond || nowMs - told.atMs >= REPEAT_AFTER_MS;
  }

  /** To be called before a client is told: until it has answered, either limit may hold. */
  reserve(cache: string, bytesPerSecond: number | undefined, nowMs: number): void {
    const known = this.#crossing.get(cache);
    const most = Math.max(known?.bytesPerSecond ?? 0, bytesPerSecond ?? 0);
    this.#crossing.set(cache, { sinceMs: known?.sinceMs ?? nowMs, bytesPerSecond: most });
  }

  /** To be called once the client has taken it. */
  confirm(cache: string, bytesPerSecond: number | undefined, nowMs: number): void {
    this.#told.set(cache, { bytesPerSecond, atMs: nowMs });
    const crossing = this.#crossing.get(cache);
    if (crossing !== undefined) crossing.bytesPerSecond = bytesPerSecond ?? 0;
  }
}
