/**
 * What the local world consists of: which torrents exist, how popular each is, which sites list it and what is wrong with the
 * site. A pure function of a seed, so that server, configuration and expectation agree without speaking to each other.
 */
import { createRandom, type Random } from '../../../src/domain/random.js';
import type { TorrentShape } from './world-torrent.js';

export interface WorldOptions {
  readonly seed: number;
  readonly torrents: number;
}

export type SiteFormat =
  | 'rss'
  | 'atom'
  | 'torznab'
  | 'nyaa'
  | 'ezrss'
  | 'html'
  | 'unit3d'
  | 'gazelle'
  | 'archive'
  | 'csv'
  | 'sitemap'
  | 'list'
  | 'access-log';

/** What a site does beside serving its lists. Those after the line make every torrent file of the site unusable. */
export type SiteFault =
  /** Every third torrent file answers 500. */
  | 'server-errors'
  /** Names of two megabytes, and names that are markup, control characters or paths. */
  | 'names'
  /** It states swarms that its tracker does not confirm, and impossible ones. */
  | 'lies'
  // ────────
  | 'robots-deny'
  /** A robots.txt that never ends, a byte at a time. */
  | 'robots-endless'
  /** A robots.txt of megabytes. */
  | 'robots-huge'
  /** A robots.txt that asks for a day between requests. */
  | 'robots-day'
  /** 503 with Retry-After of ten hours. */
  | 'busy'
  /** Accepts requests and never answers. */
  | 'silent'
  | 'loops'
  /** Torrent files of 5 GB. */
  | 'endless'
  /** Redirects to private, link-local and own addresses, and to other protocols. */
  | 'inside'
  | 'garbage'
  | 'private';

export interface WorldTorrent {
  readonly number: number;
  readonly shape: TorrentShape;
  /** What its tracker reports, and what honest sites state. */
  readonly seeds: number;
  readonly leechers: number;
  readonly completed: number;
  /** Requests for its file in the access log of the operator's cache. */
  readonly requests: number;
  /** Numbers of the sites that list it. */
  readonly sites: readonly number[];
}

export interface WorldSite {
  readonly number: number;
  /** Name of the source in the configuration, and the first label of its host. */
  readonly name: string;
  readonly format: SiteFormat;
  readonly fault: SiteFault | undefined;
  /** Numbers of its torrents, in the order in which its lists have them. */
  readonly torrents: readonly number[];
}

export interface World {
  readonly seed: number;
  readonly sites: readonly WorldSite[];
  readonly torrents: readonly WorldTorrent[];
}

/** A site's share of the torrents, in parts of all shares. Without one it has only some of the most popular. */
interface SitePlan {
  readonly name: string;
  readonly format: SiteFormat;
  readonly fault?: SiteFault;
  readonly share?: number;
}

const PLANS: readonly SitePlan[] = [
  { name: 'rss-large', format: 'rss', share: 24 },
  { name: 'rss', format: 'rss', share: 6 },
  { name: 'atom', format: 'atom', share: 8 },
  { name: 'torznab', format: 'torznab', share: 8 },
  { name: 'nyaa', format: 'nyaa', share: 8 },
  { name: 'nyaa-second', format: 'nyaa', share: 4 },
  { name: 'ezrss', format: 'ezrss', share: 6 },
  { name: 'html', format: 'html', share: 2 },
  { name: 'unit3d', format: 'unit3d', share: 6 },
  { name: 'gazelle', format: 'gazelle', share: 6 },
  { name: 'archive', format: 'archive' },
  { name: 'csv', format: 'csv', share: 8 },
  { name: 'csv-second', format: 'csv', share: 2 },
  { name: 'sitemap', format: 'sitemap' },
  { name: 'list', format: 'list' },
  { name: 'cache', format: 'access-log' },
  { name: 'server-errors', format: 'rss', fault: 'server-errors', share: 2 },
  { name: 'names', format: 'atom', fault: 'names' },
  { name: 'lies', format: 'nyaa', fault: 'lies' },
  { name: 'robots-deny', format: 'rss', fault: 'robots-deny' },
  { name: 'robots-endless', format: 'atom', fault: 'robots-endless' },
  { name: 'robots-huge', format: 'rss', fault: 'robots-huge' },
  { name: 'robots-day', format: 'html', fault: 'robots-day' },
  { name: 'busy', format: 'rss', fault: 'busy', share: 2 },
  { name: 'silent', format: 'csv', fault: 'silent', share: 2 },
  { name: 'loops', format: 'atom', fault: 'loops' },
  { name: 'endless', format: 'rss', fault: 'endless' },
  { name: 'inside', format: 'rss', fault: 'inside' },
  { name: 'garbage', format: 'unit3d', fault: 'garbage' },
  { name: 'private', format: 'nyaa', fault: 'private' },
];

