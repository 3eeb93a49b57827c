/** Lists for programs (JSON, CSV), and the small files that browsers and search engines ask for. */

import type { InfoHash } from '../domain/info-hash.js';
import { html, type Markup } from '../markup/markup.js';
import type { CatalogueResult, ListedTorrent } from '../store/sqlite/catalogue-search.js';
import { nameOf, type SiteView } from './layout.js';

export const EXPORT_SIZE = 200;
export const SITEMAP_SIZE = 10_000;

type MagnetOf = (torrent: ListedTorrent) => string;

export function listJson(baseUrl: string, result: CatalogueResult, page: number, magnetOf: MagnetOf): string {
  const torrents = result.torrents.map((torrent) => rowOf(baseUrl, torrent, magnetOf));
  return `${JSON.stringify({ total: result.total, page, pageSize: EXPORT_SIZE, torrents })}\n`;
}

/** RFC 4180, with a header. */
export function listCsv(baseUrl: string, result: CatalogueResult, magnetOf: MagnetOf): string {
  const rows = result.torrents.map((torrent) => rowOf(baseUrl, torrent, magnetOf));
  const names = Object.keys(rows[0] ?? {});
  return [names, ...rows.map(Object.values)].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/** Spreadsheets run a cell that begins like a formula; an apostrophe makes it text. */
function csvCell(value: unknown): string {
  const text = String(value ?? '');
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function rowOf(baseUrl: string, torrent: ListedTorrent, magnetOf: MagnetOf) {
  const page = `${baseUrl}/torrent/${torrent.infoHash}`;
  return {
    infoHash: torrent.infoHash,
    name: torrent.name,
    category: torrent.category ?? null,
    type: torrent.kind ?? null,
    bytes: torrent.totalBytes ?? null,
    files: torrent.fileCount,
    seeds: torrent.seeds ?? null,
    leechers: torrent.leechers ?? null,
    insideSeeds: torrent.inside.seeds,
    insideLeechers: torrent.inside.leechers,
    insideBitsPerSecond: torrent.inside.bps ?? null,
    completed: torrent.completed ?? null,
    rank: torrent.rank ?? null,
    added: new Date(torrent.firstSeenMs).toISOString(),
    published: isoDate(torrent.publishedMs),
    page,
    torrent: torrent.magnet === undefined ? `${page}.torrent` : null,
    magnet: magnetOf(torrent),
  };
}

/** Null for what is not a date: a site may state any number. */
function isoDate(ms: number | undefined): string | null {
  const date = new Date(ms ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** OpenSearch 1.1, so that a browser can search from its address bar. */
export function openSearch(view: SiteView, baseUrl: string): Markup {
  return html`<?xml version="1.0" encoding="utf-8"?>
<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">
<ShortName>${[...nameOf(view)].slice(0, 16).join('')}</ShortName>
<Description>${view.text.searchTorrents}</Description>
<InputEncoding>UTF-8</InputEncoding>
<Image type="${view.identity.icon.type}">${baseUrl}${view.identity.icon.path}</Image>
<Url type="text/html" template="${baseUrl}/?q={searchTerms}&amp;page={startPage?}"/>
<Url type="application/rss+xml" template="${baseUrl}/feed.xml?q={searchTerms}"/>
<Url type="application/json" template="${baseUrl}/list.json?q={searchTerms}&amp;page={startPage?}"/>
</OpenSearchDescription>
`;
}

/** Searches and sorted lists are endless; the sitemap names every page. */
export function robots(baseUrl: string): string {
  return `User-agent: *\nDisallow: /*?\nDisallow: /torznab/\nSitemap: ${baseUrl}/sitemap.xml\n`;
}

export function sitemap(baseUrl: string, infoHashes: readonly InfoHash[]): Markup {
  return html`<?xml version="1.0" encoding="utf-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>${baseUrl}/</loc></url>
${infoHashes.map((infoHash) => html`<url><loc>${baseUrl}/torrent/${infoHash}</loc></url>\n`)}</urlset>
`;
}
