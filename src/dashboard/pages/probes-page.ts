/** All probes, those with alarms first. */
import { z } from 'zod';
import { html } from '../../markup/markup.js';
import { type ProbeDocument, probesAnswer } from '../../reports/api/answer-schemas.js';
import { linkTo } from '../frame/link.js';
import { pageLinks, search } from '../frame/parts.js';
import { ago, compact, known } from '../frame/show.js';
import { nameLink, type Table, table } from '../frame/table.js';
import type { TimeRange } from '../frame/time-range.js';
import { page } from '../page.js';
import { skewInWords, stateInWords } from './probe-view.js';

const PATH = '/probes';
const ROWS = 100;

export const probesPage = page({
  path: PATH,
  menu: PATH,
  query: z.object({
    q: z.string().max(200).optional(),
    page: z.coerce.number().int().min(1).optional().catch(undefined),
  }),
  load: async ({ api, query, range, nowMs }) => {
    const { q = '', page: number = 1 } = query;
    const all = (await api.get('/api/v1/probes', probesAnswer))?.probes ?? [];
    const found = all
      .filter(({ probe, subdomains }) =>
        [probe, ...subdomains].some((text) => text.toLowerCase().includes(q.toLowerCase())),
      )
      .sort((a, b) => b.alarms.length - a.alarms.length);
    const here = { q: q || undefined, range: range === '24h' ? undefined : range };
    const rows = found.slice((number - 1) * ROWS, number * ROWS);
    const list = api.table('/api/v1/probes', probeTable(rows, range, nowMs));
    return {
      title: 'Probes',
      tables: [list],
      body: html`${search(PATH, [{ name: 'q', label: 'Part of the name of a probe or a sub-domain', value: q }], 'Search', { range: here.range })}
${api.box('/api/v1/probes', html`<p>${compact(found.length)} probes, ${compact(found.filter(({ alarms }) => alarms.length > 0).length)} of them with alarms.</p>`)}
${list.markup(PATH, { ...here, page: number === 1 ? undefined : number })}
${pageLinks(PATH, here, number, Math.ceil(found.length / ROWS))}`,
    };
  },
});

export function probeTable(rows: readonly ProbeDocument[], range: TimeRange, nowMs: number): Table {
  return table({
    id: 'probes',
    caption: 'Probes, now, those with alarms first',
    rows,
    rowKey: ({ probe }) => probe,
    empty: 'The configuration names no probes, and none has a token.',
    columns: [
      {
        key: 'probe',
        label: 'probe',
        value: ({ probe }) => probe,
        show: ({ probe }) => nameLink(linkTo(`${PATH}/${encodeURIComponent(probe)}`, range), probe),
      },
      {
        key: 'state',
        label: 'state',
        value: (probe) => stateInWords(probe, nowMs).text,
        tone: (probe) => stateInWords(probe, nowMs).tone,
      },
      { key: 'subdomains', label: 'reports on', value: ({ subdomains }) => subdomains.join(', ') },
      {
        key: 'lastReceived',
        label: 'last report',
        value: ({ lastReceived }) => lastReceived,
        show: ({ lastReceived }) => known(lastReceived, (at) => ago(Date.parse(at), nowMs)),
      },
      {
        key: 'clockSkewMs',
        label: 'clock',
        value: ({ clockSkewMs }) => clockSkewMs,
        show: ({ clockSkewMs }) => skewInWords(clockSkewMs),
      },
      {
        key: 'quarantined',
        label: 'quarantined',
        numeric: true,
        value: ({ quarantined }) => quarantined,
        hint: 'values, since its first report',
      },
    ],
  });
}
