/** One probe: its state in a sentence, what it sent, what was quarantined and why, and how to set it up. */
import { z } from 'zod';
import { html } from '../../markup/markup.js';
import { type ProbeDocument, probesAnswer } from '../../reports/api/answer-schemas.js';
import { tokensAnswer } from '../api-routes.js';
import { form } from '../forms.js';
import { cell } from '../frame/cells.js';
import { linkTo } from '../frame/link.js';
import { facts } from '../frame/parts.js';
import { ago, bitRate, bytes, compact, known } from '../frame/show.js';
import { type Table, table } from '../frame/table.js';
import { page } from '../page.js';
import { setUpLines, skewInWords, stateInWords } from './probe-view.js';

export const probePage = page({
  path: '/probes/{probe}',
  menu: '/probes',
  params: z.object({ probe: z.string().max(200) }),
  load: async ({ api, params, range, nowMs, viewer, origin }) => {
    const all = (await api.get('/api/v1/probes', probesAnswer))?.probes ?? [];
    const probe = all.find((each) => each.probe === params.probe);
    if (probe === undefined) return undefined;
    const path = `/probes/${encodeURIComponent(probe.probe)}`;
    const quarantined = quarantinedTable(probe.quarantinedValues, nowMs);
    const { tone, text } = stateInWords(probe, nowMs);
    const stored = (await api.get('/api/v1/tokens', tokensAnswer))?.tokens ?? [];
    const own = api.table(
      '/api/v1/tokens',
      table({
        id: 'tokens',
        caption: 'Tokens of this probe that the command line made',
        rows: stored.filter(({ kind, subject }) => kind === 'probe' && subject === probe.probe),
        rowKey: ({ id }) => id,
        empty: 'The command line has made none; the configuration may have one.',
        columns: [
          { key: 'id', label: 'id', value: ({ id }) => id },
          { key: 'created', label: 'made', value: ({ created }) => created },
          {
            key: 'revoked',
            label: 'revoked',
            value: ({ revoked }) => revoked,
            tone: ({ revoked }) => (revoked === null ? undefined : 'bad'),
          },
        ],
      }),
    );
    const alarms = table({
      id: 'alarms',
      caption: 'Alarms of this probe, now',
      rows: probe.alarms,
      rowKey: ({ kind }) => kind,
      empty: 'It has no alarms.',
      columns: [
        { key: 'kind', label: 'alarm', value: ({ kind }) => kind },
        { key: 'detail', label: 'what was found, and what it is judged by', value: ({ detail }) => detail },
        { key: 'subdomains', label: 'sub-domains', value: ({ subdomains }) => subdomains.join(', ') },
      ],
    });
    return {
      title: `Probe ${probe.probe}`,
      tables: [alarms, quarantined, own],
      body: html`${cell('p', 'state', text, { class: `card ${tone}` })}
${facts('probe', [
  [
    'reports on',
    html`${probe.subdomains.map((id, i) => html`${i === 0 ? '' : ', '}<a href="${linkTo(`/subdomains/${encodeURIComponent(id)}`, range)}">${id}</a>`)}`,
  ],
  ['last report', known(probe.lastReceived, (at) => ago(Date.parse(at), nowMs))],
  ['clock', skewInWords(probe.clockSkewMs)],
  ['highest sequence', known(probe.highestSequence, String)],
  ['values accepted', compact(probe.accepted)],
  ['repeated', compact(probe.duplicates)],
  ['values quarantined', compact(probe.quarantined)],
])}
<h2>Alarms</h2>
${alarms.markup(path, {})}
${probe.alarms.some(({ kind }) => kind === 'implausible') ? form({ action: 'release', back: path, fields: { probe: probe.probe }, button: 'Accept its next value', tone: 'second' }, viewer, api) : ''}
<h2>Quarantined values</h2>
${quarantined.markup(path, {})}
<h2>Tokens</h2>
${own.markup(path, {})}
<h2>Set it up</h2>
<p>On this machine, make a token. Then report with it from the probe:</p>
<pre>${setUpLines(probe.probe, probe.subdomains, origin).join('\n')}</pre>
<p class="soft"><code>alias-tracker report density --help</code> shows how to report from a collector, and at intervals.</p>
<p class="links"><a href="${linkTo('/probes', range)}">All probes</a></p>`,
    };
  },
});

function quarantinedTable(rows: ProbeDocument['quarantinedValues'], nowMs: number): Table {
  const rate = (value: number | null, users: number | null): string =>
    known(value, (each) => `${bitRate(each)}${users === null ? '' : ' a user'}`);
  return table({
    id: 'quarantined',
    caption: 'The newest value of each sub-domain that is quarantined, and what it is judged by',
    rows,
    rowKey: ({ subdomain }) => subdomain,
    empty: 'The newest values are credible.',
    columns: [
      { key: 'subdomain', label: 'sub-domain', value: ({ subdomain }) => subdomain },
      { key: 'bytes', label: 'reported', numeric: true, value: (row) => row.bytes, show: (row) => bytes(row.bytes) },
      {
        key: 'users',
        label: 'users',
        numeric: true,
        value: ({ users }) => users,
        show: ({ users }) => known(users, compact),
      },
      {
        key: 'usual',
        label: 'median of recent values',
        numeric: true,
        value: ({ judgedBy }) => judgedBy.usual,
        show: ({ judgedBy, users }) => rate(judgedBy.usual, users),
      },
      {
        key: 'meanOfDay',
        label: 'mean of a day',
        numeric: true,
        value: ({ judgedBy }) => judgedBy.meanOfDay,
        show: ({ judgedBy, users }) => rate(judgedBy.meanOfDay, users),
      },
      { key: 'reason', label: 'why', value: ({ reason }) => reason },
      { key: 'inRow', label: 'in a row', numeric: true, value: ({ inRow }) => inRow },
      {
        key: 'receivedAt',
        label: 'received',
        value: ({ receivedAt }) => receivedAt,
        show: ({ receivedAt }) => ago(Date.parse(receivedAt), nowMs),
      },
    ],
  });
}
