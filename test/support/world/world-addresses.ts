/** Where things are in the local world: hosts, lists and torrent files of each site, trackers. */
import { createHash } from 'node:crypto';
import type { SiteFormat, World, WorldSite, WorldTorrent } from './world-plan.js';
import { type TorrentOf, torrentHash, torrentName } from './world-torrent.js';

/** Requests for a list of several pages get this many torrents each. */
export const TORRENTS_PER_PAGE = 100;
export const TRACKERS = 5;
const DOMAIN = 'world.test';

/** Where the world is served. */
export interface WorldPlace {
  readonly world: World;
  /** Of the one server behind all sites and trackers; 80 is not written. */
  readonly port: number;
}

/** A key as indexers put it into addresses. The database must never have it in clear. */
export const SECRET = createHash('md5').update('the key of the local world').digest('hex');

export const siteHost = (name: string): string => `${name}.${DOMAIN}`;
export const trackerHost = (number: number): string => `tracker-${number}.${DOMAIN}`;

/** All names of the world, for its resolver. */
export function worldHosts(world: World): string[] {
  return [
    ...world.sites.map(({ name }) => siteHost(name)),
    ...Array.from({ length: TRACKERS }, (_, i) => trackerHost(i)),
  ];
}

export function originOf(host: string, { port }: Pick<WorldPlace, 'port'>): string {
  return port === 80 ? `http://${host}` : `http://${host}:${port}`;
}

export function torrentOf({ number, shape }: WorldTorrent, place: WorldPlace): TorrentOf {
  const announce = `${originOf(trackerHost(number % TRACKERS), place)}/announce`;
  return { seed: place.world.seed, number, shape, announce };
}

const hashes = new WeakMap<WorldTorrent, string>();

/** @returns {@link torrentHash}, computed once for each torrent */
export function hashOf(torrent: WorldTorrent, place: WorldPlace): string {
  const known = hashes.get(torrent);
  if (known !== undefined) return known;
  const hash = torrentHash(torrentOf(torrent, place));
  hashes.set(torrent, hash);
  return hash;
}

/** The path of the list that the source is configured with, without keys that the source adds. */
const LIST_PATHS: Readonly<Record<SiteFormat, string>> = {
  rss: '/feed.xml',
  atom: '/feed.atom',
  torznab: '/api?t=search',
  nyaa: '/?page=rss',
  ezrss: '/shows.rss',
  html: '/browse',
  unit3d: '/api/torrents/filter',
  gazelle: '/ajax.php?action=browse&page={page}',
  archive: '/advancedsearch.php?output=json',
  csv: '/all.csv',
  sitemap: '/sitemap.xml',
  list: '/wanted.txt',
  'access-log': '/',
};

export function listUrl({ name, format }: WorldSite, place: WorldPlace): string {
  return `${originOf(siteHost(name), place)}${LIST_PATHS[format]}`;
}

export function torrentUrl({ name, format }: WorldSite, number: number, place: WorldPlace): string {
  return `${originOf(siteHost(name), place)}${torrentPath(format, number)}`;
}

export function torrentPath(format: SiteFormat, number: number): string {
  if (format === 'torznab') return `/api?t=get&id=${number}&apikey=${SECRET}&file=x.torrent`;
  if (format === 'unit3d') return `/torrent/download/${number}.${SECRET}`;
  if (format === 'gazelle') return `/torrents.php?action=download&id=${number}&torrent_pass=${SECRET}`;
  if (format === 'archive') return `/download/item-${number}/item-${number}_archive.torrent`;
  return `/get/${number}.torrent`;
}

/** @returns the number of the torrent whose file this path is; undefined for every other path */
export function torrentNumberOf(format: SiteFormat, path: string): number | undefined {
  const patterns: Partial<Record<SiteFormat, RegExp>> = {
    torznab: /^\/api\?t=get&id=(\d+)&/,
    unit3d: /^\/torrent\/download\/(\d+)\./,
    gazelle: /^\/torrents\.php\?action=download&id=(\d+)&/,
    archive: /^\/download\/item-(\d+)\//,
  };
  const match = (patterns[format] ?? /^\/get\/(\d+)\.torrent$/).exec(path);
  return match === null ? undefined : Number(match[1]);
}

export function pageUrl({ name }: WorldSite, number: number, place: WorldPlace): string {
  return `${originOf(siteHost(name), place)}/details/${number}`;
}

export function magnetOf(torrent: WorldTorrent, place: WorldPlace): string {
  const of = torrentOf(torrent, place);
  const name = encodeURIComponent(torrentName(of).slice(0, 100));
  return `magnet:?xt=urn:btih:${hashOf(torrent, place)}&dn=${name}&tr=${encodeURIComponent(of.announce)}`;
}
