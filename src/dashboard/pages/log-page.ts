/** What operators did, what the catalogue published and withdrew, and the alarms that are open. */
import { z } from 'zod';
import { logAnswer } from '../../crawler/api/catalogue-routes.js';
import { html } from '../../markup/markup.js';
import { type AlarmDocument, alarmsAnswer } from '../../operation/api/alarm-routes.js';
import { type AuditAnswer, auditAnswer } from '../../operation/api/audit-routes.js';
import { link, linkTo } from '../frame/link.js';
import { type Field, search } from '../frame/parts.js';
import { nameLink, type Table, table } from '../frame/table.js';
import type { TimeRange } from '../frame/time-range.js';
import { durationMs, inWords } from '../frame/time-range.js';
import { page } from '../page.js';
import { alarmBox, openAlarms } from './alarms.js';

const PATH = '/log';
const ROWS = 100;

type Action = AuditAnswer['entries'][number];
type Published = z.output<typeof logAnswer>['entries'][number];

const RESULTS = ['done', 'refused', 'failed'] as const;

const query = z.object({
  action: z.string().max(60).optional(),
  actor: z.string().max(100).optional(),
  result: z.enum(RESULTS).optional().catch(undefined),
  before: z.coerce.number().int().min(0).optional().catch(undefined),
});

export const logPage = page({
  path: PATH,
  menu: PATH,
  hasRange: true,
  query,
  load: async ({ api, query, range, nowMs }) => {
    const { before } = query;
    const filter = { action: query.action || undefined, actor: query.actor || undefined, result: query.result };
    const from = new Date(nowMs - durationMs(range)).toISOString();
    const found = await api.get('/api/v1/audit', auditAnswer, { query: { ...filter, from, before, limit: ROWS } });
    const log = await api.get('/api/v1/catalogue/log', logAnswer, { query: { limit: ROWS } });
    const here = { ...filter, range: range === '24h' ? undefined : range };
    const past = await api.get('/api/v1/alarms', alarmsAnswer, { query: { history: 'true', limit: ROWS } });
    const actions = api.table('/api/v1/audit', actionsTable(found?.entries ?? []));
    const ended = (past?.history ?? []).filter(
      ({ begunAt, endedAt }) => Date.parse(endedAt ?? begunAt) >= Date.parse(from),
    );
    const history = api.table('/api/v1/alarms', alarmsTable(ended));
    const changes = (log?.entries ?? []).filter(({ atMs }) => atMs >= nowMs - durationMs(range));
    const catalogue = api.table('/api/v1/catalogue/log', catalogueTable(changes, range));
    const next = found?.next ?? undefined;
    return {
      title: 'Log',
      tables: [actions, history, catalogue],
      body: html`<h2 id="alarms">Open alarms</h2>
${alarmBox(await openAlarms(api), api)}
<h2>Operator actions, ${inWords(range)}</h2>
${search(PATH, filterFields(filter), 'Filter', { range: here.range })}
${actions.markup(PATH, { ...here, before })}
${next === undefined ? '' : html`<p class="pages"><a href="${link(PATH, { ...here, before: next })}">Older</a></p>`}
<h2>Alarms, ${inWords(range)}</h2>
${history.markup(PATH, here)}
<h2>Catalogue, ${inWords(range)}</h2>
${catalogue.markup(PATH, here)}`,
    };
  },
});

function filterFields(filter: {
  action: string | undefined;
  actor: string | undefined;
  result: string | undefined;
}): Field[] {
  return [
    { name: 'action', label: 'Action', value: filter.action ?? '' },
    { name: 'actor', label: 'Operator', value: filter.actor ?? '' },
    {
      name: 'result',
      label: 'Result',
      value: filter.result ?? '',
      options: [['', 'all'], ...RESULTS.map((each) => [each, each] as const)],
    },
  ];
}

function actionsTable(rows: readonly Action[]): Table {
  return table({
    id: 'actions',
    caption: 'What operators changed, the latest first',
    rows,
    rowKey: ({ id }) => String(id),
    empty: 'Nobody has changed anything in this time.',
    columns: [
      { key: 'at', label: 'at', value: ({ at }) => at },
      { key: 'actor', label: 'operator', value: ({ actor }) => actor },
      {
        key: 'address',
        label: 'from',
        value: ({ address }) => address,
        show: ({ address }) => address ?? 'command line',
      },
      { key: 'action', label: 'action', value: (row) => row.action },
      { key: 'subject', label: 'subject', value: ({ subject }) => subject },
      {
        key: 'result',
        label: 'result',
        value: ({ result }) => result,
        tone: ({ result }) => (result === 'done' ? 'good' : result === 'failed' ? 'bad' : 'warn'),
      },
      {
        key: 'details',
        label: 'details',
        value: ({ details }) => (Object.keys(details).length === 0 ? null : JSON.stringify(details)),
      },
    ],
  });
}

function alarmsTable(rows: readonly AlarmDocument[]): Table {
  return table({
    id: 'alarms',
    caption: 'Open and past alarms, the latest first',
    rows,
    rowKey: ({ id, subject, begunAt }) => `${id} ${subject ?? ''} ${begunAt}`,
    empty: 'No alarm in this time.',
    columns: [
      { key: 'begunAt', label: 'from', value: ({ begunAt }) => begunAt },
      { key: 'endedAt', label: 'until', value: ({ endedAt }) => endedAt, show: ({ endedAt }) => endedAt ?? 'open' },
      { key: 'id', label: 'kind', value: ({ id }) => id },
      {
        key: 'severity',
        label: 'severity',
        value: ({ severity }) => severity,
        tone: ({ severity }) => (severity === 'critical' ? 'bad' : 'warn'),
      },
      { key: 'subject', label: 'what', value: ({ subject }) => subject },
      { key: 'text', label: 'text', value: ({ text }) => text },
      { key: 'remedy', label: 'what to do', value: ({ remedy }) => remedy },
    ],
  });
}

function catalogueTable(rows: readonly Published[], range: TimeRange): Table {
  return table({
    id: 'catalogue-log',
    caption: 'What the mirror site has published, changed and withdrawn',
    rows,
    rowKey: ({ atMs, infoHash, action: what }) => `${atMs} ${infoHash} ${what}`,
    empty: 'Nothing in this time.',
    columns: [
      {
        key: 'name',
        label: 'torrent',
        value: ({ name }) => name,
        show: ({ name, infoHash }) => nameLink(linkTo(`/torrents/${infoHash}`, range), name),
      },
      { key: 'at', label: 'at', value: ({ atMs }) => new Date(atMs).toISOString() },
      { key: 'action', label: 'action', value: (row) => row.action },
      { key: 'actor', label: 'by', value: ({ actor }) => actor },
      { key: 'source', label: 'source', value: ({ source }) => source ?? null },
    ],
  });
}
