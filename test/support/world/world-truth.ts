/**
 * Which torrents a crawl of the local world has to find, computed from the plan of the world and the documented formula. It
 * shares no code with the crawler.
 */
import { answersError, type SiteFault, type World, type WorldSite, type WorldTorrent } from './world-plan.js';

/** The faults that leave no usable torrent file, and no other way to the torrent. */
const HOPELESS: ReadonlySet<SiteFault> = new Set<SiteFault>([
  'robots-deny',
  'robots-endless',
  'robots-huge',
  'robots-day',
  'busy',
  'silent',
  'loops',
  'endless',
  'inside',
  'garbage',
  'private',
]);

/** docs/configuration.md, `crawler`: seeds, twice the leechers, four times the requests from inside. */
export function popularity({ seeds, leechers, requests }: WorldTorrent): number {
  return seeds + 2 * leechers + 4 * requests;
}

/** @returns the best `top` torrents, the best first */
export function expectedTop({ sites, torrents }: World, top: number): WorldTorrent[] {
  return torrents
    .filter((torrent) => torrent.sites.some((site) => canBeHad(torrent, sites[site]!)))
    .sort((a, b) => popularity(b) - popularity(a))
    .slice(0, top);
}

function canBeHad({ shape, number }: WorldTorrent, { fault }: WorldSite): boolean {
  if (shape === 'garbage' || shape === 'private' || (fault !== undefined && HOPELESS.has(fault))) return false;
  return fault !== 'server-errors' || !answersError(number);
}
