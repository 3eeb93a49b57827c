/**
 * Lists as RSS 2.0 that torrent clients can follow, with the extensions of ezRSS (swarms and hashes), Torznab (what
 * Sonarr and the like read) and Atom (the feed's own address).
 */
import { html, type Markup } from '../markup/markup.js';
import type { ListedTorrent } from '../store/sqlite/catalogue-search.js';
import { nameOf, type SiteView } from './layout.js';
import { torznabCategories } from './torznab.js';

export const FEED_SIZE = 200;
/** How long readers may keep it. In minutes. */
const TTL_MINUTES = 5;

export interface FeedContext {
  /** Scheme and host of the mirror as the reader knows it, without a trailing slash. */
  readonly baseUrl: string;
  /** Path and query of the feed. */
  readonly selfPath: string;
  readonly total: number;
  /** Torrents before the first one. */
  readonly offset: number;
  readonly magnetOf: (torrent: ListedTorrent) => string;
  /** Of the torrent file as it is served; 0: unknown. */
  readonly fileBytesOf: (torrent: ListedTorrent) => number;
}

export function feed(view: SiteView, torrents: readonly ListedTorrent[], context: FeedContext): Markup {
  const { baseUrl, selfPath, total, offset } = context;
  return html`<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:torrent="http://xmlns.ezrss.it/0.1/" xmlns:torznab="http://torznab.com/schemas/2015/feed" xmlns:newznab="http://www.newznab.com/DTD/2010/feeds/attributes/">
<channel>
<atom:link href="${baseUrl}${selfPath}" rel="self" type="application/rss+xml"/>
<title>${nameOf(view)}</title>
<link>${baseUrl}/</link>
<description>${view.text.footer(view.operatorName)}</description>
<language>${view.text.language}</language>
<ttl>${TTL_MINUTES}</ttl>
<newznab:response offset="${offset}" total="${total}"/>
${torrents.map((torrent) => item(torrent, context))}</channel>
</rss>
`;
}

function item(torrent: ListedTorrent, { baseUrl, magnetOf, fileBytesOf }: FeedContext): Markup {
  const path = `${baseUrl}/torrent/${torrent.infoHash}`;
  const magnet = magnetOf(torrent);
  const { seeds = 0, leechers = 0, inside } = torrent;
  const enclosure =
    torrent.magnet === undefined &&
    html`<enclosure url="${path}.torrent" type="application/x-bittorrent" length="${fileBytesOf(torrent)}"/>
`;
  const attribute = (name: string, value: string | number): Markup =>
    html`<torznab:attr name="${name}" value="${value}"/>
`;
  return html`<item>
<title>${torrent.name}</title>
<link>${path}</link>
<guid isPermaLink="true">${path}</guid>
<pubDate>${new Date(torrent.firstSeenMs).toUTCString()}</pubDate>
${torrent.category !== undefined && html`<category>${torrent.category}</category>\n`}${
  torrent.totalBytes !== undefined && html`<size>${torrent.totalBytes}</size>\n`
}${
  torrent.kind !== undefined && html`<category domain="${baseUrl}/?type=">${torrent.kind}</category>\n`
}${enclosure}<torrent:infoHash>${torrent.infoHash}</torrent:infoHash>
<torrent:magnetURI>${magnet}</torrent:magnetURI>
${torrent.seeds !== undefined && html`<torrent:seeds>${torrent.seeds}</torrent:seeds>\n`}${
  torrent.leechers !== undefined && html`<torrent:peers>${torrent.leechers}</torrent:peers>\n`
}${torznabCategories(torrent).map((category) => attribute('category', category))}${attribute('infohash', torrent.infoHash)}${attribute(
  'magneturl',
  magnet,
)}${attribute('size', torrent.totalBytes ?? 0)}${torrent.completed !== undefined && attribute('grabs', torrent.completed)}${attribute('seeders', seeds)}${attribute('peers', seeds + leechers)}${attribute('insideseeders', inside.seeds)}${attribute('insidepeers', inside.seeds + inside.leechers)}</item>
`;
}
