/**
 * How fills proceed: which of them receive nothing or have failed, how many bytes came over the border and from other caches, and
 * which torrents may still have connections to foreign peers.
 */
import type { InfoHash } from '../domain/info-hash.js';
import type { HeldTorrent } from './cache-client.js';

interface Progress {
  haveBytes: number;
  /** When its client was last told to fetch. */
  beganAtMs: number;
  /** When it last received something, or began. */
  movedAtMs: number;
  /** 0: it receives data, or its time to receive some is not over. */
  stalledUntilMs: number;
  isFilling: boolean;
  fromOutside: boolean;
  /** It was fetched over the border, and its connections were not closed since. */
  hasForeignPeers: boolean;
  failure: string | undefined;
}

/** A client that was told to fetch may first check content on disk, or wait for its own queue. It is not told again before. */
const REPEAT_AFTER_MS = 60_000;
/** A fill that receives nothing for this long is stalled. */
const STALLED_AFTER_MS = 10 * 60_000;
/** A stalled fill comes after all others for this long. One that failed is not tried for this long. */
export const RETRY_AFTER_MS = 60 * 60_000;

export class FillProgress {
  readonly #byCache = new Map<string, Map<InfoHash, Progress>>();
  /** By cache: until when a torrent is left alone after a call that failed. Also of torrents that the cache does not hold. */
  readonly #postponed = new Map<string, Map<InfoHash, number>>();
  /** By cache. */
  readonly filledBytes = { outside: new Map<string, number>(), inside: new Map<string, number>() };

  /** To be called when a client is told to fetch. */
  begin(cache: string, infoHash: InfoHash, haveBytes: number, fromOutside: boolean, nowMs: number): void {
    const known = this.#of(cache).get(infoHash);
    this.#postponed.get(cache)?.delete(infoHash);
    const progress = {
      haveBytes,
      beganAtMs: nowMs,
      movedAtMs: nowMs,
      stalledUntilMs: known?.stalledUntilMs ?? 0,
      isFilling: true,
      fromOutside,
      hasForeignPeers: fromOutside || known?.hasForeignPeers === true,
      failure: undefined,
    };
    this.#of(cache).set(infoHash, progress);
  }

  /** Whether a client may be told to fetch or serve: it has had time to do it since it was last told, and nothing failed. */
  mayBegin(cache: string, infoHash: InfoHash, nowMs: number): boolean {
    if (this.isPostponed(cache, infoHash, nowMs)) return false;
    return nowMs - (this.#of(cache).get(infoHash)?.beganAtMs ?? Number.NEGATIVE_INFINITY) >= REPEAT_AFTER_MS;
  }

  postpone(cache: string, infoHash: InfoHash, untilMs: number): void {
    const known = this.#postponed.get(cache) ?? new Map<InfoHash, number>();
    this.#postponed.set(cache, known.set(infoHash, untilMs));
  }

  isPostponed(cache: string, infoHash: InfoHash, nowMs: number): boolean {
    return (this.#postponed.get(cache)?.get(infoHash) ?? 0) > nowMs;
  }

  /** Lets all caches try a torrent again at once. */
  retry(infoHash: InfoHash): void {
    for (const postponed of this.#postponed.values()) postponed.delete(infoHash);
  }

  mayHaveForeignPeers(cache: string, infoHash: InfoHash): boolean {
    return this.#of(cache).get(infoHash)?.hasForeignPeers ?? false;
  }

  /** To be called when the connections of a torrent were closed. */
  disconnected(cache: string, infoHash: InfoHash): void {
    const known = this.#of(cache).get(infoHash);
    if (known !== undefined) known.hasForeignPeers = false;
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
        hasForeignPeers: state === 'filling',
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
      if (state === 'paused') known.hasForeignPeers = false;
      next.set(infoHash, known);
    }
    this.#byCache.set(cache, next);
    const postponed = this.#postponed.get(cache);
    for (const [infoHash, untilMs] of postponed ?? []) if (untilMs <= nowMs) postponed!.delete(infoHash);
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
