/** One torrent: its swarm by network, its gateways, who else was asked for peers, and why a client gets which. */
import { z } from 'zod';
import { infoHash } from '../../control-api/field-schemas.js';
import { torrentAnswer } from '../../crawler/api/catalogue-routes.js';
import { html } from '../../markup/markup.js';
import { savingsAnswer } from '../../savings/api/savings-answer.js';
import { type SwarmAnswer, swarmAnswer } from '../../tracker/api/answer-schemas.js';
import { originalsAnswer } from '../../upstream/api/original-routes.js';
import { linkTo } from '../frame/link.js';
import { facts, search } from '../frame/parts.js';
import { bytes, compact, duration, instant, known, UNKNOWN } from '../frame/show.js';
import { type Table, table } from '../frame/table.js';
import { inWords, type TimeRange } from '../frame/time-range.js';
import { page } from '../page.js';
import type { PageCalls } from '../page-calls.js';
import { savingsInput } from './savings-view.js';
import { torrentDuesTable } from './upstream-tables.js';

/** Lists of one torrent; the API has all. */
const GROUPS_SHOWN = 200;

const SWARM = '/api/v1/swarms/{infoHash}';
const CATALOGUE = '/api/v1/catalogue/torrents/{infoHash}';

export const torrentPage = page({
  path: '/torrents/{infoHash}',
  menu: '/torrents',
  hasRange: true,
  params: z.object({ infoHash }),
  load: async ({ api, params, range, nowMs }) => {
    const hash = params.infoHash.toLowerCase();
    const found = await api.get(SWARM, swarmAnswer, { params: { infoHash: hash } });
    const entry = await api.get(CATALOGUE, torrentAnswer, {
      params: { infoHash: hash },
    });
    if (found === undefined && entry === undefined) return undefined;
    const path = `/torrents/${hash}`;
    const asked = await api.get('/api/v1/upstream/originals', originalsAnswer, { query: { infoHash: hash } });
    const tables = [
      api.table(SWARM, groupsTable(found)),
      api.table(SWARM, importedTable(found)),
      api.table('/api/v1/upstream/originals', torrentDuesTable(asked?.torrent?.trackers ?? [])),
    ];
    const none = api.failureOf(SWARM) === undefined ? '0' : UNKNOWN;
    const [groups, imported, dues] = tables.map((each) => each.markup(path, {}));
    return {
      title: entry?.title ?? entry?.name ?? `Torrent ${hash}`,
      tables,
      body: html`${facts('torrent', [
        ['info-hash', html`<code>${hash}</code>`],
        ['size', known(entry?.totalBytes, bytes)],
        ['source', entry?.source ?? (api.failureOf(CATALOGUE) === undefined ? 'not in the catalogue' : UNKNOWN)],
        ['added', known(entry?.firstSeenMs, instant)],
        [
          'seeds and leechers inside, now',
          found === undefined ? none : `${found.inner.seeds} and ${found.inner.leechers}`,
        ],
        ['seeds and leechers, now', found === undefined ? none : `${found.seeds} and ${found.leechers}`],
        [
          'gateways now',
          found === undefined ? none : `${found.foreign.gateways} of ${found.foreign.gatewaysWanted} wanted`,
        ],
        ['foreign peers given, at most', found === undefined ? none : compact(found.foreign.peersMax)],
        ['completed inside, since the start', found === undefined ? none : compact(found.completedInner)],
        [
          `copies that entered in ${inWords(range)}, estimated`,
          await copiesEntered(api, hash, entry?.totalBytes, { range, nowMs }),
        ],
      ])}
<h2>Why does a client get these peers?</h2>
${search('/explain', [{ name: 'ip', label: 'Address of the client', value: '', isRequired: true }], 'Explain', { infoHash: hash, range: range === '24h' ? undefined : range })}
<h2>Swarm by network</h2>
${groups!}
<h2>Imported peers</h2>
${imported!}
<h2>Original trackers</h2>
${dues!}
${entry === undefined || entry.explanation.length === 0 ? '' : html`<h2>Rank</h2><ul>${entry.explanation.map((sentence) => html`<li>${sentence}</li>`)}</ul>`}
<p class="links"><a href="${linkTo('/torrents', range)}">All torrents</a> · <a href="/api/v1/swarms/${hash}">Swarm as JSON</a> · <a href="/api/v1/catalogue/torrents/${hash}">Catalogue entry as JSON</a></p>`,
    };
  },
});

interface SavingsSpan {
  readonly range: TimeRange;
  readonly nowMs: number;
}

/** What came from outside within the time range, in copies of the torrent. */
async function copiesEntered(
  api: PageCalls,
  hash: string,
  size: number | undefined,
  span: SavingsSpan,
): Promise<string> {
  const input = savingsInput(span.range, span.nowMs);
  const found = await api.get('/api/v1/savings', savingsAnswer, input);
  const row = found?.torrents.find(({ name }) => name === hash);
  if (api.failureOf('/api/v1/savings') !== undefined) return UNKNOWN;
  if (row === undefined || size === undefined || size === 0) return 'not measured';
  return (row.foreignBytes / size).toFixed(1);
}

function groupsTable(found: SwarmAnswer | undefined): Table {
  return table({
    id: 'groups',
    caption: 'Peers by network, now',
    rows: (found?.groups ?? []).slice(0, GROUPS_SHOWN),
    rowKey: ({ group, asn }) => `${group} ${asn}`,
    empty: 'Nobody announces this torrent now.',
    columns: [
      { key: 'group', label: 'network', value: ({ group }) => group },
      { key: 'asn', label: 'AS', numeric: true, value: ({ asn }) => asn },
      { key: 'kind', label: 'kind', value: ({ kind }) => kind },
      { key: 'seeds', label: 'seeds', numeric: true, value: ({ seeds }) => seeds },
      { key: 'leechers', label: 'leechers', numeric: true, value: ({ leechers }) => leechers },
      { key: 'imported', label: 'imported', numeric: true, value: ({ upstreamPeers }) => upstreamPeers },
    ],
  });
}

function importedTable(found: SwarmAnswer | undefined): Table {
  return table({
    id: 'imported',
    caption: 'Peers that others have named',
    rows: found?.imported ?? [],
    rowKey: ({ origin }) => origin ?? '',
    empty: 'Nobody has named peers of this torrent.',
    columns: [
      { key: 'origin', label: 'named by', value: ({ origin }) => origin ?? 'not known' },
      { key: 'peers', label: 'peers', numeric: true, value: ({ peers }) => peers },
      {
        key: 'failed',
        label: 'failed',
        numeric: true,
        value: ({ failed }) => failed,
        hint: 'a gateway was given them and received nothing',
      },
      {
        key: 'expiresInSeconds',
        label: 'the last expires in',
        numeric: true,
        value: ({ expiresInSeconds }) => expiresInSeconds,
        show: ({ expiresInSeconds }) => duration(expiresInSeconds),
      },
    ],
  });
}
