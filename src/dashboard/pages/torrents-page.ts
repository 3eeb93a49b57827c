/** The list of torrents: those of the catalogue, with a search by name, or the largest that are announced now. */
import { z } from 'zod';
import { type CatalogueTorrent, torrentsAnswer } from '../../crawler/api/catalogue-routes.js';
import { html, type Markup } from '../../markup/markup.js';
import { type ListedSwarm, swarmsAnswer } from '../../tracker/api/answer-schemas.js';
import { link, linkTo, type QueryValues } from '../frame/link.js';
import { pageLinks, search } from '../frame/parts.js';
import { bytes, compact, instant, known } from '../frame/show.js';
import { type Column, nameLink, type Table, table } from '../frame/table.js';
import type { TimeRange } from '../frame/time-range.js';
import { type PageContent, type PageRequest, page } from '../page.js';

const PATH = '/torrents';
const ROWS = 50;
/** The tracker lists its largest swarms only. */
const SWARMS_LISTED = 1_000;
/** Further pages are found by searching. */
const MAX_PAGE = 10_000;

const SORTS = ['rank', 'name', 'size', 'seeds', 'leechers', 'added', 'inside'] as const;
type Sort = (typeof SORTS)[number];

const query = z.object({
  q: z.string().max(200).optional(),
  show: z.enum(['announced']).optional().catch(undefined),
  sort: z.enum(SORTS).optional().catch(undefined),
  reverse: z.enum(['true']).optional().catch(undefined),
  page: z.coerce.number().int().min(1).max(MAX_PAGE).optional().catch(undefined),
});
type Query = z.output<typeof query>;

export const torrentsPage = page({
  path: PATH,
  menu: PATH,
  query,
  load: async (request) => {
    const announced = request.query.show === 'announced';
    const tabs = html`<nav aria-label="Which torrents"><ul>${tab('In the catalogue', undefined, !announced, request.range)}${tab('Announced now', 'announced', announced, request.range)}</ul></nav>`;
    return { title: 'Torrents', ...(await (announced ? announcedNow(request, tabs) : ofCatalogue(request, tabs))) };
  },
});

function tab(label: string, show: string | undefined, isCurrent: boolean, range: TimeRange): Markup {
  return html`<li><a href="${linkTo(PATH, range, { show })}"${isCurrent ? html` aria-current="true"` : ''}>${label}</a></li>`;
}

type Body = Pick<PageContent, 'body' | 'tables'>;

async function ofCatalogue({ api, query, range }: PageRequest<Query, undefined>, tabs: Markup): Promise<Body> {
  const { q, sort = 'rank', reverse, page: number = 1 } = query;
  const asked = { q, sort, reverse: reverse ?? 'false', limit: ROWS, offset: (number - 1) * ROWS };
  const found = await api.get('/api/v1/torrents', torrentsAnswer, { query: asked });
  const here: QueryValues = { q, sort: query.sort, reverse, range: range === '24h' ? undefined : range };
  const total = found?.total ?? 0;
  const rows = catalogueTable(found?.torrents ?? [], { sort, isReversed: reverse === 'true', here, range });
  const list = api.table('/api/v1/torrents', rows);
  return {
    tables: [list],
    body: html`${tabs}
${search(PATH, [{ name: 'q', label: 'Words of the name or of a file', value: q ?? '' }], 'Search', { sort: query.sort, range: here.range })}
${found === undefined ? '' : html`<p>${compact(total)} torrents${q === undefined || q === '' ? '' : html` with “${q}”`}, as last crawled.</p>`}
${list.markup(PATH, { ...here, page: number === 1 ? undefined : number })}
${pageLinks(PATH, here, number, Math.min(MAX_PAGE, Math.ceil(total / ROWS)))}`,
  };
}

interface Order {
  readonly sort: Sort;
  readonly isReversed: boolean;
  readonly here: QueryValues;
  readonly range: TimeRange;
}

