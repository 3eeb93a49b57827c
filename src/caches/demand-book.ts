/**
 * The inner demand of all torrents that a cache may hold: counted from the swarms of the tracker every minute, and kept over
 * restarts. Torrents that nobody may hold are not remembered.
 */
import { type InfoHash, parseInfoHash } from '../domain/info-hash.js';
import type { CacheStore, CacheTorrentFacts } from '../store/sqlite/cache-store.js';
import { countDemand, type Demand, expectedDownloads, type InnerCounts, isNegligible } from './demand.js';

export interface InnerSwarmsPage {
  readonly swarms: readonly (InnerCounts & {
    readonly infoHash: string;
    /** The operator's caches among them: they are not demand. */
    readonly caches: InnerCounts;
  })[];
  /** Undefined after the last page. */
  readonly cursor: number | undefined;
}

export interface DemandBookNeeds {
  readonly store: Pick<CacheStore, 'facts' | 'demand' | 'setDemand'>;
  /** @throws ClientError `unavailable` while the tracker restarts */
  readonly innerSwarms: (cursor: number) => Promise<InnerSwarmsPage>;
}

/** Of the torrents with the highest demand; each takes some hundred bytes. */
const MAX_REMEMBERED = 20_000;
/** Swarms of one page are about 256; a list that does not end is not one. */
const MAX_PAGES = 20_000;

export class DemandBook {
  readonly #needs: DemandBookNeeds;
  #demand = new Map<InfoHash, Demand>();
  #facts = new Map<InfoHash, CacheTorrentFacts>();

  constructor(needs: DemandBookNeeds) {
    this.#needs = needs;
    const stored = needs.store.demand();
    for (const { infoHash, ...demand } of stored) this.#demand.set(infoHash, demand);
    this.#readFacts(stored.map(({ infoHash }) => infoHash));
  }

  /** Torrents of the catalogue that had demand when they were last counted. */
  get torrents(): Iterable<CacheTorrentFacts> {
    return this.#facts.values();
  }

  factsOf(infoHash: InfoHash): CacheTorrentFacts | undefined {
    return this.#facts.get(infoHash);
  }

  /** Downloads within a day. */
  expected(infoHash: InfoHash): number {
    const demand = this.#demand.get(infoHash);
    return demand === undefined ? 0 : expectedDownloads(demand);
  }

  /** Counts all swarms with inner peers. @param isWanted whether any cache may hold a torrent */
  async count(nowMs: number, isWanted: (torrent: CacheTorrentFacts) => boolean): Promise<void> {
    const counts = new Map<InfoHash, { seeds: number; leechers: number }>();
    const facts = new Map<InfoHash, CacheTorrentFacts>();
    let cursor: number | undefined = 0;
    for (let pages = 0; cursor !== undefined && pages < MAX_PAGES; pages++) {
      const page: InnerSwarmsPage = await this.#needs.innerSwarms(cursor);
      this.#addPage(page, isWanted, counts, facts);
      cursor = page.cursor;
    }
    this.#take(counts, facts, nowMs, isWanted);
  }

  save(): void {
    this.#needs.store.setDemand([...this.#demand].map(([infoHash, demand]) => ({ infoHash, ...demand })));
  }

  /** Reads again what the catalogue says of them. */
  refreshFacts(): void {
    this.#facts = new Map();
    this.#readFacts([...this.#demand.keys()]);
  }

  /** Both hashes of a hybrid torrent are one torrent. */
  #addPage(
    { swarms }: InnerSwarmsPage,
    isWanted: (torrent: CacheTorrentFacts) => boolean,
    counts: Map<InfoHash, { seeds: number; leechers: number }>,
    facts: Map<InfoHash, CacheTorrentFacts>,
  ): void {
    const byHash = new Map(swarms.map((swarm) => [parseInfoHash(swarm.infoHash), swarm]));
    for (const torrent of this.#needs.store.facts([...byHash.keys()])) {
      if (!isWanted(torrent)) continue;
      facts.set(torrent.infoHash, torrent);
      const sum = counts.get(torrent.infoHash) ?? { seeds: 0, leechers: 0 };
      for (const hash of [torrent.infoHash, torrent.hybridInfoHash]) {
        const swarm = hash === undefined ? undefined : byHash.get(hash);
        if (swarm === undefined) continue;
        sum.seeds += swarm.seeds - swarm.caches.seeds;
        sum.leechers += swarm.leechers - swarm.caches.leechers;
      }
      counts.set(torrent.infoHash, sum);
    }
  }

  #take(
    counts: ReadonlyMap<InfoHash, { seeds: number; leechers: number }>,
    facts: Map<InfoHash, CacheTorrentFacts>,
    nowMs: number,
    isWanted: (torrent: CacheTorrentFacts) => boolean,
  ): void {
    const next = new Map<InfoHash, Demand>();
    for (const infoHash of new Set([...this.#demand.keys(), ...counts.keys()])) {
      const known = facts.get(infoHash) ?? this.#facts.get(infoHash);
      if (known === undefined || !isWanted(known)) continue;
      const demand = countDemand(this.#demand.get(infoHash), counts.get(infoHash) ?? { seeds: 0, leechers: 0 }, nowMs);
      if (!isNegligible(demand)) next.set(infoHash, demand);
    }
    this.#demand = largest(next);
    for (const infoHash of this.#demand.keys()) {
      const known = facts.get(infoHash) ?? this.#facts.get(infoHash);
      if (known !== undefined) facts.set(infoHash, known);
    }
    for (const infoHash of facts.keys()) if (!this.#demand.has(infoHash)) facts.delete(infoHash);
    this.#facts = facts;
  }

  #readFacts(infoHashes: readonly InfoHash[]): void {
    for (const torrent of this.#needs.store.facts(infoHashes)) this.#facts.set(torrent.infoHash, torrent);
  }
}

function largest(demand: Map<InfoHash, Demand>): Map<InfoHash, Demand> {
  if (demand.size <= MAX_REMEMBERED) return demand;
  const sorted = [...demand].sort(([, a], [, b]) => expectedDownloads(b) - expectedDownloads(a));
  return new Map(sorted.slice(0, MAX_REMEMBERED));
}
