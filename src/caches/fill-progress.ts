/** How fills go on: which receive nothing, and how many bytes came over the border and from other caches. */
import type { InfoHash } from '../domain/info-hash.js';
import type { HeldTorrent } from './cache-client.js';

interface Progress {
  haveBytes: number;
  /** When its client was last told to fetch. */
  beganAtMs: number;
  /** When it last received something, or began. */
  movedAtMs: number;
  /** 0: it receives something, or was not tried for long enough. */
  stalledUntilMs: number;
  isFilling: boolean;
  fromOutside: boolean;
  failure: string | undefined;
}

/** A client checks what it has, or waits for its own queue, before it does what it was told. */
const SETTLES_WITHIN_MS = 60_000;
/** A torrent without sources is recognised after this. */
const STALLED_AFTER_MS = 10 * 60_000;
/** A stalled one comes after all others for this long, then it is tried like them. */
const RETRY_AFTER_MS = 60 * 60_000;

export class FillProgress {
  readonly #byCache = new Map<string, Map<InfoHash, Progress>>();
  /** By cache. */
  readonly filledBytes = { outside: new Map<string, number>(), inside: new Map<string, number>() };

  /** To be called when a client is told to fetch. */
  begin(cache: string, infoHash: InfoHash, haveBytes: number, fromOutside: boolean, nowMs: number): void {
    const stalledUntilMs = this.#of(cache).get(infoHash)?.stalledUntilMs ?? 0;
    const progress = {
      haveBytes,
      beganAtMs: nowMs,
      movedAtMs: nowMs,
      stalledUntilMs,
      isFilling: true,
      fromOutside,
      failure: undefined,
    };
    this.#of(cache).set(infoHash, progress);
  }

  /** Whether a client may be told to fetch or serve: it has had time for what it was told last. */
  mayBegin(cache: string, infoHash: InfoHash, nowMs: number): boolean {
    return nowMs - (this.#of(cache).get(infoHash)?.beganAtMs ?? Number.NEGATIVE_INFINITY) >= SETTLES_WITHIN_MS;
  }

  pause(cache: string, infoHash: InfoHash): void {
    const known = this.#of(cache).get(infoHash);
    if (known === undefined) return;
    known.isFilling = false;
    known.beganAtMs = Number.NEGATIVE_INFINITY;
  }

  /** What a client reports. Torrents that it does not hold any more are forgotten. */
  take(cache: string, torrents: readonly HeldTorrent[], nowMs: number): void {
    const before = this.#of(cache);
    const next = new Map<InfoHash, Progress>();
    for (const { infoHash, haveBytes, state } of torrents) {
      const known = before.get(infoHash) ?? {
        haveBytes,
        beganAtMs: Number.NEGATIVE_INFINITY,
        movedAtMs: nowMs,
        stalledUntilMs: 0,
        isFilling: state === 'filling',
        fromOutside: true,
        failure: undefined,
      };
      if (haveBytes > known.haveBytes) {
        if (known.isFilling) this.#add(cache, known.fromOutside, haveBytes - known.haveBytes);
        known.movedAtMs = nowMs;
        known.stalledUntilMs = 0;
      } else if (known.isFilling && nowMs - known.movedAtMs >= STALLED_AFTER_MS && known.stalledUntilMs <= nowMs) {
        known.stalledUntilMs = nowMs + RETRY_AFTER_MS;
      }
      known.haveBytes = haveBytes;
      if (state !== 'failed') known.failure = undefined;
      next.set(infoHash, known);
    }
    this.#byCache.set(cache, next);
  }

  /** @returns whether it is another failure than the last one */
  noteFailure(cache: string, infoHash: InfoHash, error: string): boolean {
    const known = this.#of(cache).get(infoHash);
    if (known === undefined || known.failure === error) return false;
    known.failure = error;
    return true;
  }

  isStalled(cache: string, infoHash: InfoHash, nowMs: number): boolean {
    return (this.#of(cache).get(infoHash)?.stalledUntilMs ?? 0) > nowMs;
  }

  #add(cache: string, fromOutside: boolean, bytes: number): void {
    const sums = fromOutside ? this.filledBytes.outside : this.filledBytes.inside;
    sums.set(cache, (sums.get(cache) ?? 0) + bytes);
  }

  #of(cache: string): Map<InfoHash, Progress> {
    let known = this.#byCache.get(cache);
    if (known === undefined) {
      known = new Map();
      this.#byCache.set(cache, known);
    }
    return known;
  }
}
