/**
 * Makes the caches hold what the plan says: every few seconds it compares what the clients report with the plan, and does the
 * next few things that are missing. It needs no memory to continue: what a client holds is read from the client, so a restart of
 * either side changes nothing.
 */
import { ClientError, errorCodeOf, messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { IpAddress } from '../domain/ip-address.js';
import type { CacheLogEntry, CacheLogQuery, CacheTorrentFacts } from '../store/sqlite/cache-store.js';
import { isAllowed } from './allow.js';
import { CacheBook } from './cache-book.js';
import { isCompleteTorrent } from './cache-client.js';
import { CarryOut } from './carry-out.js';
import type { ControlledCache } from './controlled-cache.js';
import type { ControllerNeeds } from './controller-needs.js';
import { type CachesPlan, makePlan } from './make-plan.js';
import { StateReader } from './state-reader.js';
import { tolerantStore } from './tolerant-store.js';
import { TrackerNotices } from './tracker-notices.js';

export interface Requested {
  readonly infoHash: InfoHash;
  readonly name: string;
  /** Undefined: any one. */
  readonly cache: string | undefined;
}

const COUNT_EVERY_MS = 60_000;
const SAVE_EVERY_MS = 5 * 60_000;
/** Clients do not count headers (IP, TCP, BitTorrent): about 4 % of what crosses the border. */
const PAYLOAD_SHARE = 0.95;
const NOW = 'asked for now, whatever the hour';

export class CacheController {
  readonly book: CacheBook;
  readonly #needs: ControllerNeeds;
  readonly #notices: TrackerNotices;
  readonly #states: StateReader;
  readonly #carryOut: CarryOut;
  readonly #stopping = new AbortController();
  #caches: readonly ControlledCache[] = [];
  #plan: CachesPlan | undefined;
  #round: Promise<void> | undefined;
  #isRequested = false;
  #payloadRate: number | undefined;
  #countedAtMs = Number.NEGATIVE_INFINITY;
  #savedAtMs: number;
  #counting: Promise<void> | undefined;

  constructor(given: ControllerNeeds) {
    const needs = { ...given, store: tolerantStore(given.store, given.log) };
    this.#needs = needs;
    this.book = new CacheBook(needs);
    this.#notices = new TrackerNotices(needs);
    this.#states = new StateReader({ ...needs, book: this.book });
    this.#carryOut = new CarryOut({ ...needs, book: this.book, signal: this.#stopping.signal });
    this.#savedAtMs = needs.clock.nowMs();
  }

  get plan(): CachesPlan | undefined {
    return this.#plan;
  }

  get caches(): readonly ControlledCache[] {
    return this.#caches;
  }

  /** Torrents that were removed since the start, by cache. */
  get evictions(): ReadonlyMap<string, number> {
    return this.#carryOut.evictions;
  }

  isDrained(cache: string): boolean {
    return this.book.drained.has(cache);
  }

  /**
   * The endpoint of a cache that fetches a torrent over the border now, so that it accepts foreign peers: what may be announced
   * to original trackers.
   */
  crossingEndpoint(
    infoHash: InfoHash,
    family: 4 | 6,
  ): { readonly address: IpAddress; readonly port: number } | undefined {
    const address = this.#notices.crossingAddress(infoHash, family);
    if (address === undefined) return undefined;
    const port = this.#caches.find(({ addresses }) => addresses.includes(address))?.peerPort;
    return port === undefined ? undefined : { address, port };
  }

  /** @param bytesPerSecond the most that all caches together may fetch over the border, headers included; undefined: no limit */
  setFillRate(bytesPerSecond: number | undefined): void {
    this.#payloadRate = bytesPerSecond === undefined ? undefined : Math.floor(bytesPerSecond * PAYLOAD_SHARE);
  }

  /** What the caches are now: to be called after each change, before {@link reconcile}. Says at once who is handed out. */
  setCaches(caches: readonly ControlledCache[]): void {
    const { book } = this;
    const before = new Map(this.#caches.map((cache) => [cache.name, cache]));
    this.#caches = caches;
    // Before anything that may fail.
    this.#notices.tellStandings(caches, book.drained);
    for (const { name, health, error } of caches) {
      const was = before.get(name)?.health;
      if (health !== 'down') book.downSinceMs.delete(name);
      else if (!book.downSinceMs.has(name)) book.downSinceMs.set(name, this.#needs.clock.nowMs());
      if (health !== 'up') this.#carryOut.limits.forget(name);
      if (health === 'down' && was !== 'down') book.write(name, 'taken-out', error ?? 'its client does not answer');
      if (health === 'up' && was === 'down') book.write(name, 'put-back', 'its client answers again');
    }
  }

  /** Does one round; a call during a round causes another one after it. Never rejects. */
  reconcile(): Promise<void> {
    this.#isRequested = true;
    this.#round ??= this.#rounds().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  /** What the catalogue or the operator's decisions say has changed. */
  catalogueChanged(): void {
    this.book.forgetDenials();
    this.book.demand.refreshFacts();
    void this.reconcile();
  }

  /** Counts the demand again in the next round, before its time. */
  countSoon(): void {
    this.#countedAtMs = Number.NEGATIVE_INFINITY;
    void this.reconcile();
  }

  /** Persists. @param actor for the log */
  drain(cache: string, actor: string): void {
    const { store, clock } = this.#needs;
    store.drain(cache, actor, clock.nowMs());
    this.book.drained.add(cache);
    this.book.write(cache, 'drained', 'it takes nothing new and is handed to nobody', { actor });
    this.#notices.tellStandings(this.#caches, this.book.drained);
    void this.reconcile();
  }

  undrain(cache: string, actor: string): void {
    this.#needs.store.undrain(cache);
    if (!this.book.drained.delete(cache)) return;
    this.book.write(cache, 'undrained', 'it is handed out again', { actor });
    this.#notices.tellStandings(this.#caches, this.book.drained);
    void this.reconcile();
  }

  /**
   * The operator asks for a torrent.
   * @param cache undefined: any one that may hold it
   * @param now at any hour
   * @throws ClientError `not-found` if the catalogue does not have it, `unprocessable` if no cache may hold it
   */
  request(infoHash: InfoHash, cache: string | undefined, now: boolean, actor: string): Requested {
    const { store, clock } = this.#needs;
    const [torrent] = store.facts([infoHash]);
    if (torrent === undefined) {
      throw new ClientError('not-found', `the catalogue has no torrent ${infoHash} of known size`);
    }
    this.book.forgetDenials();
    const refusals = this.#caches
      .filter(({ name }) => cache === undefined || name === cache)
      .map((each) => this.book.refusal(each, torrent));
    if (refusals.every((refusal) => refusal !== undefined)) {
      const why = [...new Set(refusals)].join('; ') || 'there are no caches';
      throw new ClientError('unprocessable', `no cache may hold "${torrent.name}": ${why}`);
    }
    this.book.progress.retry(torrent.infoHash);
    store.addRequest({ infoHash: torrent.infoHash, cache, now, actor, atMs: clock.nowMs() });
    this.book.write(cache ?? '*', 'requested', now ? NOW : 'asked for', { actor, torrent });
    void this.reconcile();
    return { infoHash: torrent.infoHash, name: torrent.name, cache };
  }

  /** The operator lets everything that is missing be fetched at any hour. @param cache undefined: of all caches */
  requestMissing(cache: string | undefined, actor: string): Requested[] {
    const { store, clock } = this.#needs;
    const missing = this.#caches
      .filter(({ name }) => cache === undefined || name === cache)
      .flatMap(({ name, state }) => {
        const complete = new Set(state?.torrents.filter(isCompleteTorrent).map(({ infoHash }) => infoHash));
        return (this.#plan?.contents.hold.get(name) ?? []).flatMap((infoHash) => {
          const torrent = complete.has(infoHash) ? undefined : this.book.factsOf(name, infoHash);
          return torrent === undefined ? [] : [{ name, torrent }];
        });
      });
    store.together(() => {
      for (const { name, torrent } of missing) {
        store.addRequest({ infoHash: torrent.infoHash, cache: name, now: true, actor, atMs: clock.nowMs() });
        this.book.write(name, 'requested', NOW, { actor, torrent });
      }
    });
    for (const { torrent } of missing) this.book.progress.retry(torrent.infoHash);
    const requested = missing.map(({ name, torrent: { infoHash, name: called } }) => ({
      infoHash,
      name: called,
      cache: name,
    }));
    void this.reconcile();
    return requested;
  }

  /** The latest first. */
  log(query: CacheLogQuery): CacheLogEntry[] {
    return this.#needs.store.logEntries(query);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#round;
    await this.#counting;
    try {
      this.book.demand.save();
    } catch (thrown) {
      this.#needs.log.error({ err: thrown }, `caches: the demand was not saved: ${messageOf(thrown)}`);
    }
  }

  async #rounds(): Promise<void> {
    while (this.#isRequested && !this.#stopping.signal.aborted) {
      this.#isRequested = false;
      try {
        await this.#doRound();
      } catch (thrown) {
        this.#needs.log.error({ err: thrown }, `caches: a round of the controller failed: ${messageOf(thrown)}`);
      }
    }
  }

  async #doRound(): Promise<void> {
    // Without caches there is nothing to say either, except that there were some.
    if (this.#caches.length === 0 && this.#plan === undefined) return;
    const { clock, prices } = this.#needs;
    const caches = this.#caches;
    this.#notices.repeat();
    this.#notices.tellStandings(caches, this.book.drained);
    this.#countDemand();
    for (const cache of caches) this.#states.read(cache, this.#carryOut.isStale(cache));
    this.book.readRequests();
    this.#states.endRequests(caches);
    const limits = { ratePerGigabyte: prices().defaultRatePerGigabyte, fillRateBytesPerSecond: this.#payloadRate };
    const plan = makePlan(caches, this.book, limits, clock.nowMs());
    this.#plan = plan;
    this.#notices.tellFills(caches, plan.fills, this.book);
    await this.#carryOut.run(caches, plan);
  }

  /** In the background: a large tracker takes seconds to list its swarms. */
  #countDemand(): void {
    const { clock, log } = this.#needs;
    const nowMs = clock.nowMs();
    if (this.#counting !== undefined || nowMs - this.#countedAtMs < COUNT_EVERY_MS) return;
    this.#countedAtMs = nowMs;
    this.book.forgetDenials();
    const isWanted = (torrent: CacheTorrentFacts): boolean =>
      this.#caches.some(({ allow }) => isAllowed(allow, torrent));
    this.#counting = this.book.demand
      .count(nowMs, isWanted)
      .then(() => {
        this.#saveDemand(nowMs);
        void this.reconcile();
      })
      .catch((thrown: unknown) => {
        if (errorCodeOf(thrown) === 'unavailable') return;
        log.error({ err: thrown }, `caches: inner demand was not counted: ${messageOf(thrown)}`);
      })
      .finally(() => {
        this.#counting = undefined;
      });
  }

  #saveDemand(nowMs: number): void {
    if (nowMs - this.#savedAtMs < SAVE_EVERY_MS) return;
    this.#savedAtMs = nowMs;
    this.book.demand.save();
  }
}