function catalogueTable(rows: readonly CatalogueTorrent[], { sort, isReversed, here, range }: Order): Table {
  const sortable = (by: Sort): NonNullable<Column<CatalogueTorrent>['sort']> => {
    const ascends = by === 'rank' || by === 'name';
    const isCurrent = by === sort;
    const reverse = isCurrent && !isReversed ? 'true' : undefined;
    const order = ascends === isReversed ? 'descending' : 'ascending';
    return { href: link(PATH, { ...here, sort: by, reverse }), order: isCurrent ? order : undefined };
  };
  return table({
    id: 'torrents',
    caption: 'Torrents of the catalogue',
    rows,
    rowKey: ({ infoHash }) => infoHash,
    empty: 'No torrent is found.',
    columns: [
      {
        key: 'name',
        label: 'name',
        value: ({ name }) => name,
        show: ({ infoHash, name, title }) => nameLink(linkTo(`${PATH}/${infoHash}`, range), title ?? name),
        sort: sortable('name'),
      },
      {
        key: 'infoHash',
        label: 'info-hash',
        value: ({ infoHash }) => infoHash,
        show: ({ infoHash }) => html`<code>${infoHash}</code>`,
      },
      { key: 'rank', label: 'rank', numeric: true, value: ({ rank }) => rank ?? null, sort: sortable('rank') },
      {
        key: 'totalBytes',
        label: 'size',
        numeric: true,
        value: ({ totalBytes }) => totalBytes ?? null,
        show: ({ totalBytes }) => known(totalBytes, bytes),
        sort: sortable('size'),
      },
      {
        key: 'insideSeeds',
        label: 'seeds inside',
        numeric: true,
        value: ({ inside }) => inside.seeds,
        sort: sortable('inside'),
      },
      { key: 'insideLeechers', label: 'leechers inside', numeric: true, value: ({ inside }) => inside.leechers },
      {
        key: 'seeds',
        label: 'seeds, world',
        numeric: true,
        value: ({ seeds }) => seeds ?? null,
        sort: sortable('seeds'),
      },
      {
        key: 'leechers',
        label: 'leechers, world',
        numeric: true,
        value: ({ leechers }) => leechers ?? null,
        sort: sortable('leechers'),
      },
      { key: 'source', label: 'source', value: ({ source }) => source },
      {
        key: 'added',
        label: 'added',
        value: ({ firstSeenMs }) => new Date(firstSeenMs).toISOString(),
        show: ({ firstSeenMs }) => instant(firstSeenMs),
        sort: sortable('added'),
      },
    ],
  });
}

async function announcedNow({ api, query, range }: PageRequest<Query, undefined>, tabs: Markup): Promise<Body> {
  const number = Math.min(query.page ?? 1, SWARMS_LISTED / ROWS);
  const found = await api.get('/api/v1/swarms', swarmsAnswer, {
    query: { limit: ROWS, offset: (number - 1) * ROWS },
  });
  const total = found?.total ?? 0;
  const here: QueryValues = { show: 'announced', range: range === '24h' ? undefined : range };
  const list = api.table('/api/v1/swarms', swarmTable(found?.swarms ?? [], range));
  return {
    tables: [list],
    body: html`${tabs}
${found === undefined ? '' : html`<p>${compact(total)} torrents have peers now; this list has the ${compact(Math.min(total, SWARMS_LISTED))} largest.</p>`}
${list.markup(PATH, { ...here, page: number === 1 ? undefined : number })}
${pageLinks(PATH, here, number, Math.ceil(Math.min(total, SWARMS_LISTED) / ROWS))}`,
  };
}

function swarmTable(rows: readonly ListedSwarm[], range: TimeRange): Table {
  return table({
    id: 'announced',
    caption: 'The largest swarms, now',
    rows,
    rowKey: ({ infoHash }) => infoHash,
    empty: 'Nobody has announced yet.',
    columns: [
      {
        key: 'name',
        label: 'torrent',
        value: ({ name }) => name ?? null,
        show: ({ infoHash, name }) => nameLink(linkTo(`${PATH}/${infoHash}`, range), name ?? 'not in the catalogue'),
      },
      {
        key: 'infoHash',
        label: 'info-hash',
        value: ({ infoHash }) => infoHash,
        show: ({ infoHash }) => html`<code>${infoHash}</code>`,
      },
      { key: 'innerSeeds', label: 'seeds inside', numeric: true, value: ({ inner }) => inner.seeds },
      { key: 'innerLeechers', label: 'leechers inside', numeric: true, value: ({ inner }) => inner.leechers },
      { key: 'seeds', label: 'seeds', numeric: true, value: ({ seeds }) => seeds, hint: 'inner and foreign' },
      {
        key: 'leechers',
        label: 'leechers',
        numeric: true,
        value: ({ leechers }) => leechers,
        hint: 'inner and foreign',
      },
      {
        key: 'imported',
        label: 'imported',
        numeric: true,
        value: ({ upstreamPeers }) => upstreamPeers,
        hint: 'known from original trackers only',
      },
      {
        key: 'foreignMax',
        label: 'foreign, at most',
        numeric: true,
        value: ({ foreign }) => foreign.peersMax,
        hint: 'how many foreign peers the inner leechers are given now, all together',
      },
      {
        key: 'gateways',
        label: 'gateways (wanted)',
        numeric: true,
        value: ({ foreign }) => foreign.gateways,
        show: ({ foreign }) => `${foreign.gateways} (${foreign.gatewaysWanted})`,
      },
      {
        key: 'completedInner',
        label: 'completed inside',
        numeric: true,
        value: ({ completedInner }) => completedInner,
        hint: 'since the start',
      },
    ],
  });
}
