/**
 * What each cache should hold: the torrents that save most per byte of disk, within each cache's quota. A pure function of the
 * demand and of what the caches hold now. It does not know hours: `plan-fills` decides when a torrent is fetched.
 */
import type { InfoHash } from '../domain/info-hash.js';

/** A torrent of which inner clients want copies. */
export interface Candidate {
  readonly infoHash: InfoHash;
  readonly totalBytes: number;
  /** Downloads that inner clients are expected to begin within a day. */
  readonly demand: number;
  /** What a gigabyte from outside costs. */
  readonly ratePerGigabyte: number;
  /** The caches for which the operator has asked for it, whatever its demand; undefined in the list: any one. */
  readonly requestedFor?: readonly (string | undefined)[] | undefined;
}

export interface Holding {
  /** When the controller added it, in milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  readonly totalBytes: number;
}

export interface PlannedCache {
  readonly name: string;
  readonly quotaBytes: number;
  /** False: it keeps what it holds and takes nothing new. */
  readonly takesNew: boolean;
  /** Whether clients are given its endpoint: if not, nobody gets what it holds. */
  readonly serves: boolean;
  /** What it can upload in a day; undefined: not known. */
  readonly uplinkBytesPerDay?: number | undefined;
  readonly held: ReadonlyMap<InfoHash, Holding>;
  /** Whether this cache may hold the torrent: allowed by the operator, not denied, not private. */
  permits(infoHash: InfoHash): boolean;
}

/** Why a cache holds a torrent or not. */
export type Verdict =
  | 'held'
  | 'wanted'
  | 'not-permitted'
  | 'too-little-demand'
  | 'larger-than-the-quota'
  | 'others-save-more'
  | 'enough-copies'
  | 'takes-nothing-new';

export interface ContentsPlan {
  /** By cache: what it should hold, the highest saving for each byte first. */
  readonly hold: ReadonlyMap<string, readonly InfoHash[]>;
  /** By cache: what it holds and should remove. */
  readonly evict: ReadonlyMap<string, readonly InfoHash[]>;
  verdict(cache: string, infoHash: InfoHash): Verdict;
}

/** A cache brings in one copy itself. With fewer expected downloads than this it saves nothing. */
export const LEAST_DEMAND = 2;
/** A torrent replaces a held one only if it saves this many times as much for each byte, so that noise moves no data. */
export const REPLACE_MARGIN = 1.5;
/** A held torrent is not replaced before, because another copy of it would have to cross the border. */
export const LEAST_HOLDING_MS = 24 * 3_600_000;
/** Demand comes in waves: a cache is busy when the mean of the day takes this share of its uplink. */
const UPLINK_SHARE = 0.25;
const GIGABYTE = 1e9;

/** @returns per day, in the currency of the rate */
export function expectedSaving({ totalBytes, demand, ratePerGigabyte }: Omit<Candidate, 'infoHash'>): number {
  return (demand * totalBytes * ratePerGigabyte) / GIGABYTE;
}

/** @param candidates each info-hash once. A held torrent that is not among them counts as one without demand */
export function planContents(
  candidates: readonly Candidate[],
  caches: readonly PlannedCache[],
  nowMs: number,
): ContentsPlan {
  const plan = new Placement(candidates, caches);
  const offers = plan.offers(nowMs);
  // What the operator asks for, and what was fetched a short time ago.
  for (const offer of offers) if (offer.isFirm) plan.place(offer);
  for (const offer of offers) if (!offer.isFirm) plan.place(offer);
  for (const offer of offers) if (offer.shelf === undefined) plan.addCopies(offer.candidate);
  plan.retainSurplus();
  return plan.result();
}

/** A held copy, or (without a shelf) the wish for one. */
interface Offer {
  readonly candidate: Candidate;
  readonly shelf: Shelf | undefined;
  /** Saving for each byte, with the margin of a held copy. */
  readonly rank: number;
  /** It is not weighed against others. */
  readonly isFirm: boolean;
}

