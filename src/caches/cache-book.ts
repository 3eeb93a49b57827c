/**
 * What the controller knows of torrents and caches beside what the clients report: demand, requests, holdings, drained caches, and
 * why a cache may not hold a torrent. Also the log of what was done.
 */
import { errorCodeOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { CacheAction, CacheRequest, CacheTorrentFacts } from '../store/sqlite/cache-store.js';
import { isAllowed } from './allow.js';
import type { ControlledCache } from './controlled-cache.js';
import type { ControllerNeeds } from './controller-needs.js';
import { DemandBook } from './demand-book.js';
import { FillProgress } from './fill-progress.js';
import { Holdings } from './holdings.js';
import { expectedSaving } from './plan-contents.js';

export interface LogDetails {
  /** Default: the controller. */
  readonly actor?: string;
  readonly torrent?:
    | { readonly infoHash: InfoHash; readonly name: string; readonly totalBytes?: number | undefined }
    | undefined;
}

const CONTROLLER = 'controller';
/** Torrents that turned out to be private; more are checked again. */
const MAX_PRIVATE = 10_000;

export class CacheBook {
  readonly demand: DemandBook;
  readonly holdings: Holdings;
  readonly progress = new FillProgress();
  readonly drained: Set<string>;
  /** When each cache that is down went down. */
  readonly downSinceMs = new Map<string, number>();
  requests: readonly CacheRequest[] = [];
  readonly #needs: ControllerNeeds;
  readonly #private = new Set<InfoHash>();
  /** Of the last minute; empty: not denied. */
  readonly #denials = new Map<InfoHash, string>();
  readonly #requested = new Map<InfoHash, CacheTorrentFacts>();

  constructor(needs: ControllerNeeds) {
    this.#needs = needs;
    this.demand = new DemandBook(needs);
    this.holdings = new Holdings(needs.store);
    this.drained = new Set(needs.store.drained().map(({ cache }) => cache));
  }

  /** Torrents that are asked for by inner clients or by the operator. */
  get wanted(): readonly CacheTorrentFacts[] {
    return [
      ...new Map([...this.demand.torrents, ...this.#requested.values()].map((each) => [each.infoHash, each])).values(),
    ];
  }

  readRequests(): void {
    const { store } = this.#needs;
    this.requests = store.requests();
    this.#requested.clear();
    for (const torrent of store.facts(this.requests.map(({ infoHash }) => infoHash))) {
      this.#requested.set(torrent.infoHash, torrent);
    }
  }

  /** To be called when decisions on torrents may have changed. */
  forgetDenials(): void {
    this.#denials.clear();
  }

  /** Asked for each torrent in each round, so it is remembered for a while. */
  #denialOf(infoHash: InfoHash): string | undefined {
    const known = this.#denials.get(infoHash);
    if (known !== undefined) return known || undefined;
    const denial = this.#needs.denial(infoHash);
    this.#denials.set(infoHash, denial ?? '');
    return denial;
  }

  /** As far as it is known without the catalogue; a size of 0 is unknown. */
  factsOf(cache: string, infoHash: InfoHash): CacheTorrentFacts | undefined {
    const known = this.demand.factsOf(infoHash) ?? this.#requested.get(infoHash);
    if (known !== undefined) return known;
    const holding = this.holdings.get(cache, infoHash);
    return holding && { ...holding, hybridInfoHash: undefined, totalBytes: 0 };
  }

  /** As {@link factsOf}, also of torrents that nobody asks for: reads the catalogue. */
  lookUp(cache: string, infoHash: InfoHash): CacheTorrentFacts | undefined {
    return this.factsOf(cache, infoHash) ?? this.#needs.store.facts([infoHash])[0];
  }

  /** Why a cache may not hold a torrent; undefined if it may. */
  refusal({ allow, name }: Pick<ControlledCache, 'allow' | 'name'>, torrent: CacheTorrentFacts): string | undefined {
    if (!isAllowed(allow, torrent)) return `caches.allow of ${name} does not name it`;
    const { infoHash, hybridInfoHash } = torrent;
    if (this.#private.has(infoHash)) return 'it is private (BEP 27): its peers must come from its own tracker';
    return this.#denialOf(infoHash) ?? (hybridInfoHash && this.#denialOf(hybridInfoHash));
  }

  /** Of a torrent that is to be removed because of it. */
  refusalText(cache: ControlledCache, infoHash: InfoHash): string {
    const torrent = this.factsOf(cache.name, infoHash);
    const refusal = torrent && this.refusal(cache, torrent);
    return refusal ?? this.#denialOf(infoHash) ?? 'it is not permitted';
  }

  permits(cache: ControlledCache, infoHash: InfoHash, isHeld: boolean): boolean {
    const torrent = this.factsOf(cache.name, infoHash);
    if (torrent !== undefined) return this.refusal(cache, torrent) === undefined;
    // After the database was lost nothing is known of what the caches hold. It must not be deleted for that.
    return isHeld && this.#denialOf(infoHash) === undefined;
  }

  /**
   * The torrent as a cache is given it.
   * @returns undefined if it cannot be given: it is private, or the catalogue has no file of it
   */
  async metainfoOf(infoHash: InfoHash): Promise<Uint8Array | undefined> {
    try {
      return await this.#needs.cacheMetainfo(infoHash);
    } catch (thrown) {
      if (errorCodeOf(thrown) !== 'private-torrent') throw thrown;
      if (this.#private.size >= MAX_PRIVATE) this.#private.clear();
      this.#private.add(infoHash);
      return undefined;
    }
  }

  write(cache: string, action: CacheAction, reason: string, { torrent, actor = CONTROLLER }: LogDetails = {}): void {
    const { clock, store, log, prices } = this.#needs;
    const { currency, defaultRatePerGigabyte: ratePerGigabyte } = prices();
    const { infoHash, name, totalBytes = 0 } = torrent ?? {};
    const demand = infoHash === undefined ? 0 : this.demand.expected(infoHash);
    const saving = torrent && expectedSaving({ demand, ratePerGigabyte, totalBytes });
    const entry = { cache, infoHash, name, action, reason, actor, saving, currency: torrent && currency };
    store.addLogEntry({ atMs: clock.nowMs(), ...entry });
    log.info({ cache, infoHash }, `cache ${cache}: ${name === undefined ? '' : `${name} `}${action}: ${reason}`);
  }
}
