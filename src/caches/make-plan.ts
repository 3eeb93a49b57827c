/** Puts together what the two plans need: what the clients report, and what the controller knows. */
import type { InfoHash } from '../domain/info-hash.js';
import type { CacheBook } from './cache-book.js';
import { type HeldTorrent, isCompleteTorrent } from './cache-client.js';
import type { ControlledCache } from './controlled-cache.js';
import { type Candidate, type ContentsPlan, type Holding, type PlannedCache, planContents } from './plan-contents.js';
import { type CacheFills, type FillingCache, type MissingTorrent, planFills } from './plan-fills.js';

export interface CachesPlan {
  readonly contents: ContentsPlan;
  /** By cache. */
  readonly fills: ReadonlyMap<string, CacheFills>;
  /** See {@link PlanLimits}. */
  readonly fillRateBytesPerSecond: number | undefined;
  /** By cache: its quota, or less if its disk has less room. */
  readonly quotaBytes: ReadonlyMap<string, number>;
}

export interface PlanLimits {
  readonly ratePerGigabyte: number;
  /** Of all caches together over the border, headers not included; undefined: no limit. */
  readonly fillRateBytesPerSecond: number | undefined;
}

/** Of the free space of a disk, this share stays free. */
const DISK_RESERVE = 0.02;
/** A cache that has been down for longer is not expected back: what it holds may be fetched by another one. */
const GONE_AFTER_MS = 6 * 3_600_000;
/** A client that does not answer may go on to fetch. For this long, others do not get its part of the common limit. */
const MAY_FETCH_FOR_MS = 3_600_000;

export function makePlan(
  caches: readonly ControlledCache[],
  book: CacheBook,
  { ratePerGigabyte, fillRateBytesPerSecond }: PlanLimits,
  nowMs: number,
): CachesPlan {
  const candidates = book.wanted().map((torrent): Candidate => {
    const { infoHash, totalBytes } = torrent;
    const requestedFor = book.requestsOf(infoHash).map(({ cache }) => cache);
    return { infoHash, totalBytes, demand: book.demand.expected(infoHash), ratePerGigabyte, requestedFor };
  });
  const planned = caches.map((cache) => plannedCache(cache, book, nowMs));
  const contents = planContents(candidates, planned, nowMs);
  const filling = caches.map((cache) => fillingCache(cache, contents.hold.get(cache.name)!, book, nowMs));
  return {
    contents,
    fills: planFills(filling, fillRateBytesPerSecond),
    fillRateBytesPerSecond,
    quotaBytes: new Map(planned.map(({ name, quotaBytes }) => [name, quotaBytes])),
  };
}

/** Whether a cache that is down may still fetch at the limit that its client was told last. */
export function mayStillFetch(book: CacheBook, cache: string, nowMs: number): boolean {
  return nowMs - (book.downSinceMs.get(cache) ?? nowMs) < MAY_FETCH_FOR_MS;
}

function plannedCache(cache: ControlledCache, book: CacheBook, nowMs: number): PlannedCache {
  const { name, state, health } = cache;
  const isDrained = book.drained.has(name);
  const torrents = state?.torrents ?? [];
  const onDisk = torrents.reduce((sum, { haveBytes }) => sum + haveBytes, 0);
  const free = state?.freeBytes ?? Number.POSITIVE_INFINITY;
  const downSinceMs = book.downSinceMs.get(name);
  const permitted = new Map<InfoHash, boolean>();
  // Before its client has answered, a cache has what it had when it was last seen.
  const held: ReadonlyMap<InfoHash, Holding> = new Map(
    state === undefined
      ? book.holdings.of(name).map((holding) => [holding.infoHash, holding])
      : torrents.map(({ infoHash, totalBytes }) => [
          infoHash,
          { sinceMs: book.holdings.get(name, infoHash)?.sinceMs ?? nowMs, totalBytes },
        ]),
  );
  return {
    name,
    quotaBytes: Math.min(cache.quotaBytes, onDisk + free * (1 - DISK_RESERVE)),
    takesNew: !isDrained && health !== 'down',
    serves: !isDrained && (downSinceMs === undefined || nowMs - downSinceMs < GONE_AFTER_MS),
    uplinkBytesPerDay: cache.uplinkBps === undefined ? undefined : (cache.uplinkBps / 8) * 86_400,
    held,
    permits: (infoHash) => {
      const known = permitted.get(infoHash) ?? book.permits(cache, infoHash, held.has(infoHash));
      permitted.set(infoHash, known);
      return known;
    },
  };
}

function fillingCache(cache: ControlledCache, hold: readonly InfoHash[], book: CacheBook, nowMs: number): FillingCache {
  const { name, state, health, openForMs, fillRateBytesPerSecond } = cache;
  const torrents = new Map(state?.torrents.map((torrent) => [torrent.infoHash, torrent]));
  return {
    name,
    isUsable: health === 'up' && !book.drained.has(name),
    complete: new Set([...torrents.values()].filter(isServing).map(({ infoHash }) => infoHash)),
    missing: hold.flatMap((infoHash) => missingTorrent(name, infoHash, torrents.get(infoHash), book, nowMs)),
    openForMs,
    bytesPerSecond: fillRateBytesPerSecond,
  };
}

/** @returns nothing for one that is complete, or that its client checks now */
function missingTorrent(
  cache: string,
  infoHash: InfoHash,
  torrent: HeldTorrent | undefined,
  book: CacheBook,
  nowMs: number,
): MissingTorrent[] {
  if (torrent !== undefined && (isCompleteTorrent(torrent) || torrent.state === 'checking')) return [];
  const totalBytes = torrent?.totalBytes || book.factsOf(cache, infoHash)?.totalBytes || 0;
  const now = book.requestsOf(infoHash).some((request) => request.now && (request.cache ?? cache) === cache);
  return [
    {
      infoHash,
      bytesLeft: totalBytes - (torrent?.haveBytes ?? 0),
      priority: book.demand.expected(infoHash),
      isFilling: torrent?.state === 'filling',
      isStalled: torrent?.state === 'failed' || book.progress.isStalled(cache, infoHash, nowMs),
      now,
      isPostponed: book.progress.isPostponed(cache, infoHash, nowMs),
    },
  ];
}

function isServing(torrent: HeldTorrent): boolean {
  return isCompleteTorrent(torrent) && torrent.state === 'serving';
}
