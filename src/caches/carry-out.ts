/**
 * Carries out the plan: a few calls to each client in each round. First everything that ends, in all caches, then what begins, so
 * that the caches together stay under their common limit.
 */
import type { Clock } from '../domain/clock.js';
import { errorCodeOf, messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { formatIp } from '../domain/ip-address.js';
import type { Logger } from '../logging/logger.js';
import type { CacheBook } from './cache-book.js';
import { type HeldTorrent, isCompleteTorrent } from './cache-client.js';
import type { ControlledCache } from './controlled-cache.js';
import { FillLimits } from './fill-limits.js';
import { RETRY_AFTER_MS } from './fill-progress.js';
import { MAX_MESSAGE_BYTES } from './limits.js';
import { type CachesPlan, mayStillFetch } from './make-plan.js';
import type { Fill } from './plan-fills.js';
import { quote } from './quote.js';

/** Of one cache in one round, of what ends and of what begins. */
const MAX_ACTIONS = 20;
/** After a removal that failed, or a call that was not answered. */
const RETRY_SOON_MS = 60_000;

interface Action {
  readonly infoHash: InfoHash;
  /** How long the torrent is left alone if the call fails; 0: until the next round. */
  readonly pauseMs: number;
  run(): Promise<void>;
}

/** A cache whose state is newer than everything that was done to it. */
interface Ready {
  readonly cache: ControlledCache;
  readonly torrents: ReadonlyMap<InfoHash, HeldTorrent>;
  readonly fills: readonly Fill[];
  /** Some of `fills` come over the border. */
  readonly isCrossing: boolean;
}

export interface CarryOutNeeds {
  readonly clock: Clock;
  readonly log: Logger;
  readonly book: CacheBook;
  /** Aborted when the controller stops. */
  readonly signal: AbortSignal;
}

export class CarryOut {
  /** Torrents that were removed since the start, by cache. */
  readonly evictions = new Map<string, number>();
  readonly limits = new FillLimits();
  readonly #needs: CarryOutNeeds;
  /** By cache. */
  readonly #actedAtMs = new Map<string, number>();

  constructor(needs: CarryOutNeeds) {
    this.#needs = needs;
  }

  /** Whether the state of a cache may not show what was done to it since. */
  isStale({ name, askedAtMs = 0 }: ControlledCache): boolean {
    return askedAtMs <= (this.#actedAtMs.get(name) ?? -1);
  }

  /** @param caches all of them. Never rejects */
  async run(caches: readonly ControlledCache[], plan: CachesPlan): Promise<void> {
    this.limits.retain(new Set(caches.map(({ name }) => name)));
    const ready = caches.flatMap((cache) => this.#ready(cache, plan));
    const hasEnded = await Promise.all(ready.map((each) => this.#end(each, plan, caches)));
    await Promise.all(ready.filter((_, i) => hasEnded[i]).map((each) => this.#begin(each, plan, caches)));
  }

  #ready(cache: ControlledCache, plan: CachesPlan): Ready[] {
    const { name, health, state } = cache;
    if (health !== 'up' || state === undefined || this.isStale(cache)) return [];
    const torrents = new Map(state.torrents.map((torrent) => [torrent.infoHash, torrent]));
    const { fills } = plan.fills.get(name)!;
    return [{ cache, torrents, fills, isCrossing: fills.some(({ from }) => from.length === 0) }];
  }

  /** What stops, what must go, and a limit that becomes lower. @returns whether all of it has ended */
  async #end(ready: Ready, plan: CachesPlan, caches: readonly ControlledCache[]): Promise<boolean> {
    const { cache, torrents, fills, isCrossing } = ready;
    const { book, clock } = this.#needs;
    const { name } = cache;
    const nowMs = clock.nowMs();
    const isDue = (infoHash: InfoHash): boolean => !book.progress.isPostponed(name, infoHash, nowMs);
    const leaving = new Set(notPermitted(plan, name).filter(isDue));
    const wanted = new Set(fills.map(({ infoHash }) => infoHash));
    // A client reports one that has just become complete as filling for a moment.
    const stops = [...torrents.values()].filter(
      (torrent) =>
        torrent.state === 'filling' &&
        !isCompleteTorrent(torrent) &&
        !wanted.has(torrent.infoHash) &&
        !leaving.has(torrent.infoHash),
    );
    const hasEnded = await this.#perform(name, [
      ...stops.map(({ infoHash }) => ({ infoHash, pauseMs: 0, run: () => this.#stop(cache, infoHash) })),
      ...[...leaving].map((infoHash) => ({
        infoHash,
        pauseMs: RETRY_SOON_MS,
        run: () => this.#remove(cache, infoHash, book.refusalText(cache, infoHash)),
      })),
    ]);
    if (!isCrossing) {
      if (hasEnded) this.limits.release(name);
      return hasEnded;
    }
    const limit = this.#allowance(ready, plan, caches);
    if (limit === 0 || !this.limits.isAbove(name, limit)) return hasEnded;
    return (await this.#limit(cache, limit, isCrossing)) && hasEnded;
  }

  /** What needs room goes, then what is to be fetched or served begins. */
  async #begin(ready: Ready, plan: CachesPlan, caches: readonly ControlledCache[]): Promise<void> {
    const { cache, torrents, fills, isCrossing } = ready;
    const { book, clock } = this.#needs;
    const { name } = cache;
    const nowMs = clock.nowMs();
    const limit = isCrossing ? this.#allowance(ready, plan, caches) : undefined;
    const mayFetch = fills.length > 0 && limit !== 0 && (await this.#limit(cache, limit, isCrossing));
    const starts = fills.filter(
      ({ infoHash }) =>
        mayFetch && torrents.get(infoHash)?.state !== 'filling' && book.progress.mayBegin(name, infoHash, nowMs),
    );
    const fetched = new Set(fills.map(({ infoHash }) => infoHash));
    const connected = [...torrents.values()].filter(
      ({ infoHash, state }) =>
        state === 'serving' &&
        !fetched.has(infoHash) &&
        book.progress.mayHaveForeignPeers(name, infoHash) &&
        !book.progress.isPostponed(name, infoHash, nowMs),
    );
    const idle = plan.contents.hold
      .get(name)!
      .flatMap((infoHash) => torrents.get(infoHash) ?? [])
      .filter((torrent) => isCompleteTorrent(torrent) && torrent.state === 'paused')
      .filter(({ infoHash }) => book.progress.mayBegin(name, infoHash, nowMs));
    await this.#perform(name, [
      ...connected.map(({ infoHash }) => ({
        infoHash,
        pauseMs: RETRY_SOON_MS,
        run: () => this.#disconnect(cache, infoHash),
      })),
      ...this.#makeRoom(ready, plan, starts).map((infoHash) => ({
        infoHash,
        pauseMs: RETRY_SOON_MS,
        run: () => this.#remove(cache, infoHash, 'others save more for each byte'),
      })),
      ...starts.map((fill) => ({
        infoHash: fill.infoHash,
        pauseMs: RETRY_AFTER_MS,
        run: () => this.#start(cache, fill, torrents.get(fill.infoHash), caches),
      })),
      ...idle.map((torrent) => ({
        infoHash: torrent.infoHash,
        pauseMs: RETRY_AFTER_MS,
        run: () => this.#wake(cache, torrent),
      })),
    ]);
  }

  /** One that fails does not keep the others from being done, unless the client does not answer. @returns whether all were done */
  async #perform(cache: string, actions: readonly Action[]): Promise<boolean> {
    const { book, clock, log, signal } = this.#needs;
    let areDone = actions.length <= MAX_ACTIONS;
    for (const { infoHash, pauseMs, run } of actions.slice(0, MAX_ACTIONS)) {
      if (signal.aborted) return false;
      try {
        await run();
      } catch (thrown) {
        areDone = false;
        if (signal.aborted) return false;
        const isUnreachable = errorCodeOf(thrown) === 'unreachable';
        const untilMs = clock.nowMs() + (isUnreachable ? Math.min(pauseMs, RETRY_SOON_MS) : pauseMs);
        book.progress.postpone(cache, infoHash, untilMs);
        log.warn({ cache, infoHash }, `caches: ${quote(messageOf(thrown), MAX_MESSAGE_BYTES)}`);
        // Its health says whether it is taken out.
        if (isUnreachable) return false;
      } finally {
        this.#actedAtMs.set(cache, clock.nowMs());
      }
    }
    return areDone;
  }

  #allowance({ cache: { name } }: Ready, plan: CachesPlan, caches: readonly ControlledCache[]): number | undefined {
    const { book, clock } = this.#needs;
    const common = plan.fillRateBytesPerSecond;
    const nowMs = clock.nowMs();
    let unknown = 0;
    for (const other of caches) {
      if (other.health === 'unknown') unknown++;
      if (other.health === 'down' && !mayStillFetch(book, other.name, nowMs)) this.limits.release(other.name);
    }
    const reserved = common === undefined ? 0 : (common * unknown) / caches.length;
    return this.limits.allowance(name, plan.fills.get(name)!.bytesPerSecond, common, reserved, nowMs);
  }

  /** What saves least goes, and only as much as is in the way of what begins now. */
  #makeRoom({ cache: { name }, torrents }: Ready, plan: CachesPlan, starts: readonly Fill[]): InfoHash[] {
    const { book, clock } = this.#needs;
    const quotaBytes = plan.quotaBytes.get(name)!;
    const leaving = new Set(notPermitted(plan, name));
    let used = 0;
    for (const { infoHash, totalBytes } of torrents.values()) if (!leaving.has(infoHash)) used += totalBytes;
    for (const { infoHash } of starts) {
      if (!torrents.has(infoHash)) used += book.factsOf(name, infoHash)?.totalBytes ?? 0;
    }
    const removable = plan.contents.evict
      .get(name)!
      .filter((infoHash) => !leaving.has(infoHash) && !book.progress.isPostponed(name, infoHash, clock.nowMs()))
      .sort((a, b) => book.demand.expected(a) - book.demand.expected(b));
    const goes: InfoHash[] = [];
    for (const infoHash of removable) {
      if (used <= quotaBytes) break;
      used -= torrents.get(infoHash)!.totalBytes;
      goes.push(infoHash);
    }
    return goes;
  }

  async #start(
    { name, client }: ControlledCache,
    { infoHash, from }: Fill,
    held: HeldTorrent | undefined,
    caches: readonly ControlledCache[],
  ): Promise<void> {
    const { book, clock, signal } = this.#needs;
    const torrent = book.factsOf(name, infoHash);
    const peers = caches
      .filter((other) => from.includes(other.name))
      .flatMap(({ addresses, peerPort: port }) =>
        port === undefined ? [] : addresses.map((each) => ({ host: formatIp(each), port })),
      );
    try {
      const metainfo = await book.metainfoOf(infoHash);
      if (metainfo === undefined) return;
      await client.add({ infoHash, metainfo, peers }, signal);
    } catch (thrown) {
      if (!signal.aborted && errorCodeOf(thrown) !== 'unreachable') {
        book.write(name, 'failed', quote(messageOf(thrown), MAX_MESSAGE_BYTES), {
          torrent: torrent ?? { infoHash, name: infoHash },
        });
      }
      throw thrown;
    }
    const nowMs = clock.nowMs();
    book.progress.begin(name, infoHash, held?.haveBytes ?? 0, from.length === 0, nowMs);
    const where = from.length > 0 ? `from ${from.join(', ')}` : 'over the border';
    book.write(name, held === undefined ? 'added' : 'resumed', `it is fetched ${where}`, { torrent });
    if (held !== undefined || torrent === undefined) return;
    book.holdings.set({ ...torrent, cache: name, sinceMs: nowMs, completeMs: undefined });
  }

  /** A complete torrent that somebody has paused serves again. */
  async #wake({ name, client }: ControlledCache, { infoHash, haveBytes }: HeldTorrent): Promise<void> {
    const { book, clock, signal } = this.#needs;
    const metainfo = await book.metainfoOf(infoHash);
    if (metainfo === undefined) return;
    await client.add({ infoHash, metainfo, peers: [] }, signal);
    book.progress.begin(name, infoHash, haveBytes, false, clock.nowMs());
    book.write(name, 'resumed', 'it was paused although it is complete', { torrent: book.factsOf(name, infoHash) });
  }

  async #stop({ name, client, openForMs }: ControlledCache, infoHash: InfoHash): Promise<void> {
    const { book, signal } = this.#needs;
    await client.stopFilling(infoHash, signal);
    book.progress.pause(name, infoHash);
    const reason = book.drained.has(name)
      ? 'the cache is drained'
      : openForMs === 0
        ? 'the fill window is closed; it continues in the next one'
        : 'others come first';
    book.write(name, 'stopped', reason, { torrent: book.factsOf(name, infoHash) });
  }

  async #disconnect({ name, client }: ControlledCache, infoHash: InfoHash): Promise<void> {
    const { book, signal } = this.#needs;
    await client.disconnect(infoHash, signal);
    book.progress.disconnected(name, infoHash);
  }

  async #remove({ name, client }: ControlledCache, infoHash: InfoHash, reason: string): Promise<void> {
    const { book, signal } = this.#needs;
    const torrent = book.factsOf(name, infoHash);
    await client.remove(infoHash, signal);
    book.write(name, 'removed', reason, { torrent });
    book.holdings.remove(name, infoHash);
    this.evictions.set(name, (this.evictions.get(name) ?? 0) + 1);
  }

  /** @returns whether the client has this limit now */
  async #limit(
    { name, client }: ControlledCache,
    bytesPerSecond: number | undefined,
    isCrossing: boolean,
  ): Promise<boolean> {
    const { clock, log, signal } = this.#needs;
    if (isCrossing) this.limits.reserve(name, bytesPerSecond, clock.nowMs());
    if (!this.limits.isToBeTold(name, bytesPerSecond, clock.nowMs())) return true;
    try {
      await client.limitDownload(bytesPerSecond, signal);
    } catch (thrown) {
      this.limits.forget(name);
      if (!signal.aborted) log.warn({ cache: name }, `caches: ${quote(messageOf(thrown), MAX_MESSAGE_BYTES)}`);
      return false;
    }
    this.limits.confirm(name, bytesPerSecond, clock.nowMs());
    return true;
  }
}

function notPermitted({ contents }: CachesPlan, cache: string): readonly InfoHash[] {
  return contents.evict.get(cache)!.filter((infoHash) => contents.verdict(cache, infoHash) === 'not-permitted');
}
