/**
 * Makes the caches hold what the plan says: every few seconds it compares what the clients report with the plan, and does the
 * next few things that are missing. It remembers nothing that it needs to continue: what a client holds is read from the client,
 * so a restart of either side changes nothing. It also says which caches are handed out, and what may cross the border now.
 */
import type { Clock } from '../domain/clock.js';
import { ClientError, errorCodeOf, messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { IpAddress } from '../domain/ip-address.js';
import { formatIp } from '../domain/ip-address.js';
import type { Logger } from '../logging/logger.js';
import type { CacheStanding } from '../selection/compile-capability.js';
import type {
  CacheAction,
  CacheLogEntry,
  CacheLogQuery,
  CacheStore,
  CacheTorrentFacts,
} from '../store/sqlite/cache-store.js';
import { isAllowed } from './allow.js';
import type { HeldTorrent } from './cache-client.js';
import type { ControlledCache } from './controlled-cache.js';
import { DemandBook, type InnerSwarmsPage } from './demand-book.js';
import { FillProgress } from './fill-progress.js';
import { Holdings } from './holdings.js';
import { type Candidate, type ContentsPlan, expectedSaving, type PlannedCache, planContents } from './plan-contents.js';
import { type CacheFills, type Fill, type FillingCache, type MissingTorrent, planFills } from './plan-fills.js';

export interface CacheFill {
  readonly infoHash: InfoHash;
  readonly address: IpAddress;
}

export interface ControllerNeeds {
  readonly clock: Clock;
  readonly log: Logger;
  readonly store: CacheStore;
  /** See `InnerSwarmListing`. @throws ClientError `unavailable` while the tracker restarts */
  readonly innerSwarms: (cursor: number) => Promise<InnerSwarmsPage>;
  /** Why the operator does not want a torrent; undefined for all others. */
  readonly denial: (infoHash: InfoHash) => string | undefined;
  readonly prices: () => { readonly currency: string; readonly defaultRatePerGigabyte: number };
  /**
   * The torrent with the trackers that a cache announces to; undefined if the catalogue has no file.
   * @throws ClientError `private-torrent`
   */
  readonly cacheMetainfo: (infoHash: InfoHash) => Promise<Uint8Array | undefined>;
  /** By address. */
  readonly setCacheStandings: (standings: ReadonlyMap<string, CacheStanding>) => void;
  readonly setCacheFills: (fills: readonly CacheFill[]) => void;
}

/** Of all caches: plans and what holds now. */
export interface CachesPlan {
  readonly contents: ContentsPlan;
  readonly fills: ReadonlyMap<string, CacheFills>;
}

const CONTROLLER = 'controller';
const COUNT_EVERY_MS = 60_000;
const PUBLISH_EVERY_MS = 30_000;
const SAVE_EVERY_MS = 5 * 60_000;
/** Of one cache in one round: each is a call to its client. */
const MAX_ACTIONS = 20;
/** Of the free space of a disk, this share stays free. */
const DISK_RESERVE = 0.02;
/** A cache that has been down for longer is not expected back: what it holds may be fetched by another one. */
const GONE_AFTER_MS = 6 * 3_600_000;
/** Torrents that turned out to be private; more are checked again. */
const MAX_PRIVATE = 10_000;

export class CacheController {
  readonly #needs: ControllerNeeds;
  readonly #demand: DemandBook;
  readonly #holdings: Holdings;
  readonly #progress = new FillProgress();
  readonly #private = new Set<InfoHash>();
  readonly #stopping = new AbortController();
  #drained = new Set<string>();
  #caches: readonly ControlledCache[] = [];
  #plan: CachesPlan | undefined;
  #round: Promise<void> | undefined;
  #isRequested = false;
  #countedAtMs = Number.NEGATIVE_INFINITY;
  #savedAtMs: number;
  #counting: Promise<void> | undefined;
  /** What the tracker was told last, and when. It is told again, because a part that was restarted has forgotten it. */
  #standings = '';
  #fills = '';
  #publishedAtMs = Number.NEGATIVE_INFINITY;
  #crossing: readonly CacheFill[] = [];
  readonly #downSinceMs = new Map<string, number>();
  /** By cache: what its client was told last, as far as it is known. */
  readonly #limits = new Map<string, number | undefined>();
  /** By cache: older states do not show what was done since. */
  readonly #actedAtMs = new Map<string, number>();
  /** Torrents that were removed since the start, by cache. */
  readonly evictions = new Map<string, number>();

  constructor(needs: ControllerNeeds) {
    this.#needs = needs;
    this.#demand = new DemandBook(needs);
    this.#holdings = new Holdings(needs.store);
    this.#drained = new Set(needs.store.drained().map(({ cache }) => cache));
    this.#savedAtMs = needs.clock.nowMs();
  }

  get demand(): DemandBook {
    return this.#demand;
  }

  get progress(): FillProgress {
    return this.#progress;
  }

  get plan(): CachesPlan | undefined {
    return this.#plan;
  }

  get caches(): readonly ControlledCache[] {
    return this.#caches;
  }

  /**
   * The endpoint of a cache that fetches a torrent over the border now, so that it accepts foreign peers: what may be announced
   * to original trackers.
   */
  crossingEndpoint(
    infoHash: InfoHash,
    family: 4 | 6,
  ): { readonly address: IpAddress; readonly port: number } | undefined {
    const fill = this.#crossing.find((each) => each.infoHash === infoHash && each.address.family === family);
    const port = this.#caches.find(({ addresses }) => fill && addresses.includes(fill.address))?.peerPort;
    return fill && port !== undefined ? { address: fill.address, port } : undefined;
  }

  isDrained(cache: string): boolean {
    return this.#drained.has(cache);
  }

  /** What the caches are now: to be called after each change, before {@link reconcile}. Says at once who is handed out. */
  setCaches(caches: readonly ControlledCache[]): void {
    const nowMs = this.#needs.clock.nowMs();
    const before = new Map(this.#caches.map((cache) => [cache.name, cache]));
    this.#caches = caches;
    for (const { name, health, error } of caches) {
      const was = before.get(name)?.health;
      if (health !== 'down') this.#downSinceMs.delete(name);
      else if (!this.#downSinceMs.has(name)) this.#downSinceMs.set(name, nowMs);
      if (health === 'down' && was !== 'down') this.#write(name, 'taken-out', error ?? 'its client does not answer');
      if (health === 'up' && was === 'down') this.#write(name, 'put-back', 'its client answers again');
      // A client that was restarted has its own settings.
      if (health !== 'up') this.#limits.delete(name);
    }
    this.#publishStandings();
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
    this.#demand.refreshFacts();
    void this.reconcile();
  }

  /** Persists. @param actor for the log */
  drain(cache: string, actor: string): void {
    const { store, clock } = this.#needs;
    store.drain(cache, actor, clock.nowMs());
    this.#drained.add(cache);
    this.#write(cache, 'drained', 'it takes nothing new and is handed to nobody', { actor });
    this.#publishStandings();
    void this.reconcile();
  }

  undrain(cache: string, actor: string): void {
    this.#needs.store.undrain(cache);
    if (!this.#drained.delete(cache)) return;
    this.#write(cache, 'undrained', 'it is handed out again', { actor });
    this.#publishStandings();
    void this.reconcile();
  }

  /**
   * The operator asks for a torrent.
   * @param cache undefined: any one that may hold it
   * @param now at any hour
   * @throws ClientError `not-found` if the catalogue does not have it, `unprocessable` if no cache may hold it
   */
  request(infoHash: InfoHash, cache: string | undefined, now: boolean, actor: string): CacheTorrentFacts {
    const { store, clock } = this.#needs;
    const [torrent] = store.facts([infoHash]);
    if (torrent === undefined) {
      throw new ClientError('not-found', `the catalogue has no torrent ${infoHash} of known size`);
    }
    const refusals = this.#caches
      .filter(({ name }) => cache === undefined || name === cache)
      .map((each) => this.refusal(each, torrent));
    if (refusals.every((refusal) => refusal !== undefined)) {
      const why = [...new Set(refusals)].join('; ') || 'there are no caches';
      throw new ClientError('unprocessable', `no cache may hold "${torrent.name}": ${why}`);
    }
    store.addRequest({ infoHash: torrent.infoHash, cache, now, actor, atMs: clock.nowMs() });
    const reason = now ? 'asked for now, whatever the hour' : 'asked for';
    this.#write(cache ?? '*', 'requested', reason, { actor, torrent });
    void this.reconcile();
    return torrent;
  }

  /** The operator lets everything that is missing be fetched at any hour. @param cache undefined: of all caches */
  requestMissing(cache: string | undefined, actor: string): { infoHash: InfoHash; name: string; cache: string }[] {
    const { store, clock } = this.#needs;
    const requested: { infoHash: InfoHash; name: string; cache: string }[] = [];
    for (const { name, state } of this.#caches) {
      if (cache !== undefined && name !== cache) continue;
      const complete = new Set(state?.torrents.filter(isComplete).map(({ infoHash }) => infoHash));
      for (const infoHash of this.#plan?.contents.hold.get(name) ?? []) {
        const torrent = this.factsOf(name, infoHash);
        if (complete.has(infoHash) || torrent === undefined) continue;
        store.addRequest({ infoHash, cache: name, now: true, actor, atMs: clock.nowMs() });
        this.#write(name, 'requested', 'asked for now, whatever the hour', { actor, torrent });
        requested.push({ infoHash, name: torrent.name, cache: name });
      }
    }
    void this.reconcile();
    return requested;
  }

  /** The latest first. */
  log(query: CacheLogQuery): CacheLogEntry[] {
    return this.#needs.store.logEntries(query);
  }

  /** Why a cache may not hold a torrent; undefined if it may. */
  refusal({ allow, name }: ControlledCache, torrent: CacheTorrentFacts): string | undefined {
    if (!isAllowed(allow, torrent)) return `caches.allow of ${name} does not name it`;
    const { infoHash, hybridInfoHash } = torrent;
    if (this.#private.has(infoHash)) return 'it is private (BEP 27): its peers must come from its own tracker';
    return this.#needs.denial(infoHash) ?? (hybridInfoHash && this.#needs.denial(hybridInfoHash));
  }

  /** Counts the demand again in the next round, before its time. */
  countSoon(): void {
    this.#countedAtMs = Number.NEGATIVE_INFINITY;
    void this.reconcile();
  }

  /** As {@link factsOf}, also of torrents that nobody asks for: reads the catalogue. */
  lookUp(cache: string, infoHash: InfoHash): CacheTorrentFacts | undefined {
    return this.factsOf(cache, infoHash) ?? this.#needs.store.facts([infoHash])[0];
  }

  factsOf(cache: string, infoHash: InfoHash): CacheTorrentFacts | undefined {
    const known = this.#demand.factsOf(infoHash) ?? this.#requested.get(infoHash);
    if (known !== undefined) return known;
    const holding = this.#holdings.get(cache, infoHash);
    return holding && { ...holding, hybridInfoHash: undefined, totalBytes: 0 };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#round;
    await this.#counting;
    try {
      this.#demand.save();
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
    if (this.#caches.length === 0 && this.#plan === undefined) return;
    const nowMs = this.#needs.clock.nowMs();
    if (nowMs - this.#publishedAtMs >= PUBLISH_EVERY_MS) {
      this.#publishedAtMs = nowMs;
      this.#standings = '';
      this.#fills = '';
      this.#publishStandings();
    }
    this.#countDemand();
    this.#readStates();
    this.#plan = this.#makePlan();
    this.#publishFills(this.#plan.fills);
    const caches = this.#caches;
    await Promise.all(caches.map((cache) => this.#carryOut(cache, this.#plan!)));
  }

  /** In the background: a large tracker takes seconds to list its swarms. */
  #countDemand(): void {
    const { clock, log } = this.#needs;
    const nowMs = clock.nowMs();
    if (this.#counting !== undefined || nowMs - this.#countedAtMs < COUNT_EVERY_MS) return;
    this.#countedAtMs = nowMs;
    this.#counting = this.#demand
      .count(nowMs, (torrent) => this.#caches.some(({ allow }) => isAllowed(allow, torrent)))
      .then(() => {
        if (nowMs - this.#savedAtMs >= SAVE_EVERY_MS) {
          this.#savedAtMs = nowMs;
          this.#demand.save();
        }
        void this.reconcile();
      })
      .catch((thrown: unknown) => {
        if (errorCodeOf(thrown) !== 'unavailable') {
          log.error({ err: thrown }, `caches: inner demand was not counted: ${messageOf(thrown)}`);
        }
      })
      .finally(() => {
        this.#counting = undefined;
      });
  }

  /** Adopts what the clients report, and writes what has happened since. */
  #readStates(): void {
    const nowMs = this.#needs.clock.nowMs();
    for (const { name, state, health } of this.#caches) {
      if (state === undefined || health !== 'up') continue;
      this.#progress.take(name, state.torrents, nowMs);
      const held = new Set(state.torrents.map(({ infoHash }) => infoHash));
      for (const { infoHash } of this.#holdings.of(name))
        if (!held.has(infoHash)) this.#holdings.remove(name, infoHash);
      for (const torrent of state.torrents) this.#readTorrent(name, torrent, nowMs);
    }
  }

  #readTorrent(cache: string, torrent: HeldTorrent, nowMs: number): void {
    const { infoHash, state, error } = torrent;
    const { store } = this.#needs;
    const facts = this.factsOf(cache, infoHash) ?? store.facts([infoHash])[0];
    if (state === 'failed' && this.#progress.noteFailure(cache, infoHash, error ?? '')) {
      const named = facts ?? { infoHash, name: infoHash };
      this.#write(cache, 'failed', error ?? 'its client does not say why', { torrent: named });
    }
    if (facts === undefined) return;
    const known = this.#holdings.get(cache, infoHash);
    const { name, source } = facts;
    const holding = known ?? { cache, infoHash, name, source, sinceMs: nowMs, completeMs: undefined };
    if (known === undefined) this.#holdings.set(holding);
    if (!isComplete(torrent) || holding.completeMs !== undefined) return;
    this.#holdings.set({ ...holding, completeMs: nowMs });
    store.removeRequest(infoHash, cache);
    store.removeRequest(infoHash, undefined);
    if (known !== undefined) this.#write(cache, 'completed', 'it has everything', { torrent: facts });
  }

  readonly #requested = new Map<InfoHash, CacheTorrentFacts>();

  #makePlan(): CachesPlan {
    const { store, clock } = this.#needs;
    const nowMs = clock.nowMs();
    const requests = store.requests();
    this.#requested.clear();
    for (const torrent of store.facts(requests.map(({ infoHash }) => infoHash))) {
      this.#requested.set(torrent.infoHash, torrent);
    }
    const candidates = this.#candidates(requests);
    const planned = this.#caches.map((cache) => this.#plannedCache(cache, nowMs));
    const contents = planContents(candidates, planned, nowMs);
    const priority = new Map(candidates.map(({ infoHash, demand }) => [infoHash, demand]));
    const isNow = (name: string, infoHash: InfoHash): boolean =>
      requests.some((request) => request.now && request.infoHash === infoHash && (request.cache ?? name) === name);
    const filling = this.#caches.map((cache): FillingCache => {
      const torrents = new Map(cache.state?.torrents.map((torrent) => [torrent.infoHash, torrent]));
      const missing = contents.hold.get(cache.name)!.flatMap((infoHash): MissingTorrent[] => {
        const torrent = torrents.get(infoHash);
        if (torrent !== undefined && isComplete(torrent)) return [];
        const totalBytes = torrent?.totalBytes || this.factsOf(cache.name, infoHash)?.totalBytes || 0;
        return [
          {
            infoHash,
            bytesLeft: totalBytes - (torrent?.haveBytes ?? 0),
            priority: priority.get(infoHash) ?? 0,
            isFilling: torrent?.state === 'filling',
            isStalled: torrent?.state === 'failed' || this.#progress.isStalled(cache.name, infoHash, nowMs),
            now: isNow(cache.name, infoHash),
          },
        ];
      });
      return {
        name: cache.name,
        isUsable: cache.health === 'up' && !this.#drained.has(cache.name),
        complete: new Set([...torrents.values()].filter(isComplete).map(({ infoHash }) => infoHash)),
        missing,
        openForMs: cache.openForMs,
        bytesPerSecond: cache.fillRateBytesPerSecond,
      };
    });
    return { contents, fills: planFills(filling, undefined) };
  }

  #candidates(requests: readonly { readonly infoHash: InfoHash; readonly cache: string | undefined }[]): Candidate[] {
    const { defaultRatePerGigabyte } = this.#needs.prices();
    const candidates = new Map<InfoHash, Candidate>();
    for (const { infoHash, totalBytes } of [...this.#demand.torrents, ...this.#requested.values()]) {
      const asked = requests.filter((request) => request.infoHash === infoHash);
      candidates.set(infoHash, {
        infoHash,
        totalBytes,
        demand: this.#demand.expected(infoHash),
        ratePerGigabyte: defaultRatePerGigabyte,
        requestedFor: asked.length === 0 ? undefined : asked.flatMap(({ cache }) => cache ?? []),
      });
    }
    return [...candidates.values()];
  }

  #plannedCache(cache: ControlledCache, nowMs: number): PlannedCache {
    const { name, state, health } = cache;
    const isDrained = this.#drained.has(name);
    const torrents = state?.torrents ?? [];
    const onDisk = torrents.reduce((sum, { haveBytes }) => sum + haveBytes, 0);
    const room =
      state?.freeBytes === undefined ? Number.POSITIVE_INFINITY : onDisk + state.freeBytes * (1 - DISK_RESERVE);
    const downSinceMs = this.#downSinceMs.get(name);
    const held = new Map(
      torrents.map(({ infoHash, totalBytes }) => [
        infoHash,
        { sinceMs: this.#holdings.get(name, infoHash)?.sinceMs ?? nowMs, totalBytes },
      ]),
    );
    return {
      name,
      quotaBytes: Math.min(cache.quotaBytes, Math.max(onDisk, room)),
      takesNew: !isDrained && health !== 'down',
      serves: !isDrained && (downSinceMs === undefined || nowMs - downSinceMs < GONE_AFTER_MS),
      uplinkBytesPerDay: cache.uplinkBps === undefined ? undefined : (cache.uplinkBps / 8) * 86_400,
      held,
      permits: (infoHash) => {
        const torrent = this.factsOf(name, infoHash);
        if (torrent !== undefined) return this.refusal(cache, torrent) === undefined;
        // After the database was lost nothing is known of what the caches hold. That is no reason to delete it.
        return held.has(infoHash) && this.#needs.denial(infoHash) === undefined;
      },
    };
  }

  async #carryOut(cache: ControlledCache, plan: CachesPlan): Promise<void> {
    const { name, health, state, answeredAtMs } = cache;
    if (health !== 'up' || state === undefined) return;
    // What was done since is not in this state.
    if ((answeredAtMs ?? 0) <= (this.#actedAtMs.get(name) ?? -1)) return;
    const { fills, bytesPerSecond } = plan.fills.get(name)!;
    const actions = this.#actionsFor(cache, plan, fills);
    try {
      if (fills.length > 0) await this.#limit(cache, bytesPerSecond);
      for (const action of actions.slice(0, MAX_ACTIONS)) {
        if (this.#stopping.signal.aborted) return;
        await action();
        this.#actedAtMs.set(name, this.#needs.clock.nowMs());
      }
    } catch (thrown) {
      // Its health says whether it is taken out; the next round tries again.
      this.#actedAtMs.set(name, this.#needs.clock.nowMs());
      if (!this.#stopping.signal.aborted) this.#needs.log.warn(`caches: ${messageOf(thrown)}`);
    }
  }

  /** In this order: what must go, what stops, what needs room goes, what begins. */
  #actionsFor(cache: ControlledCache, { contents }: CachesPlan, fills: readonly Fill[]): (() => Promise<void>)[] {
    const { name, state } = cache;
    const torrents = new Map(state!.torrents.map((torrent) => [torrent.infoHash, torrent]));
    const evict = contents.evict.get(name)!;
    const mustGo = evict.filter((infoHash) => contents.verdict(name, infoHash) === 'not-permitted');
    const mayGo = evict.filter((infoHash) => !mustGo.includes(infoHash));
    const fillingNow = new Set(fills.map(({ infoHash }) => infoHash));
    const starts = fills.filter(({ infoHash }) => torrents.get(infoHash)?.state !== 'filling');
    const stops = [...torrents.values()].filter(
      ({ infoHash, state: is }) => is === 'filling' && !fillingNow.has(infoHash) && !mustGo.includes(infoHash),
    );
    // Others that save more need the room only when they come.
    let used = [...torrents.values()].reduce((sum, { totalBytes }) => sum + totalBytes, 0);
    for (const infoHash of mustGo) used -= torrents.get(infoHash)!.totalBytes;
    for (const { infoHash } of starts) {
      if (!torrents.has(infoHash)) used += this.factsOf(name, infoHash)?.totalBytes ?? 0;
    }
    const goes: InfoHash[] = [];
    for (const infoHash of mayGo.sort((a, b) => this.#demand.expected(a) - this.#demand.expected(b))) {
      if (used <= cache.quotaBytes) break;
      used -= torrents.get(infoHash)!.totalBytes;
      goes.push(infoHash);
    }
    return [
      ...mustGo.map((infoHash) => () => this.#remove(cache, infoHash, this.#refusalText(cache, infoHash))),
      ...stops.map((torrent) => () => this.#stop(cache, torrent)),
      ...goes.map((infoHash) => () => this.#remove(cache, infoHash, 'others save more for each byte')),
      ...starts.map((fill) => () => this.#start(cache, fill, torrents.get(fill.infoHash))),
    ];
  }

  #refusalText(cache: ControlledCache, infoHash: InfoHash): string {
    const torrent = this.factsOf(cache.name, infoHash);
    const denied = this.#needs.denial(infoHash);
    return (torrent && this.refusal(cache, torrent)) ?? denied ?? 'it is not permitted';
  }

  async #start(cache: ControlledCache, { infoHash, from }: Fill, held: HeldTorrent | undefined): Promise<void> {
    const { name, client } = cache;
    const torrent = this.factsOf(name, infoHash);
    let metainfo: Uint8Array | undefined;
    try {
      metainfo = await this.#needs.cacheMetainfo(infoHash);
    } catch (thrown) {
      if (errorCodeOf(thrown) !== 'private-torrent') throw thrown;
      if (this.#private.size >= MAX_PRIVATE) this.#private.clear();
      this.#private.add(infoHash);
      this.#isRequested = true;
      return;
    }
    // A magnet link without its description, or it has left the catalogue meanwhile.
    if (metainfo === undefined) return;
    const peers = this.#caches
      .filter((other) => from.includes(other.name))
      .flatMap(({ addresses, peerPort }) =>
        peerPort === undefined ? [] : addresses.map((each) => ({ host: formatIp(each), port: peerPort })),
      );
    await client.add({ infoHash, metainfo, peers }, this.#stopping.signal);
    this.#progress.begin(name, infoHash, held?.haveBytes ?? 0, from.length === 0, this.#needs.clock.nowMs());
    const where = from.length > 0 ? `from ${from.join(', ')}` : 'over the border';
    this.#write(name, held === undefined ? 'added' : 'resumed', `it is fetched ${where}`, { torrent });
    if (held === undefined && torrent !== undefined) {
      const { name: called, source } = torrent;
      const sinceMs = this.#needs.clock.nowMs();
      this.#holdings.set({ cache: name, infoHash, name: called, source, sinceMs, completeMs: undefined });
    }
  }

  async #stop({ name, client, openForMs }: ControlledCache, { infoHash }: HeldTorrent): Promise<void> {
    await client.stopFilling(infoHash, this.#stopping.signal);
    this.#progress.pause(name, infoHash);
    const reason = this.#drained.has(name)
      ? 'the cache is drained'
      : openForMs === 0
        ? 'the fill window is closed; it continues in the next one'
        : 'others come first';
    this.#write(name, 'stopped', reason, { torrent: this.factsOf(name, infoHash) });
  }

  async #remove({ name, client }: ControlledCache, infoHash: InfoHash, reason: string): Promise<void> {
    const torrent = this.factsOf(name, infoHash);
    await client.remove(infoHash, this.#stopping.signal);
    this.#write(name, 'removed', reason, { torrent });
    this.#holdings.remove(name, infoHash);
    this.evictions.set(name, (this.evictions.get(name) ?? 0) + 1);
  }

  async #limit({ name, client }: ControlledCache, bytesPerSecond: number | undefined): Promise<void> {
    if (this.#limits.has(name) && this.#limits.get(name) === bytesPerSecond) return;
    await client.limitDownload(bytesPerSecond, this.#stopping.signal);
    this.#limits.set(name, bytesPerSecond);
  }

  /** Tells the tracker which caches are handed out, if that has changed. */
  #publishStandings(): void {
    const standings = new Map<string, CacheStanding>();
    for (const { name, addresses, health } of this.#caches) {
      const standing = health === 'down' || this.#drained.has(name) ? 'out' : 'serves';
      for (const address of addresses) standings.set(formatIp(address), standing);
    }
    const text = JSON.stringify([...standings]);
    if (text === this.#standings) return;
    this.#needs.setCacheStandings(standings);
    this.#standings = text;
  }

  /** Tells the tracker what may cross the border now, if that has changed: before any client begins. */
  #publishFills(plan: ReadonlyMap<string, CacheFills>): void {
    const fills: CacheFill[] = [];
    for (const { name, addresses } of this.#caches) {
      for (const { infoHash, from } of plan.get(name)?.fills ?? []) {
        if (from.length > 0) continue;
        const second = this.factsOf(name, infoHash)?.hybridInfoHash;
        for (const hash of second === undefined ? [infoHash] : [infoHash, second]) {
          for (const address of addresses) fills.push({ infoHash: hash, address });
        }
      }
    }
    const text = JSON.stringify(fills);
    this.#crossing = fills;
    if (text === this.#fills) return;
    this.#needs.setCacheFills(fills);
    this.#fills = text;
  }

  #write(
    cache: string,
    action: CacheAction,
    reason: string,
    more: {
      readonly actor?: string;
      readonly torrent?:
        | { readonly infoHash: InfoHash; readonly name: string; readonly totalBytes?: number }
        | undefined;
    } = {},
  ): void {
    const { clock, store, log, prices } = this.#needs;
    const { torrent, actor = CONTROLLER } = more;
    const { currency, defaultRatePerGigabyte: ratePerGigabyte } = prices();
    const demand = torrent === undefined ? 0 : this.#demand.expected(torrent.infoHash);
    const saving =
      torrent === undefined
        ? undefined
        : expectedSaving({ demand, ratePerGigabyte, totalBytes: torrent.totalBytes ?? 0 });
    store.addLogEntry({
      atMs: clock.nowMs(),
      cache,
      infoHash: torrent?.infoHash,
      name: torrent?.name,
      action,
      reason,
      actor,
      saving,
      currency: torrent && currency,
    });
    log.info({ cache, infoHash: torrent?.infoHash }, `cache ${cache}: ${torrent?.name ?? ''} ${action}: ${reason}`);
  }
}

function isComplete({ totalBytes, haveBytes, state }: HeldTorrent): boolean {
  return totalBytes > 0 && haveBytes >= totalBytes && state === 'serving';
}