/** A cache while it is planned. */
class Shelf {
  readonly placed = new Set<InfoHash>();
  room: number;
  /** What is left if every torrent that it holds stays. */
  unclaimed: number;

  constructor(readonly cache: PlannedCache) {
    this.room = cache.quotaBytes;
    this.unclaimed = cache.quotaBytes;
    for (const { totalBytes } of cache.held.values()) this.unclaimed -= totalBytes;
  }

  take({ infoHash, totalBytes }: Candidate): boolean {
    if (this.placed.has(infoHash)) return true;
    if (totalBytes > this.room) return false;
    this.placed.add(infoHash);
    this.room -= totalBytes;
    if (!this.cache.held.has(infoHash)) this.unclaimed -= totalBytes;
    return true;
  }

  accepts({ infoHash, totalBytes }: Candidate): boolean {
    const { cache } = this;
    return (
      cache.takesNew && cache.serves && totalBytes <= this.room && !this.placed.has(infoHash) && cache.permits(infoHash)
    );
  }
}

class Placement {
  readonly #candidates: ReadonlyMap<InfoHash, Candidate>;
  readonly #shelves: ReadonlyMap<string, Shelf>;
  /** Held copies that the demand does not need. */
  readonly #surplus: Offer[] = [];

  constructor(candidates: readonly Candidate[], caches: readonly PlannedCache[]) {
    const known = new Map(candidates.map((candidate) => [candidate.infoHash, candidate]));
    for (const { held } of caches) {
      for (const [infoHash, { totalBytes }] of held) {
        if (!known.has(infoHash)) known.set(infoHash, { infoHash, totalBytes, demand: 0, ratePerGigabyte: 0 });
      }
    }
    this.#candidates = known;
    this.#shelves = new Map(caches.map((cache) => [cache.name, new Shelf(cache)]));
  }

