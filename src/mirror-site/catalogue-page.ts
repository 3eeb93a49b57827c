/** The catalogue: a table with search, sorting and pages. */
import { html, type Markup } from '../markup/markup.js';
import type { CatalogueResult, CatalogueSort, ListedTorrent } from '../store/sqlite/catalogue-search.js';
import { page, type SiteView } from './layout.js';
import { showBytes, showCount, showDay } from './show.js';

/** The parameters of the page's address. */
export interface CatalogueRequest {
  readonly text: string;
  readonly sort: CatalogueSort;
  readonly reverse: boolean;
  readonly page: number;
}

export const PAGE_SIZE = 50;
const MAX_TEXT_CHARACTERS = 200;
const MAX_PAGE = 100_000;

const COLUMNS: readonly { sort: CatalogueSort; title: string; hint: string; classes: string }[] = [
  { sort: 'rank', title: 'Rank', hint: 'most wanted first', classes: 'number wide' },
  { sort: 'name', title: 'Name', hint: 'by name', classes: '' },
  { sort: 'size', title: 'Size', hint: 'largest first', classes: 'number' },
  { sort: 'seeds', title: 'Seeds', hint: 'most seeds first', classes: 'number' },
  { sort: 'leechers', title: 'Leechers', hint: 'most leechers first', classes: 'number wide' },
  { sort: 'added', title: 'Added', hint: 'newest first', classes: 'number wide' },
  { sort: 'inside', title: 'Inside', hint: 'most peers inside the network first', classes: 'number' },
];

/** Invalid parameters fall back to the start of the list. */
export function readCatalogueRequest(parameters: URLSearchParams): CatalogueRequest {
  const sort = COLUMNS.find((column) => column.sort === parameters.get('sort'))?.sort ?? 'best';
  const pageText = parameters.get('page') ?? '';
  return {
    text: (parameters.get('q') ?? '').trim().slice(0, MAX_TEXT_CHARACTERS),
    sort,
    reverse: parameters.get('order') === 'reverse',
    page: /^\d{1,6}$/.test(pageText) ? Math.min(Math.max(1, Number(pageText)), MAX_PAGE) : 1,
  };
}

export function cataloguePage(view: SiteView, request: CatalogueRequest, result: CatalogueResult): Markup {
  const { text, page: number } = request;
  const pages = Math.max(1, Math.ceil(result.total / PAGE_SIZE));
  const what = result.total === 1 ? '1 torrent' : `${showCount(result.total)} torrents`;
  const heading = text === '' ? 'Popular torrents' : `Torrents with “${text}”`;
  return page(
    view,
    text === '' ? '' : text,
    text,
    html`<h1>${heading}</h1>
<p class="soft">${what}${view.site === undefined ? '' : ` of ${view.site}`}${pages > 1 ? `, page ${number} of ${pages}` : ''}</p>
${result.torrents.length === 0 ? empty(request) : table(request, result.torrents)}
${pages > 1 && pagesNavigation(request, pages)}`,
  );
}

function empty({ text, page: number }: CatalogueRequest): Markup {
  if (number > 1) return html`<p>This page is empty. <a href="/">Back to the first one</a></p>`;
  if (text === '') return html`<p>The catalogue is empty: the first crawl is not finished yet.</p>`;
  return html`<p>No torrent has all of these words. <a href="/">All torrents</a></p>`;
}

function table(request: CatalogueRequest, torrents: readonly ListedTorrent[]): Markup {
  return html`<div class="card"><table>
<thead><tr>${COLUMNS.map((column) => columnHead(request, column))}<th>Get</th></tr></thead>
<tbody>
${torrents.map((torrent) => row(torrent))}</tbody>
</table></div>`;
}

function columnHead(request: CatalogueRequest, column: (typeof COLUMNS)[number]): Markup {
  const current = request.sort === column.sort;
  const href = address({ ...request, sort: column.sort, reverse: current && !request.reverse, page: 1 });
  const rising = (column.sort === 'rank' || column.sort === 'name') !== request.reverse;
  const sorted = current && html` aria-sort="${rising ? 'ascending' : 'descending'}"`;
  const arrow = current ? (rising ? ' ↑' : ' ↓') : '';
  return html`<th class="${column.classes}"${sorted}><a href="${href}" title="${column.hint}">${column.title}${arrow}</a></th>`;
}

function row(torrent: ListedTorrent): Markup {
  const { seeds, leechers } = torrent.inside;
  const path = `/torrent/${torrent.infoHash}`;
  const get =
    torrent.magnet === undefined
      ? html`<a href="${path}.torrent" aria-label="Torrent file of ${torrent.name}">Torrent</a>`
      : html`<a href="${path}" aria-label="Magnet link of ${torrent.name}">Magnet</a>`;
  return html`<tr><td class="number wide">${torrent.rank ?? '–'}</td><td class="name"><a href="${path}">${torrent.name}</a></td><td class="number">${showBytes(torrent.totalBytes)}</td><td class="number">${showCount(torrent.seeds)}</td><td class="number wide">${showCount(torrent.leechers)}</td><td class="number wide">${showDay(torrent.firstSeenMs)}</td><td class="number">${showCount(seeds + leechers)}</td><td>${get}</td></tr>
`;
}

function pagesNavigation(request: CatalogueRequest, pages: number): Markup {
  const link = (number: number, relation: string, label: string): Markup | false =>
    number >= 1 &&
    number <= pages &&
    html`<a href="${address({ ...request, page: number })}" rel="${relation}">${label}</a>`;
  return html`<nav class="pages" aria-label="Pages">${link(request.page - 1, 'prev', '← Previous')} ${link(request.page + 1, 'next', 'Next →')}</nav>`;
}

function address({ text, sort, reverse, page: number }: CatalogueRequest): string {
  const parameters = new URLSearchParams();
  if (text !== '') parameters.set('q', text);
  if (sort !== 'best') parameters.set('sort', sort);
  if (reverse) parameters.set('order', 'reverse');
  if (number > 1) parameters.set('page', String(number));
  const query = parameters.toString();
  return query === '' ? '/' : `/?${query}`;
}
