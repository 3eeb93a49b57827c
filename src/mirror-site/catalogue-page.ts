/** The catalogue: search, filters, a table that becomes cards on phones, and page numbers. */
import { html, type Markup } from '../markup/markup.js';
import type { CatalogueResult, CatalogueSort, Facets, ListedTorrent } from '../store/sqlite/catalogue-search.js';
import { addressOf, type CatalogueRequest, SIZES, SORTS } from './catalogue-request.js';
import { type Page, page, type SiteView } from './layout.js';
import { showAge, showBytes, showCount, showRate } from './show.js';

export const PAGE_SIZE = 50;
/** Numbers on each side of the current page. */
const PAGES_BESIDE = 2;

const COLUMNS: readonly { readonly sort: CatalogueSort; readonly className: string }[] = [
  { sort: 'name', className: 'name' },
  { sort: 'inside', className: 'number' },
  { sort: 'size', className: 'number' },
  { sort: 'seeds', className: 'number' },
  { sort: 'leechers', className: 'number wide' },
  { sort: 'added', className: 'number wide' },
];

/** What a list needs besides the catalogue. */
export interface ListContext {
  readonly facets: Facets;
  readonly magnetOf: (torrent: ListedTorrent) => string;
  readonly nowMs: number;
}

export function cataloguePage(
  view: SiteView,
  request: CatalogueRequest,
  result: CatalogueResult,
  context: ListContext,
): Page {
  const { text: words } = view;
  const { text } = request;
  const pages = Math.max(1, Math.ceil(result.total / PAGE_SIZE));
  const count = showCount(result.total, words.language);
  const what = [
    words.torrentCount(count),
    ...(view.site === undefined ? [] : [words.ofSite(view.site)]),
    ...(pages > 1 ? [words.pageOf(String(request.page), String(pages))] : []),
  ].join(', ');
  return page(
    view,
    text,
    text,
    html`<h1 dir="auto">${text === '' ? words.torrents : words.torrentsWith(text)}</h1>
<p class="soft">${what}</p>
${result.corrected !== undefined && html`<p>${words.corrected(result.corrected)}</p>`}
${filters(view, request, context.facets)}
${result.torrents.length === 0 ? empty(view, request) : table(view, request, result.torrents, context)}
${pages > 1 && pagesNavigation(view, request, pages)}`,
    addressOf({ ...request, page: 1 }, `${view.root}/feed.xml`),
  );
}

function empty({ text: words, root }: SiteView, request: CatalogueRequest): Markup {
  const isFiltered = addressOf({ ...request, page: 1, sort: 'best', reverse: false }) !== '/';
  if (request.page === 1 && !isFiltered) return html`<p>${words.emptyCatalogue}</p>`;
  return html`<p>${request.page > 1 ? words.emptyPage : words.noResult} <a href="${root}/">${words.allTorrents}</a></p>`;
}

function filters({ text: words, site, root }: SiteView, request: CatalogueRequest, facets: Facets): Markup {
  const isOpen = addressOf({ ...request, text: '', page: 1 }) !== '/';
  const size = (name: string): string => {
    const { minBytes, maxBytes } = SIZES[name]!;
    const [from, to] = [showBytes(minBytes, words.language), showBytes(maxBytes, words.language)];
    return minBytes === undefined
      ? words.under(to)
      : maxBytes === undefined
        ? words.over(from)
        : words.between(from, to);
  };
  const choice = (
    name: string,
    label: string,
    chosen: string | undefined,
    options: readonly [string, string][],
  ): Markup =>
    html`<label>${label} <select name="${name}">${options.map(
      ([value, title]) =>
        html`<option value="${value}"${value === (chosen ?? '') && html` selected`}>${title}</option>`,
    )}</select></label>
`;
  const any: [string, string] = ['', words.any];
  return html`<details class="filters"${isOpen && html` open`}><summary>${words.filters}</summary>
<form action="${root}/" method="get">
${request.text !== '' && html`<input type="hidden" name="q" value="${request.text}">`}
${choice(
  'sort',
  words.sortBy,
  request.sort,
  SORTS.map((sort) => [sort, words.sorts[sort]]),
)}${
  facets.categories.length > 0 &&
  choice('category', words.category, request.category, [
    any,
    ...facets.categories.map(({ name, count }): [string, string] => [
      name,
      `${name} (${showCount(count, words.language)})`,
    ]),
  ])
}${
  facets.kinds.length > 0 &&
  choice('type', words.kind, request.kind, [
    any,
    ...facets.kinds.map(({ name, count }): [string, string] => [
      name,
      `${words.kinds[name]} (${showCount(count, words.language)})`,
    ]),
  ])
}${
  site === undefined &&
  facets.sites.length > 1 &&
  choice('site', words.site, request.site, [any, ...facets.sites.map((each): [string, string] => [each, each])])
}${choice('size', words.size, request.size, [any, ...Object.keys(SIZES).map((name): [string, string] => [name, size(name)])])}
<label class="check"><input type="checkbox" name="inside" value="1"${request.seededInside && html` checked`}> ${words.seededInside}</label>
<label class="check"><input type="checkbox" name="order" value="reverse"${request.reverse && html` checked`}> ${words.reversed}</label>
<button>${words.apply}</button>
</form></details>`;
}

