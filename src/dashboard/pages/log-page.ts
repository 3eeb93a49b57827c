/** What operators, the catalogue and the caches did, and alarms: in one list, or each kind with its own columns and pages. */
import { z } from 'zod';
import { cacheLogAnswer } from '../../caches/api/controller-routes.js';
import { logAnswer } from '../../crawler/api/catalogue-routes.js';
import { html, type Insertable } from '../../markup/markup.js';
import { type AlarmDocument, alarmsAnswer } from '../../operation/api/alarm-routes.js';
import { type AuditAnswer, auditAnswer } from '../../operation/api/audit-routes.js';
import { link, linkTo } from '../frame/link.js';
import { type Field, search } from '../frame/parts.js';
import { nameLink, type Table, table } from '../frame/table.js';
import type { TimeRange } from '../frame/time-range.js';
import { durationMs, inWords } from '../frame/time-range.js';
import { type PageRequest, page } from '../page.js';
import { alarmBox, openAlarms } from './alarms.js';
import {
  LOG_KINDS,
  type LogEvent,
  type LogKind,
  mergedLog,
  ofActions,
  ofAlarms,
  ofCaches,
  ofCatalogue,
} from './log-view.js';

const PATH = '/log';
const ROWS = 100;
/** Of a kind that has no pages of its own. */
const MAX_ROWS = 500;
const LOG_CALLS = ['/api/v1/audit', '/api/v1/alarms', '/api/v1/catalogue/log', '/api/v1/caches/log'];

type Action = AuditAnswer['entries'][number];

const RESULTS = ['done', 'refused', 'failed'] as const;

const query = z.object({
  kind: z.enum(LOG_KINDS).optional().catch(undefined),
  action: z.string().max(60).optional(),
  actor: z.string().max(100).optional(),
  result: z.enum(RESULTS).optional().catch(undefined),
  before: z.coerce.number().int().min(0).optional().catch(undefined),
});
type Query = z.output<typeof query>;
type Request = PageRequest<Query, undefined>;

export const logPage = page({
  path: PATH,
  menu: PATH,
  hasRange: true,
  query,
  load: async (request) => {
    const { api, range } = request;
    const { list, older } = await (request.query.kind === 'operator'
      ? actionsOf(request)
      : request.query.kind === 'alarm'
        ? alarmsOf(request)
        : allOf(request));
    const here = hereOf(request);
    return {
      title: 'Log',
      tables: [list],
      body: html`<h2 id="alarms">Open alarms</h2>
${alarmBox(await openAlarms(api), api)}
<h2>${KINDS[request.query.kind ?? '']}, ${inWords(range)}</h2>
${search(PATH, filterFields(request.query), 'Filter', { range: here.range })}
${list.markup(PATH, { ...here, before: request.query.before })}
${older}`,
    };
  },
});

const KINDS = {
  '': 'Everything',
  operator: 'Operator actions',
  alarm: 'Alarms',
  catalogue: 'Catalogue',
  cache: 'Caches',
} as const;

interface List {
  readonly list: Table;
  /** Where older entries are. */
  readonly older: Insertable;
}

function hereOf({ query: { kind, action, actor, result }, range }: Request) {
  const texts = { action: action || undefined, actor: actor || undefined };
  return { kind, ...texts, result, range: range === '24h' ? undefined : range };
}

function fromMsOf({ nowMs, range }: Request): number {
  return nowMs - durationMs(range);
}

async function actionsOf(request: Request): Promise<List> {
  const { action, actor, result } = hereOf(request);
  const { before } = request.query;
  const from = new Date(fromMsOf(request)).toISOString();
  const query = { action, actor, result, from, before, limit: ROWS };
  const found = await request.api.get('/api/v1/audit', auditAnswer, { query });
  const next = found?.next ?? undefined;
  const href = link(PATH, { ...hereOf(request), before: next });
  return {
    list: request.api.table('/api/v1/audit', actionsTable(found?.entries ?? [])),
    older: next === undefined ? '' : html`<p class="pages"><a href="${href}">Older</a></p>`,
  };
}

