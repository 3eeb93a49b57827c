/** The original trackers that are asked for foreign peers, and the operator's caches. */
import { z } from 'zod';
import { type CacheStatus, cachesAnswer } from '../../caches/api/cache-routes.js';
import {
  type CacheLogLine,
  type CacheTorrent,
  cacheLogAnswer,
  cacheTorrentsAnswer,
} from '../../caches/api/controller-routes.js';
import { html } from '../../markup/markup.js';
import { originalsAnswer } from '../../upstream/api/original-routes.js';
import { form } from '../forms.js';
import { linkTo } from '../frame/link.js';
import { pageLinks } from '../frame/parts.js';
import { bytes, compact, known } from '../frame/show.js';
import { nameLink, type Table, table } from '../frame/table.js';
import type { TimeRange } from '../frame/time-range.js';
import { page } from '../page.js';
import { originalsTable } from './upstream-tables.js';

const PATH = '/upstream';
const ROWS = 50;
const HELD_SHOWN = 100;
const LOG_SHOWN = 50;

export const upstreamPage = page({
  path: PATH,
  menu: PATH,
  query: z.object({ page: z.coerce.number().int().min(1).optional().catch(undefined) }),
  load: async ({ api, query, range, viewer }) => {
    const number = query.page ?? 1;
    const asked = await api.get('/api/v1/upstream/originals', originalsAnswer, {
      query: { limit: ROWS, offset: (number - 1) * ROWS },
    });
    const listed = (await api.get('/api/v1/caches', cachesAnswer))?.caches ?? [];
    const holds =
      listed.length === 0
        ? undefined
        : await api.get('/api/v1/caches/torrents', cacheTorrentsAnswer, { query: { limit: HELD_SHOWN } });
    const log =
      listed.length === 0
        ? undefined
        : await api.get('/api/v1/caches/log', cacheLogAnswer, { query: { limit: LOG_SHOWN } });
    const originalsSentence = api.box(
      '/api/v1/upstream/originals',
      asked === undefined
        ? html`<p class="soft">The exchange with original trackers is switched off.</p>`
        : html`<p>${compact(asked.total)} original trackers; ${compact(asked.torrentsInNeed)} torrents need peers of them now.</p>`,
    );
    const here = { range: range === '24h' ? undefined : range };
    const tables = [
      api.table('/api/v1/upstream/originals', originalsTable(asked?.originals ?? [])),
      api.table('/api/v1/caches', cachesTable(listed)),
      api.table(['/api/v1/caches', '/api/v1/caches/torrents'], heldTable(holds?.torrents ?? [], range)),
      api.table(['/api/v1/caches', '/api/v1/caches/log'], logTable(log?.entries ?? [])),
    ];
    const [ofOriginals, ofCaches, ofHeld, ofLog] = tables.map((each) => each.markup(PATH, here));
    const drains = listed.map(({ name, drained }) =>
      drained
        ? form({ action: 'put-back-cache', back: PATH, fields: { name }, button: `Put ${name} back` }, viewer, api)
        : form(
            { action: 'drain-cache', back: PATH, fields: { name }, button: `Take ${name} out`, tone: 'second' },
            viewer,
            api,
          ),
    );
    return {
      title: 'Upstream and caches',
      tables,
      body: html`<h2>Original trackers</h2>
${originalsSentence}
${asked === undefined ? '' : ofOriginals!}
${pageLinks(PATH, here, number, Math.ceil((asked?.total ?? 0) / ROWS))}
<h2>Caches</h2>
${ofCaches!}
${drains}
<h2>What they hold, or should hold</h2>
${ofHeld!}
<h2>Fills and other work</h2>
${ofLog!}`,
    };
  },
});

