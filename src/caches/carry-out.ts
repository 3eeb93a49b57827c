/** Carries out the plan of one cache: a few calls to its client in each round. */
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { formatIp } from '../domain/ip-address.js';
import type { Logger } from '../logging/logger.js';
import type { CacheBook } from './cache-book.js';
import { type HeldTorrent, isCompleteTorrent } from './cache-client.js';
import type { ControlledCache } from './controlled-cache.js';
import type { CachesPlan } from './make-plan.js';
import type { Fill } from './plan-fills.js';

/** Of one cache in one round. */
const MAX_ACTIONS = 20;

type Action = () => Promise<void>;

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
  readonly #needs: CarryOutNeeds;
  /** By cache: what its client was told last, as far as it is known. */
  readonly #limits = new Map<string, number | undefined>();
  /** By cache. */
  readonly #actedAtMs = new Map<string, number>();

  constructor(needs: CarryOutNeeds) {
    this.#needs = needs;
  }

  /** A client that was restarted has its own settings. */
  forgetLimit(cache: string): void {
    this.#limits.delete(cache);
  }

  /** Whether the state of a cache does not show what was done to it since. */
  isStale({ name, answeredAtMs = 0 }: ControlledCache): boolean {
    return answeredAtMs <= (this.#actedAtMs.get(name) ?? -1);
  }

  /** @param caches all of them, of which others may be sources. Never rejects */
  async run(cache: ControlledCache, plan: CachesPlan, caches: readonly ControlledCache[]): Promise<void> {
    const { name, health, state } = cache;
    if (health !== 'up' || state === undefined || this.isStale(cache)) return;
    const { clock, log, signal } = this.#needs;
    const { fills, bytesPerSecond } = plan.fills.get(name)!;
    try {
      if (fills.length > 0) await this.#limit(cache, bytesPerSecond);
      for (const action of this.#actions(cache, plan, fills, caches).slice(0, MAX_ACTIONS)) {
        if (signal.aborted) return;
        await action();
        this.#actedAtMs.set(name, clock.nowMs());
      }
    } catch (thrown) {
      // Its health says whether it is taken out; the next round tries again.
      this.#actedAtMs.set(name, clock.nowMs());
      if (!signal.aborted) log.warn(`caches: ${messageOf(thrown)}`);
    }
  }

  /** In this order: what must go, what stops, what needs room goes, what begins. */
  #actions(
    cache: ControlledCache,
    { contents, quotaBytes }: CachesPlan,
    fills: readonly Fill[],
    caches: readonly ControlledCache[],
  ): Action[] {
    const { book, clock } = this.#needs;
    const { name, state } = cache;
    const torrents = new Map(state!.torrents.map((torrent) => [torrent.infoHash, torrent]));
    const evict = contents.evict.get(name)!;
    const mustGo = evict.filter((infoHash) => contents.verdict(name, infoHash) === 'not-permitted');
    const wanted = new Set(fills.map(({ infoHash }) => infoHash));
    const starts = fills.filter(
      ({ infoHash }) =>
        torrents.get(infoHash)?.state !== 'filling' && book.progress.mayBegin(name, infoHash, clock.nowMs()),
    );
    // A client reports one that has just become complete as filling for a moment.
    const stops = [...torrents.values()].filter(
      (torrent) =>
        torrent.state === 'filling' &&
        !isCompleteTorrent(torrent) &&
        !wanted.has(torrent.infoHash) &&
        !mustGo.includes(torrent.infoHash),
    );
    const idle = contents.hold
      .get(name)!
      .flatMap((infoHash) => torrents.get(infoHash) ?? [])
      .filter((torrent) => isCompleteTorrent(torrent) && torrent.state === 'paused')
      .filter(({ infoHash }) => book.progress.mayBegin(name, infoHash, clock.nowMs()));
    const mayGo = evict.filter((infoHash) => !mustGo.includes(infoHash));
    const goes = this.#makeRoom(cache, quotaBytes.get(name)!, torrents, { mustGo, mayGo, starts });
    return [
      ...mustGo.map((infoHash) => () => this.#remove(cache, infoHash, book.refusalText(cache, infoHash))),
      ...stops.map((torrent) => () => this.#stop(cache, torrent)),
      ...goes.map((infoHash) => () => this.#remove(cache, infoHash, 'others save more for each byte')),
      ...starts.map((fill) => () => this.#start(cache, fill, torrents.get(fill.infoHash), caches)),
      ...idle.map((torrent) => () => this.#wake(cache, torrent)),
    ];
  }

  /** What saves least goes, and only as much as is in the way of what begins now. */
  #makeRoom(
    { name }: ControlledCache,
    quotaBytes: number,
    torrents: ReadonlyMap<InfoHash, HeldTorrent>,
    {
      mustGo,
      mayGo,
      starts,
    }: { readonly mustGo: readonly InfoHash[]; readonly mayGo: readonly InfoHash[]; readonly starts: readonly Fill[] },
  ): InfoHash[] {
    const { book } = this.#needs;
    let used = 0;
    for (const { infoHash, totalBytes } of torrents.values()) if (!mustGo.includes(infoHash)) used += totalBytes;
    for (const { infoHash } of starts) {
      if (!torrents.has(infoHash)) used += book.factsOf(name, infoHash)?.totalBytes ?? 0;
    }
    const goes: InfoHash[] = [];
    for (const infoHash of [...mayGo].sort((a, b) => book.demand.expected(a) - book.demand.expected(b))) {
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
    const metainfo = await book.metainfoOf(infoHash);
    if (metainfo === undefined) return;
    const peers = caches
      .filter((other) => from.includes(other.name))
      .flatMap(({ addresses, peerPort: port }) =>
        port === undefined ? [] : addresses.map((each) => ({ host: formatIp(each), port })),
      );
    await client.add({ infoHash, metainfo, peers }, signal);
    const nowMs = clock.nowMs();
    book.progress.begin(name, infoHash, held?.haveBytes ?? 0, from.length === 0, nowMs);
    const torrent = book.factsOf(name, infoHash);
    const where = from.length > 0 ? `from ${from.join(', ')}` : 'over the border';
    book.write(name, held === undefined ? 'added' : 'resumed', `it is fetched ${where}`, { torrent });
    if (held !== undefined || torrent === undefined) return;
    const { name: called, source } = torrent;
    book.holdings.set({ cache: name, infoHash, name: called, source, sinceMs: nowMs, completeMs: undefined });
  }

  /** Somebody has paused what is complete: it serves again. */
  async #wake({ name, client }: ControlledCache, { infoHash, haveBytes }: HeldTorrent): Promise<void> {
    const { book, clock, signal } = this.#needs;
    const metainfo = await book.metainfoOf(infoHash);
    if (metainfo === undefined) return;
    await client.add({ infoHash, metainfo, peers: [] }, signal);
    book.progress.begin(name, infoHash, haveBytes, false, clock.nowMs());
    book.write(name, 'resumed', 'it was paused although it is complete', { torrent: book.factsOf(name, infoHash) });
  }

  async #stop({ name, client, openForMs }: ControlledCache, { infoHash }: HeldTorrent): Promise<void> {
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

  async #remove({ name, client }: ControlledCache, infoHash: InfoHash, reason: string): Promise<void> {
    const { book, signal } = this.#needs;
    const torrent = book.factsOf(name, infoHash);
    await client.remove(infoHash, signal);
    book.write(name, 'removed', reason, { torrent });
    book.holdings.remove(name, infoHash);
    this.evictions.set(name, (this.evictions.get(name) ?? 0) + 1);
  }

  async #limit({ name, client }: ControlledCache, bytesPerSecond: number | undefined): Promise<void> {
    if (this.#limits.has(name) && this.#limits.get(name) === bytesPerSecond) return;
    await client.limitDownload(bytesPerSecond, this.#needs.signal);
    this.#limits.set(name, bytesPerSecond);
  }
}
