/** One sub-domain: its density against the same weekday, why it counts as it does, and its probes. */
import { z } from 'zod';
import { html } from '../../markup/markup.js';
import * as answers from '../answers.js';
import { cell } from '../frame/cells.js';
import { linkTo } from '../frame/link.js';
import { facts } from '../frame/parts.js';
import { layerPlot } from '../frame/plot.js';
import { bitRate, compact, duration, known } from '../frame/show.js';
import { table } from '../frame/table.js';
import { durationMs, inWords } from '../frame/time-range.js';
import { page } from '../page.js';
import { probeTable } from './probes-page.js';
import { comparisonInWords, plotValues, usualRate, weightInWords } from './subdomains-view.js';

/** The weeks before that the same weekday is compared with. */
const WEEKS = 4;
const WEEK_MS = 7 * 86_400_000;

export const subdomainPage = page({
  path: '/subdomains/{id}',
  menu: '/subdomains',
  hasRange: true,
  params: z.object({ id: z.string().max(200) }),
  load: async ({ api, params: { id }, range, nowMs }) => {
    const since = new Date(nowMs - Math.max(durationMs(range), WEEKS * WEEK_MS)).toISOString();
    const answer = await api.get('/api/v1/density', answers.density, { query: { subdomain: id, since } });
    const [now] = answer?.subdomains ?? [];
    const history = answer?.history ?? [];
    const probes = ((await api.get('/api/v1/probes', answers.probes))?.probes ?? []).filter(({ subdomains }) =>
      subdomains.includes(id),
    );
    if (now === undefined && probes.length === 0 && history.length === 0) return undefined;
    const { timesMs, values } = plotValues(history, nowMs - durationMs(range));
    const path = `/subdomains/${encodeURIComponent(id)}`;
    const ofProbes = probeTable(probes, range, nowMs);
    const recorded = table({
      id: 'history',
      caption: `Density of ${id}, ${inWords(range)}`,
      rows: history.filter(({ start }) => Date.parse(start) >= nowMs - durationMs(range)).slice(-500),
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
    return {
      title: `Sub-domain ${id}`,
      tables: [ofProbes, recorded],
      body: html`${cell('p', 'comparison', comparisonInWords(now?.bytesPerUserPerSecond, usualRate(history, nowMs)), { class: 'card' })}
${cell('p', 'weight', weightInWords(now, probes))}
${facts('subdomain', [
  ['traffic, now', known(now?.bytesPerSecond, bitRate)],
  ['users', known(now?.users, compact)],
  ['users counted by', now?.usersFrom ?? 'nobody'],
  ['a period lasts', known(now?.periodSeconds, duration)],
])}
${layerPlot({ id: 'density', title: `Traffic of a user, ${inWords(range)}`, timesMs, layers: [{ name: id, values }], kind: 'lines', marks: [], show: bitRate })}
<h2>Probes</h2>
${ofProbes.markup(path, { range })}
<h2>History</h2>
<details><summary>Values, ${inWords(range)}</summary>${recorded.markup(path, { range })}</details>
<p class="links"><a href="${linkTo('/subdomains', range)}">All sub-domains</a></p>`,
    };
  },
});