function cachesTable(rows: readonly CacheStatus[]): Table {
  return table({
    id: 'caches',
    caption: 'Caches, as of the last answer of each',
    rows,
    rowKey: ({ name }) => name,
    empty: 'The configuration names no caches.',
    columns: [
      { key: 'name', label: 'cache', value: ({ name }) => name },
      {
        key: 'health',
        label: 'health',
        value: ({ health }) => health,
        tone: ({ health }) => (health === 'up' ? 'good' : health === 'down' ? 'bad' : 'soft'),
      },
      {
        key: 'drained',
        label: 'taken out',
        value: ({ drained }) => drained,
        tone: ({ drained }) => (drained ? 'warn' : undefined),
      },
      { key: 'client', label: 'client', value: ({ client, kind }) => client ?? kind },
      { key: 'serving', label: 'serving', numeric: true, value: ({ torrents }) => torrents.serving },
      { key: 'filling', label: 'filling', numeric: true, value: ({ torrents }) => torrents.filling },
      {
        key: 'failed',
        label: 'failed',
        numeric: true,
        value: ({ torrents }) => torrents.failed,
        tone: ({ torrents }) => (torrents.failed > 0 ? 'bad' : undefined),
      },
      {
        key: 'heldBytes',
        label: 'held',
        numeric: true,
        value: ({ heldBytes }) => heldBytes,
        show: ({ heldBytes, quotaBytes }) => `${bytes(heldBytes)} of ${bytes(quotaBytes)}`,
      },
      {
        key: 'uploadedBytes',
        label: 'served',
        numeric: true,
        value: ({ uploadedBytes }) => uploadedBytes,
        show: ({ uploadedBytes }) => bytes(uploadedBytes),
      },
      {
        key: 'downloadedBytes',
        label: 'fetched',
        numeric: true,
        value: ({ downloadedBytes }) => downloadedBytes,
        show: ({ downloadedBytes }) => bytes(downloadedBytes),
      },
      {
        key: 'mayFetch',
        label: 'now',
        value: ({ window }) => window.open,
        show: ({ window }) => (window.open ? 'may fetch' : 'serves only'),
      },
      { key: 'error', label: 'last error', value: ({ error }) => error },
    ],
  });
}

function heldTable(rows: readonly CacheTorrent[], range: TimeRange): Table {
  return table({
    id: 'held',
    caption: 'Torrents of the caches, the highest demand first',
    rows,
    rowKey: ({ cache: name, infoHash }) => `${name} ${infoHash}`,
    empty: 'The caches hold nothing.',
    columns: [
      {
        key: 'name',
        label: 'torrent',
        value: ({ name }) => name,
        show: ({ name, infoHash }) => nameLink(linkTo(`/torrents/${infoHash}`, range), name),
      },
      { key: 'cache', label: 'cache', value: ({ cache: name }) => name },
      { key: 'state', label: 'state', value: ({ state }) => state, show: ({ state }) => known(state, String) },
      {
        key: 'haveBytes',
        label: 'held',
        numeric: true,
        value: ({ haveBytes }) => haveBytes,
        show: (row) => `${bytes(row.haveBytes)} of ${bytes(row.bytes)}`,
      },
      {
        key: 'savingPerDay',
        label: 'expected saving a day',
        numeric: true,
        value: ({ savingPerDay }) => savingPerDay,
        show: ({ savingPerDay, currency }) => `${savingPerDay.toFixed(2)} ${currency}`,
      },
      { key: 'why', label: 'why', value: ({ why }) => why },
    ],
  });
}

function logTable(rows: readonly CacheLogLine[]): Table {
  return table({
    id: 'cache-log',
    caption: 'What was done to the caches, the latest first',
    rows,
    rowKey: ({ at, cache: name, action, name: torrent }) => `${at} ${name} ${action} ${torrent ?? ''}`,
    empty: 'Nothing was done yet.',
    columns: [
      { key: 'at', label: 'at', value: ({ at }) => at },
      { key: 'cache', label: 'cache', value: ({ cache: name }) => name },
      { key: 'action', label: 'what', value: ({ action }) => action },
      { key: 'name', label: 'torrent', value: ({ name }) => name },
      { key: 'reason', label: 'why', value: ({ reason }) => reason },
      { key: 'actor', label: 'by', value: ({ actor }) => actor },
    ],
  });
}
