/** What localisation saves: with its interval, its method and its time, as a page to print. */
import { html } from '../../markup/markup.js';
import { savingsAnswer } from '../../savings/api/savings-answer.js';
import { cell } from '../frame/cells.js';
import { linkTo } from '../frame/link.js';
import { facts } from '../frame/parts.js';
import { bitRate, bytes, instant, known, money, percent } from '../frame/show.js';
import { nameLink, type Table, table } from '../frame/table.js';
import { inWords, type TimeRange } from '../frame/time-range.js';
import { page } from '../page.js';
import {
  foreignInWords,
  methodInWords,
  type SavingsPart,
  type SavingsRow,
  savingsInput,
  savingsInWords,
  signed,
} from './savings-view.js';

const PATH = '/savings';
const ROWS = 100;

export const savingsPage = page({
  path: PATH,
  menu: PATH,
  hasRange: true,
  load: async ({ api, nowMs, range }) => {
    const answer = await api.get('/api/v1/savings', savingsAnswer, savingsInput(range, nowMs));
    if (answer === undefined)
      return {
        title: 'Savings',
        tables: [],
        body: api.box('/api/v1/savings', html`<p class="soft">This tracker does not measure savings.</p>`),
      };
    const { savings, traffic, percentile95, currency } = answer;
    const tables = [
      rowsTable(
        'days',
        'Savings by day',
        'day',
        answer.days.map((row) => ({ ...row, name: row.day })),
        currency,
      ),
      rowsTable(
        'periods',
        'Savings by billing period',
        'period',
        answer.periods.map((row) => ({ ...row, name: row.period ?? 'no period' })),
        currency,
      ),
      partsTable('neighbours', 'By neighbour', 'from', answer.sources, range),
      partsTable('subdomains', 'By sub-domain', 'sub-domain', answer.subdomains, range),
      partsTable('torrents', 'By torrent', 'torrent', answer.torrents, range),
    ];
    return {
      title: 'Savings',
      tables,
      body: html`${cell('p', 'savings', savingsInWords(answer), { class: 'card' })}
${savings === null ? '' : cell('p', 'method', methodInWords(savings))}
${facts('savings', [
  ['measured hours', String(answer.window.measuredHours)],
  ['downloaded by localised clients', known(savings?.downloadedBytes, bytes)],
  ['downloaded by all inner clients', bytes(traffic.downloadedBytes)],
  ['of these from outside', foreignInWords(traffic)],
  ['95th percentile from outside', known(percentile95.foreignBitsPerSecond, (bits) => bitRate(bits / 8))],
  ['the same without localisation', known(percentile95.baselineBitsPerSecond, (bits) => bitRate(bits / 8))],
])}
${tables.map((each) => html`<h2>${each.caption}, ${inWords(range)}</h2>${each.markup(PATH, { range: range === '24h' ? undefined : range })}`)}
<p class="soft">As of ${instant(nowMs)}. <a href="/api/v1/savings">All as JSON</a></p>`,
    };
  },
});

function rowsTable(id: string, caption: string, label: string, rows: readonly SavingsRow[], currency: string): Table {
  return table({
    id,
    caption,
    rows,
    rowKey: ({ name }) => name,
    empty: 'Nothing was measured in this time.',
    columns: [
      { key: 'name', label, value: ({ name }) => name },
      {
        key: 'savedBytes',
        label: 'saved',
        numeric: true,
        value: ({ savings }) => savings?.savedBytes ?? null,
        show: ({ savings }) => known(savings?.savedBytes, signed),
      },
      {
        key: 'savedBytesLow',
        label: 'at least',
        numeric: true,
        value: ({ savings }) => savings?.savedBytesRange.low ?? null,
        show: ({ savings }) => known(savings?.savedBytesRange.low, signed),
      },
      {
        key: 'savedBytesHigh',
        label: 'at most',
        numeric: true,
        value: ({ savings }) => savings?.savedBytesRange.high ?? null,
        show: ({ savings }) => known(savings?.savedBytesRange.high, signed),
      },
      {
        key: 'amount',
        label: currency,
        numeric: true,
        value: ({ savings }) => savings?.amount ?? null,
        show: ({ savings }) => known(savings?.amount, (amount) => money(amount, currency)),
      },
      {
        key: 'foreignShare',
        label: 'foreign without localisation',
        numeric: true,
        value: ({ savings }) => savings?.baseline.foreignShare ?? null,
        show: ({ savings }) => known(savings?.baseline.foreignShare, percent),
      },
      { key: 'method', label: 'method', value: ({ savings, reason }) => savings?.baseline.method ?? reason },
    ],
  });
}

function partsTable(id: string, caption: string, label: string, rows: readonly SavingsPart[], range: TimeRange): Table {
  return table({
    id,
    caption,
    rows: [...rows].sort((a, b) => b.downloadedBytes - a.downloadedBytes).slice(0, ROWS),
    rowKey: ({ name }) => name,
    empty: 'Nothing was measured in this time.',
    columns: [
      {
        key: 'name',
        label,
        value: ({ name, title }) => title ?? name,
        show: ({ name, title }) => {
          if (id === 'torrents') return nameLink(linkTo(`/torrents/${encodeURIComponent(name)}`, range), title ?? name);
          return id === 'subdomains' ? nameLink(linkTo(`/subdomains/${encodeURIComponent(name)}`, range), name) : name;
        },
      },
      {
        key: 'downloadedBytes',
        label: 'downloaded',
        numeric: true,
        value: (row) => row.downloadedBytes,
        show: (row) => bytes(row.downloadedBytes),
      },
      {
        key: 'foreignBytes',
        label: 'from outside',
        numeric: true,
        value: (row) => row.foreignBytes,
        show: (row) => bytes(row.foreignBytes),
      },
      {
        key: 'savedBytes',
        label: 'saved',
        numeric: true,
        value: (row) => row.savedBytes,
        show: (row) => known(row.savedBytes, signed),
      },
    ],
  });
}
