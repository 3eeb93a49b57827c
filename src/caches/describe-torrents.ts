/** Why each torrent is in a cache or not, for people. */
import type { InfoHash } from '../domain/info-hash.js';
import type { HeldTorrent } from './cache-client.js';
import type { ControlledCache } from './controlled-cache.js';
import type { CacheController } from './controller.js';
import type { CachesPlan } from './make-plan.js';
import { expectedSaving, LEAST_DEMAND, type Verdict } from './plan-contents.js';
import type { Fill, Waiting } from './plan-fills.js';

export interface TorrentQuery {
  readonly cache?: string | undefined;
  readonly infoHash?: InfoHash | undefined;
  readonly limit: number;
}

export interface TorrentDescription {
  readonly cache: string;
  readonly infoHash: InfoHash;
  readonly name: string;
  readonly bytes: number;
  /** Verified on the disk of the cache. */
  readonly haveBytes: number;
  /** As the client says; null: it does not hold it. */
  readonly state: HeldTorrent['state'] | null;
  /** Downloads that are expected within a day. */
  readonly demandPerDay: number;
  readonly savingPerDay: number;
  readonly currency: string;
  readonly why: string;
}

/** What the caches hold or should hold, and what they do not, the highest demand first. */
export function describeTorrents(
  controller: CacheController,
  prices: { readonly currency: string; readonly defaultRatePerGigabyte: number },
  { cache: only, infoHash: wanted, limit }: TorrentQuery,
): TorrentDescription[] {
  const { plan, caches, book } = controller;
  const { demand } = book;
  if (plan === undefined) return [];
  const all = [...demand.torrents].map(({ infoHash }) => infoHash);
  const rows = caches
    .filter(({ name }) => only === undefined || name === only)
    .flatMap((cache) => {
      const held = new Map(cache.state?.torrents.map((torrent) => [torrent.infoHash, torrent]));
      const listed = new Set([...held.keys(), ...plan.contents.hold.get(cache.name)!, ...all]);
      if (wanted !== undefined) listed.add(wanted);
      return [...listed]
        .filter((infoHash) => wanted === undefined || infoHash === wanted)
        .map((infoHash) => ({ cache, infoHash, torrent: held.get(infoHash), perDay: demand.expected(infoHash) }));
    });
  rows.sort((a, b) => b.perDay - a.perDay || (a.infoHash < b.infoHash ? -1 : 1));
  const { currency, defaultRatePerGigabyte: ratePerGigabyte } = prices;
  return rows.slice(0, limit).map(({ cache, infoHash, torrent, perDay }): TorrentDescription => {
    const facts = controller.book.lookUp(cache.name, infoHash);
    const bytes = torrent?.totalBytes || facts?.totalBytes || 0;
    return {
      cache: cache.name,
      infoHash,
      name: facts?.name ?? '',
      bytes,
      haveBytes: torrent?.haveBytes ?? 0,
      state: torrent?.state ?? null,
      demandPerDay: perDay,
      savingPerDay: expectedSaving({ totalBytes: bytes, demand: perDay, ratePerGigabyte }),
      currency,
      why: why(controller, plan, cache, infoHash, torrent),
    };
  });
}

function why(
  controller: CacheController,
  plan: CachesPlan,
  cache: ControlledCache,
  infoHash: InfoHash,
  torrent: HeldTorrent | undefined,
): string {
  const verdict = plan.contents.verdict(cache.name, infoHash);
  const isHeld = torrent !== undefined;
  if (verdict === 'not-permitted') {
    const facts = controller.book.lookUp(cache.name, infoHash);
    const refusal = facts === undefined ? 'the catalogue does not have it' : controller.book.refusal(cache, facts);
    // One that nobody asks for is not in the plan, although it may be held.
    return `${isHeld ? 'is removed' : 'not held'}: ${refusal ?? REASONS['too-little-demand']}`;
  }
  if (verdict !== 'held' && verdict !== 'wanted') {
    return isHeld ? `stays until others need its room: ${REASONS[verdict]}` : `not held: ${REASONS[verdict]}`;
  }
  if (isHeld && torrent.haveBytes >= torrent.totalBytes) return 'held: it saves most for its size';
  const fills = plan.fills.get(cache.name);
  const fill = fills?.fills.find((each) => each.infoHash === infoHash);
  if (fill !== undefined) return `is fetched ${sourceOf(fill)}`;
  return `wanted: ${WAITING[fills?.wait(infoHash) ?? 'its-turn']}`;
}

function sourceOf({ from }: Fill): string {
  return from.length === 0 ? 'over the border' : `from ${from.join(', ')}`;
}

const REASONS: Readonly<Record<Exclude<Verdict, 'held' | 'wanted' | 'not-permitted'>, string>> = {
  'too-little-demand': `fewer than ${LEAST_DEMAND} downloads a day are expected`,
  'larger-than-the-quota': 'it is larger than the quota',
  'others-save-more': 'others save more for each byte of the quota',
  'enough-copies': 'another cache holds it, and its uplink is enough',
  'takes-nothing-new': 'the cache is drained or does not answer',
};

const WAITING: Readonly<Record<Waiting, string>> = {
  'its-turn': 'others come first',
  'fill-window': 'it waits for the fill window',
  'another-cache-fetches-it': 'another cache fetches it, and then this one from there',
  'cache-not-usable': 'the cache is drained or does not answer',
  'failed-recently': 'it could not be added; the log says why, and it is tried again after an hour',
};
