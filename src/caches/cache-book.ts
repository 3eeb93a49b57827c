/**
 * What the controller knows of torrents and caches beside what the clients report: demand, requests, holdings, drained caches, and
 * why a cache may not hold a torrent. Also the log of what was done.
 */
import { errorCodeOf, OperatorError } from '../domain/errors.js';
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
  #requests: readonly CacheRequest[] = [];
  #requestsOf: ReadonlyMap<InfoHash, readonly CacheRequest[]> = new Map();
  readonly #needs: ControllerNeeds;
  readonly #private = new Set<InfoHash>();
  /** Since {@link forgetDenials}; empty: not denied. */
  readonly #denials = new Map<InfoHash, string>();
  readonly #requested = new Map<InfoHash, CacheTorrentFacts>();

  constructor(needs: ControllerNeeds) {
    this.#needs = needs;
    this.demand = new DemandBook(needs);
    this.holdings = new Holdings(needs.store);
    this.drained = new Set(needs.store.drained().map(({ cache }) => cache));
  }

  /** What the operator asks for. */
  get requests(): readonly CacheRequest[] {
    return this.#requests;
  }

  requestsOf(infoHash: InfoHash): readonly CacheRequest[] {
    return this.#requestsOf.get(infoHash) ?? [];
  }

  /** Torrents that inner clients or the operator ask for. */
  wanted(): readonly CacheTorrentFacts[] {
    return [
      ...new Map([...this.demand.torrents, ...this.#requested.values()].map((each) => [each.infoHash, each])).values(),
    ];
  }

  readRequests(): void {
    const { store } = this.#needs;
    this.#setRequests(store.requests());
    this.#requested.clear();
    if (this.#requests.length === 0) return;
    for (const torrent of store.facts([...this.#requestsOf.keys()])) this.#requested.set(torrent.infoHash, torrent);
  }

  /** Requests that are fulfilled, or that name a cache that is not configured any more. */
  removeRequests(ended: readonly CacheRequest[]): void {
    if (ended.length === 0) return;
    const { store } = this.#needs;
    store.together(() => {
      for (const { infoHash, cache } of ended) store.removeRequest(infoHash, cache);
    });
    this.#setRequests(this.#requests.filter((each) => !ended.includes(each)));
  }

  #setRequests(requests: readonly CacheRequest[]): void {
    this.#requests = requests;
    const byTorrent = new Map<InfoHash, CacheRequest[]>();
    for (const request of requests) {
      byTorrent.set(request.infoHash, [...(byTorrent.get(request.infoHash) ?? []), request]);
    }
    this.#requestsOf = byTorrent;
  }

  /** To be called when decisions on torrents may have changed. */
  forgetDenials(): void {
    this.#denials.clear();
  }

  /** Every round needs it for each torrent, so it is remembered until the decisions may have changed. */
  #denialOf(infoHash: InfoHash): string | undefined {
    const known = this.#denials.get(infoHash);
    if (known !== undefined) return known || undefined;
    const denial = this.#needs.denial(infoHash);
    this.#denials.set(infoHash, denial ?? '');
    return denial;
  }

  /** As far as it is known without the catalogue; a size of 0 is unknown. */
  factsOf(cache: string, infoHash: InfoHash): CacheTorrentFacts | undefined {
    return this.demand.factsOf(infoHash) ?? this.#requested.get(infoHash) ?? this.holdings.get(cache, infoHash);
  }

  /** As {@link factsOf}, also of torrents that nobody asks for: reads the catalogue. */
  lookUp(cache: string, infoHash: InfoHash): CacheTorrentFacts | undefined {
    return this.lookUpAll(cache, [infoHash]).get(infoHash);
  }

  /** As {@link lookUp}, with one query. */
  lookUpAll(cache: string, infoHashes: readonly InfoHash[]): ReadonlyMap<InfoHash, CacheTorrentFacts> {
    const found = new Map<InfoHash, CacheTorrentFacts>();
    const unknown: InfoHash[] = [];
    for (const infoHash of infoHashes) {
      const known = this.factsOf(cache, infoHash);
      if (known !== undefined) found.set(infoHash, known);
      if ((known?.totalBytes ?? 0) === 0) unknown.push(infoHash);
    }
    if (unknown.length === 0) return found;
    const wanted = new Set(unknown);
    for (const torrent of this.#needs.store.facts(unknown)) {
      // By the hash that was asked for, which may be the second one of a hybrid torrent.
      for (const hash of [torrent.infoHash, torrent.hybridInfoHash]) {
        if (hash !== undefined && wanted.has(hash)) found.set(hash, torrent);
      }
    }
    return found;
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
   * @returns undefined if it is private. @throws OperatorError if the catalogue does not have the file of it
   */
  async metainfoOf(infoHash: InfoHash): Promise<Uint8Array | undefined> {
    try {
      const metainfo = await this.#needs.cacheMetainfo(infoHash);
      if (metainfo !== undefined) return metainfo;
      throw new OperatorError(
        `the catalogue has no torrent file of ${infoHash}; fetch it again with catalogue refetch`,
        {
          code: 'not-found',
        },
      );
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
