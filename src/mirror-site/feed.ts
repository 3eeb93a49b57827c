/** The catalogue as an RSS 2.0 feed that torrent clients can follow, with the ezRSS extension for swarms and hashes. */

import { html, type Markup } from '../markup/markup.js';
import type { CatalogueSummary } from '../store/sqlite/catalogue-torrent.js';
import type { SiteView } from './layout.js';

export const FEED_SIZE = 200;

/** @param baseUrl scheme and host of the mirror as the reader knows it, without a trailing slash */
export function feed(
  view: SiteView,
  baseUrl: string,
  torrents: readonly CatalogueSummary[],
  magnetOf: (torrent: CatalogueSummary) => string,
): Markup {
  return html`<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:torrent="http://xmlns.ezrss.it/0.1/">
<channel>
<title>${view.site ?? view.title}</title>
<link>${baseUrl}/</link>
<description>Popular torrents that prefer peers inside the network of ${view.operatorName}</description>
${torrents.map((torrent) => item(torrent, baseUrl, magnetOf(torrent)))}</channel>
</rss>
`;
}

function item(torrent: CatalogueSummary, baseUrl: string, magnet: string): Markup {
  const path = `${baseUrl}/torrent/${torrent.infoHash}`;
  const enclosure =
    torrent.magnet === undefined &&
    html`<enclosure url="${path}.torrent" type="application/x-bittorrent" length="${torrent.totalBytes ?? 0}"/>
`;
  return html`<item>
<title>${torrent.name}</title>
<link>${path}</link>
<guid isPermaLink="false">urn:btih:${torrent.infoHash}</guid>
<pubDate>${new Date(torrent.firstSeenMs).toUTCString()}</pubDate>
${enclosure}<torrent:infoHash>${torrent.infoHash}</torrent:infoHash>
<torrent:magnetURI>${magnet}</torrent:magnetURI>
${torrent.seeds !== undefined && html`<torrent:seeds>${torrent.seeds}</torrent:seeds>\n`}${
  torrent.leechers !== undefined && html`<torrent:peers>${torrent.leechers}</torrent:peers>\n`
}</item>
`;
}