/** Torrents of the highest ranks that are dealt to all sites alike, so that every fault meets the top of the crawl. */
const DEALT_RANKS = 300;
/** Every tenth torrent, about, also lies on a second site. */
const DUPLICATE_EVERY = 10;
/** Every fiftieth torrent was requested through the cache, at most this often. */
const LOGGED_EVERY = 50;
const MAX_REQUESTS = 400;

export function worldOf(options: WorldOptions): World {
  const random = createRandom(options.seed);
  const lists: number[][] = PLANS.map(() => []);
  const torrents: WorldTorrent[] = [];
  const bySize = PLANS.flatMap(({ share = 0 }, site) => Array<number>(share).fill(site));
  for (let rank = 0; rank < options.torrents; rank++) {
    const home = rank < DEALT_RANKS ? rank % PLANS.length : bySize[random.below(bySize.length)]!;
    const sites = [home];
    if (random.below(DUPLICATE_EVERY) === 0) sites.push(secondSite(home, random));
    for (const site of sites) lists[site]!.push(rank);
    const requests =
      PLANS[home]!.format === 'access-log' || rank % LOGGED_EVERY === 0 ? 1 + random.below(MAX_REQUESTS) : 0;
    torrents.push({ number: rank, shape: shapeOf(PLANS[home]!, rank), ...swarmOf(rank, random), requests, sites });
  }
  const sites = PLANS.map(({ name, format, fault }, number): WorldSite => {
    const ordered = lists[number]!;
    // The best of the largest list come last, the others lie anywhere.
    if (name === 'rss-large') ordered.reverse();
    else shuffle(ordered, random);
    return { number, name, format, fault, torrents: ordered };
  });
  return { seed: options.seed, sites, torrents };
}

/** Counts the torrents of a site whose ranks were dealt: what varies among them varies by this, not by the number itself. */
export function variantOf(torrent: number): number {
  return Math.floor(torrent / PLANS.length);
}

/** Of the site with {@link SiteFault} `server-errors`. */
export function answersError(torrent: number): boolean {
  return variantOf(torrent) % 3 === 0;
}

/** Popularity falls with the rank as a power law, and never rises; seeds and leechers fall with it. */
function swarmOf(rank: number, random: Random): Pick<WorldTorrent, 'seeds' | 'leechers' | 'completed'> {
  const seeds = Math.floor(200_000 / (rank + 1) ** 0.7) + 1;
  return { seeds, leechers: Math.ceil(seeds / 4), completed: seeds * 6 + random.below(5) };
}

/** Second copies lie on good sites, so that some torrents of bad sites can be had after all. */
function secondSite(home: number, random: Random): number {
  const good = PLANS.flatMap(({ share = 0, fault }, site) =>
    share > 0 && fault === undefined && site !== home ? [site] : [],
  );
  return good[random.below(good.length)]!;
}

function shapeOf({ fault }: SitePlan, rank: number): TorrentShape {
  if (fault === 'garbage' || fault === 'private') return fault;
  if (fault === 'names') return Math.floor(rank / PLANS.length) % 2 === 0 ? 'long-name' : 'odd-name';
  return (['single', 'files', 'single', 'hybrid', 'files', 'v2', 'single'] as const)[rank % 7]!;
}

function shuffle(list: number[], random: Random): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
}
