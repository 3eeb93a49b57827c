/** The redirected names: their answers, state and reason, the questions about them, and what a client would get. */
import { z } from 'zod';
import { queriesAnswer } from '../../dns-redirect/api/query-routes.js';
import { redirectionsAnswer, testAnswer } from '../../dns-redirect/api/redirection-routes.js';
import { rpzAnswer } from '../../dns-redirect/rpz/api/rpz-routes.js';
import { ClientError } from '../../domain/errors.js';
import { html, type Insertable } from '../../markup/markup.js';
import { pageLinks, search } from '../frame/parts.js';
import { compact } from '../frame/show.js';
import { type Table, table } from '../frame/table.js';
import { page } from '../page.js';
import type { PageCalls } from '../page-calls.js';
import { operationBox } from './operation-box.js';

const PATH = '/redirection';
const ROWS = 100;
/** A name may have several addresses with several ports each; the API has all. */
const CHECKS_SHOWN = 500;

type Redirection = z.output<typeof redirectionsAnswer>['redirections'][number];
type Counted = z.output<typeof queriesAnswer>['names'][number];

const REASONS: Readonly<Record<string, string>> = {
  'not-listed': 'this name is not redirected',
  client: 'this client is not one of those that are redirected',
  percent: 'dnsRedirect.percent does not choose this client',
  paused: 'an operator has paused the redirection, or drains the tracker',
  schedule: 'no period of dnsRedirect.schedule covers this time',
  withdrawn: 'no target of the name serves its users now',
  shadow: 'shadow mode only counts what would be redirected',
};

export const redirectionPage = page({
  path: PATH,
  menu: PATH,
  query: z.object({
    name: z.string().max(255).optional(),
    client: z.string().max(60).optional(),
    page: z.coerce.number().int().min(1).optional().catch(undefined),
  }),
  load: async ({ api, query, range, viewer, nowMs }) => {
    const found = await api.get('/api/v1/redirections', redirectionsAnswer);
    const { name = '', client = '', page: number = 1 } = query;
    if (found === undefined) {
      return {
        title: 'Redirection',
        tables: [],
        body: api.box(
          '/api/v1/redirections',
          html`<p class="soft">The DNS redirection is switched off: the configuration has no section <code>dnsRedirect</code>.</p>`,
        ),
      };
    }
    const asked = await api.get('/api/v1/redirections/queries', queriesAnswer);
    const transfers = await api.get('/api/v1/redirections/rpz', rpzAnswer);
    const shown = found.redirections.slice((number - 1) * ROWS, number * ROWS);
    const tables = [
      api.table('/api/v1/redirections/queries', namesTable(shown, asked?.names ?? [])),
      checksTable(shown),
      api.table('/api/v1/redirections/rpz', zonesTable(transfers)),
    ];
    const here = { range: range === '24h' ? undefined : range };
    // The files of the names are of the same page as the table.
    const paged = { ...here, page: number === 1 ? undefined : number };
    const [names, checks, resolvers] = tables.map((each) => each.markup(PATH, paged));
    const fields = [
      { name: 'name', label: 'Name', value: name, isRequired: true },
      { name: 'client', label: 'Address of the client', value: client, isRequired: true },
    ];
    return {
      title: 'Redirection',
      tables,
      body: html`<p>${found.mode === 'shadow' ? html`<strong class="warn">Shadow mode: questions are counted, and nothing is redirected.</strong>` : 'Mode: redirect.'}
${found.off === null ? '' : html` <strong class="warn">Nothing is redirected: ${found.off.text}.</strong>`}${found.drills.map(({ target, until }) => html` <span class="warn">A drill takes the target “${target}” for dead until ${until}.</span>`)}</p>
${names!}
${pageLinks(PATH, here, number, Math.ceil(found.redirections.length / ROWS))}
<h2>What would a client get?</h2>
${search(PATH, fields, 'Test', here)}
${await testResult(api, name, client)}
<h2>Checks of these names</h2>
${checks!}
<h2>Response policy zones</h2>
${resolvers!}
<h2>Pause</h2>
${await operationBox(api, viewer, PATH, nowMs)}`,
    };
  },
});

