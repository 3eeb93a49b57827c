/**
 * When caches fetch what they should hold. Over the border only inside the fill window, under one rate for all caches together,
 * popular torrents first; from another cache at any hour. A pure function: the controller carries it out.
 */
import type { InfoHash } from '../domain/info-hash.js';

/** A torrent that a cache should hold and does not have completely. */
export interface MissingTorrent {
  readonly infoHash: InfoHash;
  readonly bytesLeft: number;
  /** The higher the sooner. */
  readonly priority: number;
  /** The client fetches it now. */
  readonly isFilling: boolean;
  /** It has received nothing for minutes although it is being fetched. */
  readonly isStalled: boolean;
  /** The operator has asked for it now, whatever the hour. */
  readonly now: boolean;
  /** Its client did not take it a short time ago. */
  readonly isPostponed: boolean;
}

export interface FillingCache {
  readonly name: string;
  /** Its client answers, and it is not drained. */
  readonly isUsable: boolean;
  /** The complete ones, from which other caches may fetch. */
  readonly complete: ReadonlySet<InfoHash>;
  readonly missing: readonly MissingTorrent[];
  /** How long its fill window stays open; 0: it is closed. Infinity: it has no end. */
  readonly openForMs: number;
  /** The most that it may fetch over the border; undefined: no limit of its own. */
  readonly bytesPerSecond: number | undefined;
}

export interface Fill {
  readonly infoHash: InfoHash;
  /** The caches that it is fetched from; empty: from outside. */
  readonly from: readonly string[];
}

export interface CacheFills {
  readonly fills: readonly Fill[];
  /** For the whole client; undefined: no limit. */
  readonly bytesPerSecond: number | undefined;
  wait(infoHash: InfoHash): Waiting;
}

/** Why a torrent that should be held is not being fetched. */
export type Waiting = 'its-turn' | 'fill-window' | 'another-cache-fetches-it' | 'cache-not-usable' | 'failed-recently';

/** At the same time in one cache: enough that a torrent with few sources does not leave the rate unused. */
export const FILLS_AT_ONCE = 3;
/** The lowest limit that every client takes, in bytes per second. */
export const LOWEST_LIMIT = 1_024;

/** @param bytesPerSecond the most that all caches together may fetch over the border; undefined: no limit */
export function planFills(
  caches: readonly FillingCache[],
  bytesPerSecond: number | undefined,
): ReadonlyMap<string, CacheFills> {
  const usable = caches
    .filter(({ isUsable }) => isUsable)
    .map((cache) => ({ ...cache, missing: cache.missing.filter(({ isPostponed }) => !isPostponed) }));
  const inside = new Map(usable.map((cache) => [cache.name, insideFills(cache, usable)]));
  // A cache that is filling from others fetches nothing from outside meanwhile: its client has one limit for everything.
  const crossing = usable.filter(({ name }) => inside.get(name)!.length === 0);
  const wishing = crossing
    .filter(({ missing, openForMs }) => missing.some((each) => mayCross(each, openForMs)))
    .slice(0, bytesPerSecond === undefined ? undefined : Math.floor(bytesPerSecond / LOWEST_LIMIT));
  const outside = outsideFills(wishing, shareRate(wishing, bytesPerSecond));
  const filling = wishing.filter(({ name }) => outside.get(name)!.length > 0);
  const rates = shareRate(filling, bytesPerSecond);
  const plan = new Map<string, CacheFills>();
  for (const cache of caches) {
    const fromInside = inside.get(cache.name) ?? [];
    const fromOutside = outside.get(cache.name) ?? [];
    const isInside = fromInside.length > 0;
    plan.set(cache.name, {
      fills: isInside ? fromInside : fromOutside,
      bytesPerSecond: isInside ? undefined : fromOutside.length === 0 ? 0 : rates.get(cache.name),
      wait: (infoHash) => waitingFor(cache, infoHash, outside),
    });
  }
  return plan;
}

/** Equal parts of the common limit; what a cache may not use goes to the others. @returns by cache */
export function shareRate(
  caches: readonly Pick<FillingCache, 'name' | 'bytesPerSecond'>[],
  bytesPerSecond: number | undefined,
): ReadonlyMap<string, number | undefined> {
  const rates = new Map<string, number | undefined>();
  let left = bytesPerSecond ?? Number.POSITIVE_INFINITY;
  const own = (cache: { readonly bytesPerSecond: number | undefined }): number =>
    cache.bytesPerSecond ?? Number.POSITIVE_INFINITY;
  const ascending = [...caches].sort((a, b) => (own(a) < own(b) ? -1 : own(a) > own(b) ? 1 : 0));
  ascending.forEach((cache, i) => {
    const rate = Math.min(own(cache), left / (ascending.length - i));
    left -= rate;
    rates.set(cache.name, rate === Number.POSITIVE_INFINITY ? undefined : Math.max(1, Math.floor(rate)));
  });
  return rates;
}