async function alarmsOf(request: Request): Promise<List> {
  const { before } = request.query;
  const found = await request.api.get('/api/v1/alarms', alarmsAnswer, {
    query: { history: 'true', before, limit: ROWS },
  });
  const inTime = (found?.history ?? []).filter(
    ({ begunAt, endedAt }) => Date.parse(endedAt ?? begunAt) >= fromMsOf(request),
  );
  const next = found?.next ?? undefined;
  const href = link(PATH, { ...hereOf(request), before: next });
  return {
    list: request.api.table('/api/v1/alarms', alarmsTable(inTime)),
    older: next === undefined ? '' : html`<p class="pages"><a href="${href}">Older</a></p>`,
  };
}

/** The newest of each source, because each has its own pages. */
async function allOf(request: Request): Promise<List> {
  const { api, range, query } = request;
  const { kind, action, actor } = hereOf(request);
  const asks = (wanted: LogKind): boolean => kind === undefined || kind === wanted;
  const limit = kind === undefined ? ROWS : MAX_ROWS;
  const from = new Date(fromMsOf(request)).toISOString();
  const actions = asks('operator')
    ? await api.get('/api/v1/audit', auditAnswer, { query: { action, actor, result: query.result, from, limit } })
    : undefined;
  const alarms = asks('alarm')
    ? await api.get('/api/v1/alarms', alarmsAnswer, { query: { history: 'true', limit } })
    : undefined;
  const catalogue = asks('catalogue')
    ? await api.get('/api/v1/catalogue/log', logAnswer, { query: { limit } })
    : undefined;
  const caches = asks('cache') ? await api.get('/api/v1/caches/log', cacheLogAnswer, { query: { limit } }) : undefined;
  const events = mergedLog(
    [
      ...ofActions(actions?.entries ?? []),
      ...ofAlarms(alarms?.history ?? []),
      ...ofCatalogue(catalogue?.entries ?? []),
      ...ofCaches(caches?.entries ?? []),
    ],
    { kind, action, actor },
    fromMsOf(request),
  );
  const shown = events.slice(0, limit);
  const isCut = shown.length < events.length || [actions?.next, alarms?.next].some((next) => next != null);
  return {
    list: api.table(LOG_CALLS, eventsTable(shown, range)),
    older: isCut ? html`<p class="soft">These are the newest. Choose a kind for older ones.</p>` : '',
  };
}

function filterFields({ kind, action, actor, result }: Query): Field[] {
  const kinds = [['', 'all'], ...LOG_KINDS.map((each) => [each, KINDS[each]] as const)] as const;
  const common: Field[] = [
    { name: 'kind', label: 'Kind', value: kind ?? '', options: kinds },
    { name: 'action', label: 'Action', value: action ?? '' },
    { name: 'actor', label: 'By', value: actor ?? '' },
  ];
  if (kind !== 'operator') return kind === 'alarm' ? common.slice(0, 1) : common;
  const results = [['', 'all'], ...RESULTS.map((each) => [each, each] as const)] as const;
  return [...common, { name: 'result', label: 'Result', value: result ?? '', options: results }];
}

function eventsTable(rows: readonly LogEvent[], range: TimeRange): Table {
  return table({
    id: 'log',
    caption: 'What happened, the latest first',
    rows,
    rowKey: ({ atMs, kind, action, subject }) => `${atMs} ${kind} ${action} ${subject ?? ''}`,
    empty: 'Nothing in this time.',
    columns: [
      { key: 'at', label: 'at', value: ({ atMs }) => new Date(atMs).toISOString() },
      { key: 'kind', label: 'kind', value: ({ kind }) => kind },
      { key: 'action', label: 'action', value: ({ action }) => action },
      {
        key: 'subject',
        label: 'subject',
        value: ({ subject }) => subject,
        show: ({ subject, infoHash }) =>
          infoHash === undefined || subject === null
            ? (subject ?? '–')
            : nameLink(linkTo(`/torrents/${infoHash}`, range), subject),
      },
      { key: 'actor', label: 'by', value: ({ actor }) => actor },
      { key: 'details', label: 'details', value: ({ details }) => details },
    ],
  });
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