  /** Once everything is placed. */
  result(): ContentsPlan {
    const worth = (infoHash: InfoHash): number => savingPerByte(this.#candidates.get(infoHash)!);
    const hold = new Map<string, readonly InfoHash[]>();
    const evict = new Map<string, readonly InfoHash[]>();
    for (const [name, { cache, placed }] of this.#shelves) {
      hold.set(
        name,
        [...placed].sort((a, b) => worth(b) - worth(a) || compare(a, b)),
      );
      evict.set(
        name,
        [...cache.held.keys()].filter((infoHash) => !placed.has(infoHash)),
      );
    }
    return { hold, evict, verdict: (name, infoHash) => this.#verdict(name, infoHash) };
  }

  #verdict(name: string, infoHash: InfoHash): Verdict {
    const shelf = this.#shelves.get(name);
    const candidate = this.#candidates.get(infoHash);
    if (shelf === undefined || !shelf.cache.permits(infoHash)) return 'not-permitted';
    if (shelf.placed.has(infoHash)) return shelf.cache.held.has(infoHash) ? 'held' : 'wanted';
    if (candidate === undefined) return 'too-little-demand';
    if (candidate.totalBytes > shelf.cache.quotaBytes) return 'larger-than-the-quota';
    if (!shelf.cache.held.has(infoHash)) {
      if (!isWanted(candidate)) return 'too-little-demand';
      if (!shelf.cache.takesNew || !shelf.cache.serves) return 'takes-nothing-new';
      if (this.#suppliedShare(candidate) >= 1) return 'enough-copies';
    }
    return 'others-save-more';
  }

  /** Best first. */
  offers(nowMs: number): Offer[] {
    const offers: Offer[] = [];
    for (const candidate of this.#candidates.values()) {
      const { infoHash, requestedFor = [] } = candidate;
      const value = savingPerByte(candidate);
      const wish = { candidate, shelf: undefined, rank: value };
      if (isRequested(candidate)) offers.push({ ...wish, isFirm: true });
      // Also one that was asked for: the cache that it was asked for may not take it.
      if (hasDemand(candidate)) offers.push({ ...wish, isFirm: false });
      for (const shelf of this.#shelves.values()) {
        const { name, held, permits } = shelf.cache;
        const holding = held.get(infoHash);
        if (holding === undefined || !permits(infoHash)) continue;
        const isAskedFor = requestedFor.includes(undefined) || requestedFor.includes(name);
        const isRecent = nowMs - holding.sinceMs < LEAST_HOLDING_MS;
        offers.push({ candidate, shelf, rank: value * REPLACE_MARGIN, isFirm: isAskedFor || isRecent });
      }
    }
    // Of equal ones the held copy comes first.
    return offers.sort(
      (a, b) =>
        b.rank - a.rank ||
        Number(a.shelf === undefined) - Number(b.shelf === undefined) ||
        compare(a.candidate.infoHash, b.candidate.infoHash),
    );
  }

  place(offer: Offer): void {
    const { candidate, shelf, isFirm } = offer;
    if (shelf === undefined) this.#placeFirst(candidate, isFirm ? candidate.requestedFor! : [undefined]);
    else if (!isFirm && this.#suppliedShare(candidate) >= REPLACE_MARGIN) this.#surplus.push(offer);
    else shelf.take(candidate);
  }

  /** Further copies of what one uplink cannot supply. They take no room from first copies. */
  addCopies(candidate: Candidate): void {
    const share = this.#suppliedShare(candidate);
    if (share === 0 || share >= 1) return;
    while (this.#suppliedShare(candidate) < 1 && this.#placeAnywhere(candidate)) {
      // Each step adds a copy in another cache.
    }
  }

  retainSurplus(): void {
    for (const { candidate, shelf } of this.#surplus) shelf!.take(candidate);
  }

  /** @param wishedIn names of caches; undefined among them: any one */
  #placeFirst(candidate: Candidate, wishedIn: readonly (string | undefined)[]): void {
    for (const name of wishedIn) {
      const shelf = name === undefined ? undefined : this.#shelves.get(name);
      if (shelf?.accepts(candidate)) shelf.take(candidate);
    }
    if (wishedIn.includes(undefined) && this.#suppliedShare(candidate) === 0) this.#placeAnywhere(candidate);
  }

  /** Where it displaces nothing, else where most room is left. @returns false if no cache takes it */
  #placeAnywhere(candidate: Candidate): boolean {
    let best: Shelf | undefined;
    // A copy that a cache holds is placed by its own offer.
    const free = [...this.#shelves.values()].filter(
      (shelf) => shelf.accepts(candidate) && !shelf.cache.held.has(candidate.infoHash),
    );
    for (const shelf of free) {
      if (best === undefined || shelf.unclaimed > best.unclaimed) best = shelf;
    }
    if (best === undefined) return false;
    if (best.unclaimed < candidate.totalBytes) best = free.reduce((a, b) => (b.room > a.room ? b : a));
    return best.take(candidate);
  }

  /** How much of the demand the placed copies can supply; at least 1 where an uplink is not known. */
  #suppliedShare(candidate: Candidate): number {
    const wantedBytes = candidate.demand * candidate.totalBytes;
    let supplied = 0;
    for (const { cache, placed } of this.#shelves.values()) {
      if (!placed.has(candidate.infoHash) || !cache.serves) continue;
      if (cache.uplinkBytesPerDay === undefined || wantedBytes === 0) return Number.POSITIVE_INFINITY;
      supplied += (cache.uplinkBytesPerDay * UPLINK_SHARE) / wantedBytes;
    }
    return supplied;
  }
}

function isWanted(candidate: Candidate): boolean {
  return hasDemand(candidate) || isRequested(candidate);
}

function hasDemand({ demand }: Candidate): boolean {
  return demand >= LEAST_DEMAND;
}

function isRequested({ requestedFor = [] }: Candidate): boolean {
  return requestedFor.length > 0;
}

function savingPerByte({ demand, ratePerGigabyte }: Candidate): number {
  return (demand * ratePerGigabyte) / GIGABYTE;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
