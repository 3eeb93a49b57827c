/** The page of one torrent: its files, its links, its peers. */

import { html, type Markup } from '../markup/markup.js';
import type { CatalogueTorrent } from '../store/sqlite/catalogue-torrent.js';
import type { SwarmCounts } from './inner-counts.js';
import { page, type SiteView } from './layout.js';
import { showBytes, showCount, showDay } from './show.js';

/** Browsers struggle with more rows; the torrent file has the complete list. */
const MAX_FILES_SHOWN = 1_000;

/** @param inner the swarm's size at the alias tracker, undefined if unknown */
export function torrentPage(
  view: SiteView,
  torrent: CatalogueTorrent,
  magnet: string,
  inner: SwarmCounts | undefined,
): Markup {
  const fact = (name: string, value: string | Markup | undefined): Markup | false =>
    value !== undefined &&
    html`<dt>${name}</dt><dd>${value}</dd>
`;
  const original = originalLink(torrent.pageUrl ?? torrent.torrentUrl);
  return page(
    view,
    torrent.name,
    '',
    html`<h1>${torrent.name}</h1>
<p class="actions">${
      torrent.magnet === undefined &&
      html`<a class="button" href="/torrent/${torrent.infoHash}.torrent">Torrent file</a>`
    }<a class="button second" href="${magnet}">Magnet link</a></p>
<div class="card"><dl>
${fact('Size', torrent.totalBytes === undefined ? undefined : showBytes(torrent.totalBytes))}${fact(
  'Inside the network',
  inner && `${showCount(inner.seeds)} seeds, ${showCount(inner.leechers)} leechers`,
)}${fact('Everywhere', `${showCount(torrent.seeds)} seeds, ${showCount(torrent.leechers)} leechers`)}${fact(
  'Added',
  showDay(torrent.firstSeenMs),
)}${fact('Rank', torrent.rank === undefined ? undefined : String(torrent.rank))}${fact(
  'Info-hash',
  html`<code>${torrent.infoHash}</code>`,
)}${fact('Version 2', torrent.infoHashV2 && html`<code>${torrent.infoHashV2}</code>`)}${fact('From', original)}</dl></div>
${torrent.files.length > 0 && fileTable(torrent)}`,
  );
}

function fileTable(torrent: CatalogueTorrent): Markup {
  const shown = torrent.files.slice(0, MAX_FILES_SHOWN);
  const more = torrent.fileCount - shown.length;
  return html`<h2>${torrent.fileCount === 1 ? '1 file' : `${showCount(torrent.fileCount)} files`}</h2>
<div class="card"><table>
<thead><tr><th>Path</th><th class="number">Size</th></tr></thead>
<tbody>
${shown.map(
  (file) => html`<tr><td class="path">${file.path}</td><td class="number">${showBytes(file.bytes)}</td></tr>
`,
)}</tbody>
</table></div>
${more > 0 && html`<p class="soft">and ${showCount(more)} more in the torrent file</p>`}`;
}

/** Links only to http and https: an address of another scheme could be a script. */
function originalLink(url: string | undefined): Markup | undefined {
  if (url === undefined || !/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined;
  return html`<a href="${url}" rel="nofollow noreferrer">${new URL(url).host}</a>`;
}