async function testResult(api: PageCalls, name: string, client: string): Promise<Insertable> {
  if (name === '' || client === '') return '';
  try {
    const result = await api.get('/api/v1/redirections/test', testAnswer, { query: { name, client } });
    if (result === undefined) return api.box('/api/v1/redirections/test', '');
    const { redirected, addresses, because } = result;
    const text = redirected
      ? `${result.client} gets ${addresses.join(', ')} for ${result.name}.`
      : `${result.client} gets the addresses of the original of ${result.name}: ${REASONS[because ?? ''] ?? because ?? ''}.`;
    return html`<p class="card" id="answer">${text}</p>`;
  } catch (thrown) {
    if (thrown instanceof ClientError) return html`<p class="bad" role="alert">${thrown.message}</p>`;
    throw thrown;
  }
}

function namesTable(rows: readonly Redirection[], asked: readonly Counted[]): Table {
  const counts = new Map(asked.map((each) => [each.name, each]));
  const count = (key: 'redirected' | 'wouldRedirect' | 'withheld', label: string, hint: string) => ({
    key,
    label,
    hint,
    numeric: true,
    value: ({ name }: Redirection) => counts.get(name)?.[key] ?? null,
    show: ({ name }: Redirection) => compact(counts.get(name)?.[key] ?? 0),
  });
  return table({
    id: 'names',
    caption: 'Redirected names, now; questions since the start',
    rows,
    rowKey: ({ name }) => name,
    empty: 'The configuration lists no names.',
    columns: [
      { key: 'name', label: 'name', value: ({ name }) => name },
      { key: 'target', label: 'target', value: ({ target }) => target },
      { key: 'addresses', label: 'answers', value: ({ addresses }) => addresses.join(', ') },
      {
        key: 'active',
        label: 'state',
        value: ({ active }) => active,
        show: ({ active }) => (active ? 'redirected' : 'forwarded'),
        tone: ({ active }) => (active ? 'good' : 'bad'),
      },
      { key: 'problem', label: 'why', value: ({ problem }) => problem },
      count('redirected', 'redirected', 'questions of this name'),
      count('wouldRedirect', 'in shadow', 'forwarded, and redirected without shadow mode'),
      count('withheld', 'withheld', 'forwarded, because the target does not serve users'),
      { key: 'ttlSeconds', label: 'TTL, s', numeric: true, value: ({ ttlSeconds }) => ttlSeconds },
    ],
  });
}

function checksTable(names: readonly Redirection[]): Table {
  const rows = names.flatMap(({ name, health }) =>
    health.flatMap(({ address, checks }) => checks.map((each) => ({ name, address, ...each }))),
  );
  return table({
    id: 'checks',
    caption: 'Ports that users of these names need, and whether a listener covers them',
    rows: rows.slice(0, CHECKS_SHOWN),
    rowKey: ({ name, url }) => `${name} ${url}`,
    empty: 'Nothing is checked: dnsRedirect.healthChecks is off, or no torrent names a port.',
    columns: [
      { key: 'name', label: 'name', value: ({ name }) => name },
      { key: 'address', label: 'address', value: ({ address }) => address },
      { key: 'url', label: 'port', value: ({ url }) => url },
      {
        key: 'up',
        label: 'state',
        value: ({ up }) => up,
        show: ({ up }) => (up === null ? 'not checked yet' : up ? 'answers' : 'does not answer'),
        tone: ({ up }) => (up === null ? 'soft' : up ? 'good' : 'bad'),
      },
      { key: 'reason', label: 'why', value: ({ reason }) => reason },
    ],
  });
}

function zonesTable(found: z.output<typeof rpzAnswer> | undefined): Table {
  const rows = (found?.zones ?? []).flatMap(({ name, serial, records, secondaries }) =>
    secondaries.map((each) => ({ zone: name, zoneSerial: serial, records, ...each })),
  );
  return table({
    id: 'zones',
    caption: 'Resolvers that transfer the zones, and the version that each has',
    rows,
    rowKey: ({ zone, address }) => `${zone} ${address}`,
    empty: 'No resolver transfers a zone.',
    columns: [
      { key: 'zone', label: 'zone', value: ({ zone }) => zone },
      { key: 'zoneSerial', label: 'serial', numeric: true, value: ({ zoneSerial }) => zoneSerial },
      { key: 'records', label: 'records', numeric: true, value: ({ records }) => records },
      { key: 'address', label: 'resolver', value: ({ address }) => address },
      { key: 'serial', label: 'it has', numeric: true, value: ({ serial }) => serial },
      {
        key: 'upToDate',
        label: 'state',
        value: ({ upToDate }) => upToDate,
        show: ({ upToDate, lags }) => (upToDate ? 'up to date' : lags ? 'lags behind' : 'transfers'),
        tone: ({ upToDate, lags }) => (upToDate ? 'good' : lags ? 'bad' : undefined),
      },
    ],
  });
}
