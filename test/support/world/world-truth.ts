/**
 * Which torrents a crawl of the local world has to find, computed from the plan of the world and the documented formula. It
 * shares no code with the crawler.
 */
import type { SiteFault, World, WorldSite, WorldTorrent } from './world-plan.js';

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

/** @param sites those that the crawler is configured with @returns the best `top` torrents, the best first */
export function expectedTop(world: World, sites: readonly WorldSite[], top: number): WorldTorrent[] {
  const configured = new Map(sites.map((site) => [site.number, site]));
  const canBeHad = (torrent: WorldTorrent): boolean =>
    torrent.shape !== 'garbage' &&
    torrent.shape !== 'private' &&
    torrent.sites.some((number) => {
      const site = configured.get(number);
      if (site === undefined || (site.fault !== undefined && HOPELESS.has(site.fault))) return false;
      return site.fault !== 'server-errors' || torrent.number % 3 !== 0;
    });
  return world.torrents
    .filter(canBeHad)
    .sort((a, b) => popularity(b) - popularity(a))
    .slice(0, top);
}