/** The roles keep it a table for screen readers where the style makes cards of its rows. */
function table(
  view: SiteView,
  request: CatalogueRequest,
  torrents: readonly ListedTorrent[],
  context: ListContext,
): Markup {
  const { text: words } = view;
  return html`<div class="card list"><table role="table">
<caption>${words.torrents}</caption>
<thead role="rowgroup"><tr role="row">${COLUMNS.map((column) => columnHead(view, request, column))}<th role="columnheader" scope="col">${words.get}</th></tr></thead>
<tbody role="rowgroup">
${torrents.map((torrent) => row(view, torrent, context))}</tbody>
</table></div>`;
}

function columnHead(
  { text: words, root }: SiteView,
  request: CatalogueRequest,
  { sort, className }: (typeof COLUMNS)[number],
) {
  const isCurrent = request.sort === sort;
  const href = addressOf({ ...request, sort, reverse: isCurrent && !request.reverse, page: 1 }, `${root}/`);
  const isRising = (sort === 'name') !== request.reverse;
  const sorted = isCurrent && html` aria-sort="${isRising ? 'ascending' : 'descending'}"`;
  const arrow = isCurrent && html`<span aria-hidden="true">${isRising ? ' ↑' : ' ↓'}</span>`;
  return html`<th role="columnheader" scope="col" class="${className}"${sorted}><a href="${href}">${words.sorts[sort]}${arrow}</a></th>`;
}

function row({ text: words, root }: SiteView, torrent: ListedTorrent, { magnetOf, nowMs }: ListContext): Markup {
  const path = `${root}/torrent/${torrent.infoHash}`;
  const number = (label: string, className: string, value: string | Markup): Markup =>
    html`<td role="cell" class="${className}"><span class="label">${label} </span>${value}</td>`;
  const { seeds, leechers, bps } = torrent.inside;
  const count = (value: number | undefined): string => showCount(value, words.language);
  return html`<tr role="row"><th role="rowheader" scope="row" class="name"><a href="${path}"><bdi>${torrent.name}</bdi></a>${
    seeds > 0 &&
    html`<span class="near">${bps === undefined ? words.neighbours(count(seeds)) : words.withRate(words.neighbours(count(seeds)), showRate(bps, words.language))}</span>`
  }</th>${number(words.sorts.inside, 'number', count(seeds + leechers))}${number(
    words.sorts.size,
    'number',
    showBytes(torrent.totalBytes, words.language),
  )}${number(words.sorts.seeds, 'number', count(torrent.seeds))}${number(
    words.sorts.leechers,
    'number wide',
    count(torrent.leechers),
  )}${number(words.sorts.added, 'number wide', showAge(torrent.firstSeenMs, nowMs, words.language))}<td role="cell" class="get">${
    torrent.magnet === undefined &&
    html`<a class="button" href="${path}.torrent" aria-label="${words.downloadOf(torrent.name)}">${words.download}</a> `
  }<a class="button second" href="${magnetOf(torrent)}" aria-label="${words.magnetOf(torrent.name)}">${words.magnet}</a></td></tr>
`;
}

function pagesNavigation({ text: words, root }: SiteView, request: CatalogueRequest, pages: number): Markup {
  const { page: current } = request;
  const to = (number: number): string => addressOf({ ...request, page: number }, `${root}/`);
  const near = Array.from({ length: pages }, (_, i) => i + 1).filter(
    (number) => number === 1 || number === pages || Math.abs(number - current) <= PAGES_BESIDE,
  );
  const numbers = near.map((number, i) => {
    const gap = i > 0 && number - near[i - 1]! > 1 && html`<span aria-hidden="true">…</span> `;
    const isCurrent = number === current && html` aria-current="page"`;
    return html`${gap}<a href="${to(number)}"${isCurrent} aria-label="${words.page(String(number))}">${number}</a> `;
  });
  return html`<nav class="pages" aria-label="${words.pages}">${
    current > 1 && html`<a href="${to(current - 1)}" rel="prev">← ${words.previous}</a> `
  }${numbers}${current < pages && html`<a href="${to(current + 1)}" rel="next">${words.next} →</a>`}</nav>`;
}
