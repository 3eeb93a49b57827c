/** All sub-domains that have reported, the busiest first, with a search by name. */
import { z } from 'zod';
import { html } from '../../markup/markup.js';
import { subdomainsAnswer } from '../../policy/api/subdomain-routes.js';
import { type DensityDocument, densityAnswer } from '../../reports/api/answer-schemas.js';
import { linkTo } from '../frame/link.js';
import { pageLinks, search } from '../frame/parts.js';
import { bitRate, compact, duration, known, percent } from '../frame/show.js';
import { nameLink, type Table, table } from '../frame/table.js';
import type { TimeRange } from '../frame/time-range.js';
import { page } from '../page.js';
import { heatLevels } from './overview-view.js';

const PATH = '/subdomains';
const ROWS = 100;
/** Of the peers, which are counted twice a minute. */
const PEERS_KEPT_MS = 30_000;

export const subdomainsPage = page({
  path: PATH,
  menu: PATH,
  query: z.object({
    q: z.string().max(200).optional(),
    page: z.coerce.number().int().min(1).optional().catch(undefined),
  }),
  load: async ({ api, query, range }) => {
    const { q = '', page: number = 1 } = query;
    const all = (await api.get('/api/v1/density', densityAnswer))?.subdomains ?? [];
    const levels = heatLevels(all);
    const found = all
      .filter(({ id }) => id.toLowerCase().includes(q.toLowerCase()))
      .sort((a, b) => (b.bytesPerUserPerSecond ?? -1) - (a.bytesPerUserPerSecond ?? -1) || (a.id < b.id ? -1 : 1));
    const here = { q: q || undefined, range: range === '24h' ? undefined : range };
    const rows = found.slice((number - 1) * ROWS, number * ROWS);
    const policy = await api.get('/api/v1/subdomains', subdomainsAnswer, { keptMs: PEERS_KEPT_MS });
    const peers = new Map(policy?.subdomains.map(({ id, peers: there }) => [id, there]));
    const list = api.table('/api/v1/density', subdomainTable(rows, levels, peers, range));
    return {
      title: 'Sub-domains',
      tables: [list],
      body: html`${search(PATH, [{ name: 'q', label: 'Part of a name', value: q }], 'Search', { range: here.range })}
${api.box('/api/v1/density', html`<p>${compact(found.length)} sub-domains have reported. A sub-domain without a recent value counts as average.</p>`)}
${list.markup(PATH, { ...here, page: number === 1 ? undefined : number })}
${pageLinks(PATH, here, number, Math.ceil(found.length / ROWS))}
<p class="links"><a href="/api/v1/density">All as JSON</a></p>`,
    };
  },
});

function subdomainTable(
  rows: readonly DensityDocument[],
  levels: ReadonlyMap<string, number | null>,
  peers: ReadonlyMap<string, { readonly seeds: number; readonly leechers: number } | null>,
  range: TimeRange,
): Table {
  return table({
    id: 'subdomains',
    caption: 'Sub-domains, now, the busiest first',
    rows,
    rowKey: ({ id }) => id,
    empty: 'No probe has reported.',
    columns: [
      {
        key: 'id',
        label: 'sub-domain',
        value: ({ id }) => id,
        show: ({ id }) => nameLink(linkTo(`${PATH}/${encodeURIComponent(id)}`, range), id),
      },
      {
        key: 'bytesPerUserPerSecond',
        label: 'per user',
        numeric: true,
        value: ({ bytesPerUserPerSecond }) => bytesPerUserPerSecond,
        show: ({ bytesPerUserPerSecond }) => known(bytesPerUserPerSecond, bitRate),
      },
      {
        key: 'bytesPerSecond',
        label: 'in all',
        numeric: true,
        value: ({ bytesPerSecond }) => bytesPerSecond,
        show: ({ bytesPerSecond }) => bitRate(bytesPerSecond),
      },
      {
        key: 'users',
        label: 'users',
        numeric: true,
        value: ({ users }) => users,
        show: ({ users }) => known(users, compact),
      },
      {
        key: 'seeds',
        label: 'seeds there',
        numeric: true,
        value: ({ id }) => peers.get(id)?.seeds ?? null,
        show: ({ id }) => known(peers.get(id)?.seeds, compact),
      },
      {
        key: 'leechers',
        label: 'leechers there',
        numeric: true,
        value: ({ id }) => peers.get(id)?.leechers ?? null,
        show: ({ id }) => known(peers.get(id)?.leechers, compact),
      },
      {
        key: 'level',
        label: 'against the median',
        value: ({ id }) => levels.get(id) ?? null,
        show: ({ id }) => levelInWords(levels.get(id) ?? null),
      },
      {
        key: 'freshness',
        label: 'weight',
        numeric: true,
        value: ({ freshness }) => freshness,
        show: ({ freshness }) => percent(freshness),
        tone: ({ freshness }) => (freshness === 1 ? undefined : freshness === 0 ? 'bad' : 'warn'),
      },
      {
        key: 'ageSeconds',
        label: 'age',
        numeric: true,
        value: ({ ageSeconds }) => ageSeconds,
        show: ({ ageSeconds }) => duration(ageSeconds),
      },
    ],
  });
}

function levelInWords(level: number | null): string {
  if (level === null) return 'counts as average';
  return level === 3 ? 'usual' : level > 3 ? `dense (+${level - 3})` : `idle (${level - 3})`;
}
