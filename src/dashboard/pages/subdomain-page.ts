/** One sub-domain: its density against the same weekday, its level and why it counts as it does, its peers, traffic and probes. */
import { z } from 'zod';
import { html, type Insertable } from '../../markup/markup.js';
import { subdomainsAnswer } from '../../policy/api/subdomain-routes.js';
import { densityAnswer, probesAnswer } from '../../reports/api/answer-schemas.js';
import { cell } from '../frame/cells.js';
import { linkTo } from '../frame/link.js';
import { facts } from '../frame/parts.js';
import { layerPlot } from '../frame/plot.js';
import { bitRate, bytes, compact, duration, known } from '../frame/show.js';
import { type Table, table } from '../frame/table.js';
import { durationMs, inWords, type TimeRange } from '../frame/time-range.js';
import { page } from '../page.js';
import type { PageCalls } from '../page-calls.js';
import { marksOf, seriesOf, total } from '../series.js';
import { probeTable } from './probes-page.js';
import {
  comparisonInWords,
  levelInWords,
  peersInWords,
  plotValues,
  usualRate,
  weightInWords,
} from './subdomains-view.js';

/** The weeks before that the same weekday is compared with. */
const WEEKS = 4;
const WEEK_MS = 7 * 86_400_000;
const DENSITY_CALLS = ['/api/v1/density', '/api/v1/probes'];

export const subdomainPage = page({
  path: '/subdomains/{id}',
  menu: '/subdomains',
  hasRange: true,
  params: z.object({ id: z.string().max(200) }),
  load: async ({ api, params: { id }, range, nowMs }) => {
    const since = new Date(nowMs - Math.max(durationMs(range), WEEKS * WEEK_MS)).toISOString();
    const answer = await api.get('/api/v1/density', densityAnswer, { query: { subdomain: id, since } });
    const [now] = answer?.subdomains ?? [];
    const history = answer?.history ?? [];
    const probes = ((await api.get('/api/v1/probes', probesAnswer))?.probes ?? []).filter(({ subdomains }) =>
      subdomains.includes(id),
    );
    const levels = await api.get('/api/v1/subdomains', subdomainsAnswer, { query: { id } });
    const [level] = levels?.subdomains ?? [];
    const isKnown = level !== undefined || now !== undefined || probes.length > 0 || history.length > 0;
    if (!isKnown) return undefined;
    const plots = await plotsOf(api, id, range, nowMs);
    const { timesMs, values } = plotValues(history, nowMs - durationMs(range));
    const path = `/subdomains/${encodeURIComponent(id)}`;
    const ofProbes = api.table('/api/v1/probes', probeTable(probes, range, nowMs));
    const rows = history.filter(({ start }) => Date.parse(start) >= nowMs - durationMs(range)).slice(-500);
    const recorded = api.table('/api/v1/density', historyTable(`Density of ${id}, ${inWords(range)}`, rows));
    return {
      title: `Sub-domain ${id}`,
      tables: [ofProbes, recorded],
      body: html`${api.box('/api/v1/density', cell('p', 'comparison', comparisonInWords(now?.bytesPerUserPerSecond, usualRate(history, nowMs)), { class: 'card' }))}
${api.box(DENSITY_CALLS, cell('p', 'weight', weightInWords(now, probes)))}
${facts('subdomain', [
  ['traffic, now', known(now?.bytesPerSecond, bitRate)],
  ['users', known(now?.users, compact)],
  ['density level in force', levelInWords(level?.densityLevel, levels)],
  ['peers there', peersInWords(level?.peers ?? null, levels?.peers?.countedAt, nowMs)],
  ['users counted by', now?.usersFrom ?? 'nobody'],
  ['a period lasts', known(now?.periodSeconds, duration)],
])}
${layerPlot({ id: 'density', title: `Traffic of a user, ${inWords(range)}`, timesMs, layers: [{ name: id, values }], kind: 'lines', marks: [], show: bitRate })}
${plots}
<h2>Probes</h2>
${ofProbes.markup(path, { range })}
<h2>History</h2>
<details><summary>Values, ${inWords(range)}</summary>${recorded.markup(path, { range })}</details>
<p class="links"><a href="${linkTo('/subdomains', range)}">All sub-domains</a></p>`,
    };
  },
});

type HistoryRow = NonNullable<z.output<typeof densityAnswer>['history']>[number];

function historyTable(caption: string, rows: readonly HistoryRow[]): Table {
  return table({
    id: 'history',
    caption,
    rows,
    rowKey: ({ start }) => start,
    empty: 'Nothing is stored of this time.',
    columns: [
      { key: 'start', label: 'from', value: ({ start }) => start },
      {
        key: 'seconds',
        label: 'over',
        numeric: true,
        value: ({ seconds }) => seconds,
        show: ({ seconds }) => duration(seconds),
      },
      {
        key: 'bytesPerUserPerSecond',
        label: 'per user',
        numeric: true,
        value: (row) => row.bytesPerUserPerSecond,
        show: (row) => known(row.bytesPerUserPerSecond, bitRate),
      },
      {
        key: 'bytesPerSecond',
        label: 'in all',
        numeric: true,
        value: (row) => row.bytesPerSecond,
        show: (row) => bitRate(row.bytesPerSecond),
      },
      {
        key: 'users',
        label: 'users',
        numeric: true,
        value: ({ users }) => users,
        show: ({ users }) => known(users, compact),
      },
    ],
  });
}

async function plotsOf(api: PageCalls, id: string, range: TimeRange, nowMs: number): Promise<Insertable> {
  const asked = { range, nowMs, label: id };
  const level = await seriesOf(api, 'densityLevel', asked);
  const downloaded = await seriesOf(api, 'subdomainDownloaded', asked);
  const foreign = await seriesOf(api, 'subdomainForeign', asked);
  const layers = [
    { name: 'downloaded', found: downloaded },
    { name: 'from outside', found: foreign },
  ].flatMap(({ name, found }) => (found === undefined ? [] : [{ name, values: total(found) }]));
  const marks = await marksOf(api, range, nowMs);
  return api.box(
    '/api/v1/series',
    html`${layerPlot({
      id: 'level',
      title: `Density level of ${id}, ${inWords(range)}`,
      timesMs: level?.timesMs ?? [],
      layers: level === undefined ? [] : [{ name: id, values: total(level) }],
      kind: 'lines',
      marks,
      show: compact,
    })}${layerPlot({
      id: 'traffic',
      title: `Bytes that localised clients downloaded, in each step, ${inWords(range)}`,
      timesMs: (downloaded ?? foreign)?.timesMs ?? [],
      layers,
      kind: 'lines',
      marks,
      show: bytes,
    })}`,
  );
}