/** What this cache can fetch from others, unless they deliver nothing. */
function insideFills(cache: FillingCache, usable: readonly FillingCache[]): Fill[] {
  const fills: Fill[] = [];
  for (const { infoHash, isStalled } of inOrder(cache.missing)) {
    const from = usable.filter(({ name, complete }) => name !== cache.name && complete.has(infoHash));
    if (from.length === 0 || isStalled) continue;
    fills.push({ infoHash, from: from.map(({ name }) => name) });
    if (fills.length === FILLS_AT_ONCE) break;
  }
  return fills;
}

/** Each torrent crosses the border for one cache only; the others fetch it from that one. */
function outsideFills(
  caches: readonly FillingCache[],
  rates: ReadonlyMap<string, number | undefined>,
): Map<string, Fill[]> {
  const taken = new Map<InfoHash, string>();
  // What is being fetched stays with the cache that fetches it.
  for (const { name, missing, openForMs } of caches) {
    for (const each of missing) {
      if (isRunning(each) && mayCross(each, openForMs) && !taken.has(each.infoHash)) taken.set(each.infoHash, name);
    }
  }
  const plan = new Map<string, Fill[]>();
  for (const { name, missing, openForMs } of caches) {
    const own = inOrder(missing).filter(
      (each) => mayCross(each, openForMs) && (taken.get(each.infoHash) ?? name) === name,
    );
    const rate = rates.get(name) ?? Number.POSITIVE_INFINITY;
    const chosen = choose(own, openForMs === 0 ? Number.POSITIVE_INFINITY : (rate * openForMs) / 1_000);
    for (const { infoHash } of chosen) taken.set(infoHash, name);
    plan.set(
      name,
      chosen.map(({ infoHash }) => ({ infoHash, from: [] })),
    );
  }
  return plan;
}

/**
 * What the operator has asked for now comes first. What is being fetched is otherwise not interrupted, so that a slow source does
 * not cause changes. A torrent that cannot be complete when the window closes gives way to those that can. If there are none, it
 * begins too, and continues in the next window.
 * @param missing in order. @param budgetBytes what can still be fetched in this window
 */
function choose(missing: readonly MissingTorrent[], budgetBytes: number): readonly MissingTorrent[] {
  const urgent = missing.filter(({ now, isStalled }) => now && !isStalled);
  const running = missing.filter((each) => isRunning(each) && !urgent.includes(each));
  const chosen = [...urgent, ...running].slice(0, FILLS_AT_ONCE);
  let left = budgetBytes - chosen.reduce((sum, { bytesLeft }) => sum + bytesLeft, 0);
  for (const each of missing) {
    if (chosen.length >= FILLS_AT_ONCE) break;
    if (chosen.includes(each) || each.bytesLeft > left) continue;
    left -= each.bytesLeft;
    chosen.push(each);
  }
  return chosen.length > 0 ? chosen : missing.slice(0, 1);
}

function isRunning({ isFilling, isStalled }: MissingTorrent): boolean {
  return isFilling && !isStalled;
}

/** Stalled ones last, whoever asked for them, so that others need not wait for them. */
function inOrder(missing: readonly MissingTorrent[]): MissingTorrent[] {
  return [...missing].sort(
    (a, b) =>
      Number(a.isStalled) - Number(b.isStalled) ||
      Number(b.now) - Number(a.now) ||
      b.priority - a.priority ||
      (a.infoHash < b.infoHash ? -1 : 1),
  );
}

function mayCross({ now }: MissingTorrent, openForMs: number): boolean {
  return now || openForMs > 0;
}

function waitingFor(cache: FillingCache, infoHash: InfoHash, outside: ReadonlyMap<string, readonly Fill[]>): Waiting {
  if (!cache.isUsable) return 'cache-not-usable';
  const missing = cache.missing.find((each) => each.infoHash === infoHash);
  if (missing?.isPostponed) return 'failed-recently';
  const elsewhere = [...outside].some(
    ([name, fills]) => name !== cache.name && fills.some((fill) => fill.infoHash === infoHash),
  );
  if (elsewhere) return 'another-cache-fetches-it';
  return missing !== undefined && !mayCross(missing, cache.openForMs) ? 'fill-window' : 'its-turn';
}
