/** What was put into each cache and when, in memory and in the database. */
import type { InfoHash } from '../domain/info-hash.js';
import type { CacheStore, HoldingEntry } from '../store/sqlite/cache-store.js';

export class Holdings {
  readonly #store: Pick<CacheStore, 'setHolding' | 'removeHolding'>;
  readonly #byCache = new Map<string, Map<InfoHash, HoldingEntry>>();

  constructor(store: Pick<CacheStore, 'holdings' | 'setHolding' | 'removeHolding'>) {
    this.#store = store;
    for (const entry of store.holdings()) this.#remember(entry);
  }

  of(cache: string): readonly HoldingEntry[] {
    return [...(this.#byCache.get(cache)?.values() ?? [])];
  }

  get(cache: string, infoHash: InfoHash): HoldingEntry | undefined {
    return this.#byCache.get(cache)?.get(infoHash);
  }

  set(entry: HoldingEntry): void {
    this.#remember(entry);
    this.#store.setHolding(entry);
  }

  remove(cache: string, infoHash: InfoHash): void {
    this.#byCache.get(cache)?.delete(infoHash);
    this.#store.removeHolding(cache, infoHash);
  }

  #remember(entry: HoldingEntry): void {
    const known = this.#byCache.get(entry.cache) ?? new Map<InfoHash, HoldingEntry>();
    this.#byCache.set(entry.cache, known.set(entry.infoHash, entry));
  }
}
