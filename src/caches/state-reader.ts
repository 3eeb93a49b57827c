/** Adopts what the clients report, each report once: what each cache holds since when, and what has become complete or has failed. */
import type { Clock } from '../domain/clock.js';
import type { CacheStore, CacheTorrentFacts } from '../store/sqlite/cache-store.js';
import type { CacheBook } from './cache-book.js';
import { type HeldTorrent, isCompleteTorrent } from './cache-client.js';
import type { ControlledCache } from './controlled-cache.js';

export interface StateReaderNeeds {
  readonly clock: Clock;
  readonly store: Pick<CacheStore, 'together'>;
  readonly book: CacheBook;
}

export class StateReader {
  readonly #needs: StateReaderNeeds;
  /** By cache: when it was asked for the state that was read last. */
  readonly #readAskedMs = new Map<string, number | undefined>();

  constructor(needs: StateReaderNeeds) {
    this.#needs = needs;
  }

  /** @param isStale whether the state may not show what was done to the cache since */
  read({ name, state, health, askedAtMs }: ControlledCache, isStale: boolean): void {
    if (state === undefined || health !== 'up' || isStale || this.#readAskedMs.get(name) === askedAtMs) return;
    this.#readAskedMs.set(name, askedAtMs);
    const { book, clock, store } = this.#needs;
    const { holdings, progress } = book;
    progress.take(name, state.torrents, clock.nowMs());
    const held = new Set(state.torrents.map(({ infoHash }) => infoHash));
    const facts = book.lookUpAll(
      name,
      state.torrents.map(({ infoHash }) => infoHash),
    );
    store.together(() => {
      for (const { infoHash } of holdings.of(name)) if (!held.has(infoHash)) holdings.remove(name, infoHash);
      for (const torrent of state.torrents) this.#readTorrent(name, torrent, facts.get(torrent.infoHash));
    });
  }

  /** Ends the requests that are fulfilled, and those for caches that are not configured any more. */
  endRequests(caches: readonly ControlledCache[]): void {
    const { book } = this.#needs;
    if (book.requests.length === 0) return;
    const complete = new Map(
      caches.map(({ name, health, state }) => [
        name,
        new Set(health === 'up' ? state?.torrents.filter(isCompleteTorrent).map(({ infoHash }) => infoHash) : []),
      ]),
    );
    book.removeRequests(
      book.requests.filter(({ infoHash, cache }) => {
        if (cache !== undefined) return complete.get(cache)?.has(infoHash) ?? true;
        return [...complete.values()].some((torrents) => torrents.has(infoHash));
      }),
    );
  }

  #readTorrent(cache: string, torrent: HeldTorrent, facts: CacheTorrentFacts | undefined): void {
    const { book, clock } = this.#needs;
    const { infoHash, state, error = 'its client does not say why' } = torrent;
    if (state === 'failed' && book.progress.noteFailure(cache, infoHash, error)) {
      book.write(cache, 'failed', error, { torrent: facts ?? { infoHash, name: infoHash } });
    }
    if (facts === undefined) return;
    const known = book.holdings.get(cache, infoHash);
    const completeMs = known?.completeMs ?? (isCompleteTorrent(torrent) ? clock.nowMs() : undefined);
    const { hybridInfoHash, name, source, totalBytes } = facts;
    if (known === undefined || known.completeMs !== completeMs || known.totalBytes !== totalBytes) {
      const sinceMs = known?.sinceMs ?? clock.nowMs();
      book.holdings.set({ cache, infoHash, hybridInfoHash, name, source, totalBytes, sinceMs, completeMs });
    }
    if (known !== undefined && known.completeMs !== completeMs) {
      book.write(cache, 'completed', 'it has everything', { torrent: facts });
    }
  }
}
