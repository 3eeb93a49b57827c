/** The configuration with which an alias tracker crawls the local world, and the access log that it reads. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { listUrl, originOf, SECRET, siteHost, torrentUrl, type WorldPlace } from './world-addresses.js';
import type { SiteFormat, WorldSite } from './world-plan.js';

const PAGES = 200;

/** What the source of a site says beside its name and address. */
const SOURCES: Readonly<Record<SiteFormat, Readonly<Record<string, unknown>>>> = {
  rss: { type: 'feed' },
  atom: { type: 'feed' },
  torznab: { type: 'feed', query: { apikey: SECRET } },
  nyaa: { type: 'feed' },
  ezrss: { type: 'feed' },
  html: {
    type: 'html',
    item: 'tr.torrent',
    title: 'a.name',
    page: 'a.name',
    seeds: '.s',
    leechers: '.l',
    downloads: '.done@data-count',
    nextPage: 'a[rel=next]',
    maxPages: PAGES,
    details: { link: 'a.download@data-url' },
  },
  unit3d: {
    type: 'json',
    query: { api_token: SECRET },
    items: 'data',
    title: 'attributes.name',
    link: 'attributes.download_link',
    page: 'attributes.details_link',
    seeds: 'attributes.seeders',
    leechers: 'attributes.leechers',
    downloads: 'attributes.times_completed',
    nextPage: 'links.next',
    maxPages: PAGES,
  },
  gazelle: {
    type: 'json',
    items: 'response.results[].torrents[]',
    title: '^.groupName',
    link: `/torrents.php?action=download&id={torrentId}&torrent_pass=${SECRET}`,
    seeds: 'seeders',
    leechers: 'leechers',
    downloads: 'snatches',
    maxPages: PAGES,
  },
  archive: {
    type: 'json',
    items: 'response.docs',
    title: 'title',
    infoHash: 'btih',
    link: '/download/{identifier}/{identifier}_archive.torrent',
    downloads: 'downloads',
  },
  csv: { type: 'csv' },
  sitemap: { type: 'sitemap' },
  list: { type: 'list' },
  'access-log': { type: 'access-log' },
};

/** `crawler.sources` for all sites. Writes the access log into the directory. */
export function worldSources(place: WorldPlace, directory: string): object[] {
  return place.world.sites.map((site) => {
    const { name, format } = site;
    if (format !== 'access-log') return { name, url: listUrl(site, place), ...SOURCES[format] };
    const file = join(directory, `${name}.log`);
    writeFileSync(file, accessLog(site, place));
    return { name, file, ...SOURCES[format] };
  });
}

/** Everything that the crawl of the world needs beside `crawler` itself; JSON is YAML. */
export function worldConfig(
  place: WorldPlace & { readonly resolver: Endpoint },
  directory: string,
  crawler: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    operator: { name: 'World Telecom', networks: [{ asn: 64500, prefixes: ['127.1.0.0/16'] }] },
    tracker: { listen: ['udp://127.0.0.1:0'], announceUrls: ['udp://tracker.isp.test:6969/announce'] },
    crawler: { ...crawler, sources: worldSources(place, directory) },
    upstream: { resolvers: [`${place.resolver.host}:${place.resolver.port}`] },
    storage: { directory: join(directory, 'data') },
    lab: true,
  };
}

/** Combined format of a proxy, of the last minute, with the requests of every torrent that has some, in no order, between other traffic. */
function accessLog(site: WorldSite, place: WorldPlace): string {
  const lines: string[] = [];
  const [, day, month, year, minute] = /(\d\d) (\w+) (\d+) (\d\d:\d\d)/.exec(
    new Date(Date.now() - 60_000).toUTCString(),
  )!;
  const line = (target: string, status: number, at: number): string => {
    const second = String(at % 60).padStart(2, '0');
    return `10.1.2.${at % 250} - - [${day}/${month}/${year}:${minute}:${second} +0000] "GET ${target} HTTP/1.1" ${status} 5120 "-" "Firefox"\n`;
  };
  for (const torrent of place.world.torrents) {
    const home = place.world.sites[torrent.sites[0]!]!;
    const url = torrentUrl(home, torrent.number, place);
    for (let i = 0; i < torrent.requests; i++) lines.push(line(url, i % 5 === 0 ? 304 : 200, torrent.number + i));
    if (torrent.requests > 0)
      lines.push(line(url, 404, torrent.number), line(`${originOf(siteHost(site.name), place)}/`, 200, 1));
  }
  return lines.sort((a, b) => (a.slice(-80) < b.slice(-80) ? -1 : 1)).join('');
}
