/** What the pages say, from the values that the API answers. */
import { describe, expect, test } from 'vitest';
import { cell, rowStart, stateOf } from '../../../src/dashboard/frame/cells.js';
import { layerPlot, sparkline } from '../../../src/dashboard/frame/plot.js';
import { bytes, compact, duration } from '../../../src/dashboard/frame/show.js';
import { table } from '../../../src/dashboard/frame/table.js';
import { grouped } from '../../../src/dashboard/pages/alarms.js';
import { sentenceOf } from '../../../src/dashboard/pages/explain-view.js';
import { heatLevels, withoutInnerSeed } from '../../../src/dashboard/pages/overview-view.js';
import { setUpLines, stateInWords } from '../../../src/dashboard/pages/probe-view.js';
import { savingsInWords } from '../../../src/dashboard/pages/savings-view.js';
import { comparisonInWords, usualRate, weightInWords } from '../../../src/dashboard/pages/subdomains-view.js';
import { total } from '../../../src/dashboard/series.js';
import { html } from '../../../src/markup/markup.js';

const NOW = Date.parse('2026-11-25T10:00:00Z');
const WEEK_MS = 7 * 86_400_000;
const subdomain = {
  id: 'north',
  bytesPerUserPerSecond: 1_000,
  bytesPerSecond: 1e6,
  users: 1_000,
  usersFrom: 'probe' as const,
  ageSeconds: 90,
  freshness: 1,
  periodSeconds: 300,
};
const probe = {
  probe: 'dp-north',
  subdomains: ['north'],
  lastReceived: '2026-11-25T09:58:00Z',
  highestSequence: 1,
  clockSkewMs: 0,
  accepted: 1,
  duplicates: 0,
  quarantined: 0,
  quarantinedValues: [],
  alarms: [],
};

describe('cells', () => {
  test('are found again as they were written, whatever strangers call them', () => {
    for (const name of [
      'plain',
      '<td data-cell="x">',
      `"' > &lt; &amp;amp;`,
      'data-cell="open alarms"',
      'שלום',
      '</td><b>',
    ]) {
      const page = html`<table>${rowStart('list', name)}${cell('td', `list ${name}`, name, { class: name })}</tr></table><p>${name}</p>`;
      const { cells, lists } = stateOf(page);
      expect([...cells]).toEqual([[`list ${name}`, { text: name, attributes: { class: name } }]]);
      expect(lists.get('list')).toEqual([name]);
    }
  });
});

describe('tables', () => {
  const rows = [{ name: '=1+1', size: 5, known: null }];
  const list = table({
    id: 'things',
    caption: 'Things',
    rows,
    rowKey: ({ name }) => name,
    empty: 'None.',
    columns: [
      { key: 'name', label: 'name', value: ({ name }) => name },
      { key: 'size', label: 'size', numeric: true, value: ({ size }) => size },
      { key: 'known', label: 'known', value: ({ known }) => known },
    ],
  });

  test('are the same as page, CSV and JSON, and no text is a formula of a spreadsheet', () => {
    expect(list.csv()).toBe("name,size,known\r\n'=1+1,5,\r\n");
    expect(list.json()).toEqual(rows);
    const { text } = list.markup('/things', { range: '7d' });
    expect(text).toContain('href="/things?range=7d&amp;format=csv&amp;table=things"');
    expect(stateOf(html`${list.markup('/things', {})}`).cells.get('things =1+1 size')).toMatchObject({ text: '5' });
  });
});

describe('plots', () => {
  test('interrupt their lines at gaps, and have their values as a table', () => {
    expect(sparkline('x', [1, null, 2, 3]).toString()).toBeDefined();
    expect(stateOf(html`${sparkline('x', [1, null, 2, 3])}`).cells.get('x')?.attributes.d).toMatch(
      /^M[^ML]+M[^ML]+L[^ML]+$/,
    );
    const plot = { id: 'p', title: 'Peers', kind: 'stacked', marks: [], show: String } as const;
    expect(layerPlot({ ...plot, timesMs: [], layers: [] }).text).toContain('nothing was recorded');
    const layers = [
      { name: 'inner', values: [3, 4] },
      { name: 'foreign', values: [1, null] },
    ];
    const { text } = layerPlot({ ...plot, timesMs: [NOW, NOW + 60_000], layers });
    expect(text).toContain('<td class="n">4</td><td class="n">–</td>');
    expect(total({ layers })).toEqual([4, 4]);
    expect(total({ layers: [{ name: '', values: [null, 1] }] })).toEqual([null, 1]);
  });
});

describe('numbers', () => {
  test('have units and three digits', () => {
    expect([1, 9_999, 12_345, 1.5e6, 2e12].map(compact)).toEqual(['1', '9999', '12.3 k', '1.5 M', '2 T']);
    expect([0, 1_500, 12_345, 1.5e9].map(bytes)).toEqual(['0 B', '1.5 kB', '12.3 kB', '1.5 GB']);
    expect([5, 119, 120, 7_200, 172_800].map(duration)).toEqual(['5 s', '119 s', '2 min', '2 h', '2 d']);
  });
});

describe('a sub-domain', () => {
  test('says why it counts as it does', () => {
    expect(weightInWords(subdomain, [probe])).toContain('in full');
    expect(weightInWords(subdomain, [])).toContain('no probe reports on it');
    expect(weightInWords(undefined, [probe])).toContain('no probe has reported a credible value');
    expect(weightInWords({ ...subdomain, freshness: 0, ageSeconds: 7_200 }, [probe])).toContain(
      'average: the newest period ended 2 h ago',
    );
    expect(weightInWords({ ...subdomain, freshness: 0.5 }, [probe])).toContain('50 %');
    expect(weightInWords({ ...subdomain, bytesPerUserPerSecond: null, users: null }, [probe])).toContain(
      'counted its users',
    );
  });

  test('is compared with the same hour of the same weekday', () => {
    const at = (agoMs: number, rate: number) => ({
      start: new Date(NOW - agoMs).toISOString(),
      bytesPerUserPerSecond: rate,
    });
    const history = [
      at(WEEK_MS, 800),
      at(2 * WEEK_MS + 1_800_000, 1_200),
      at(WEEK_MS + 7_200_000, 9e9),
      at(60_000, 9e9),
    ];
    expect(usualRate(history, NOW)).toBe(1_000);
    expect(usualRate([], NOW)).toBeUndefined();
    expect(comparisonInWords(1_500, 1_000)).toContain('50 % more than usual');
    expect(comparisonInWords(1_000, 1_000)).toContain('as usual');
    expect(comparisonInWords(null, 1_000)).toContain('not known');
  });

  test('is as warm as its traffic is above the median', () => {
    const of = (id: string, rate: number | null, freshness = 1) => ({
      ...subdomain,
      id,
      bytesPerUserPerSecond: rate,
      freshness,
    });
    const levels = heatLevels([of('a', 10), of('b', 100), of('c', 1e6), of('d', null), of('e', 100, 0)]);
    expect([...levels.values()]).toEqual([0, 3, 6, null, null]);
  });
});

describe('a probe', () => {
  test('is described by the worst of its alarms', () => {
    expect(stateInWords(probe, NOW)).toMatchObject({ tone: 'good' });
    const late = { kind: 'late', detail: 'a late', subdomains: [] };
    const silent = { kind: 'silent', detail: 'a silent', subdomains: [] };
    expect(stateInWords({ ...probe, alarms: [late, silent] }, NOW)).toMatchObject({
      tone: 'bad',
      text: expect.stringMatching(/^silent.*1 more/),
    });
  });

  test('is set up by commands that a shell reads as they are meant', () => {
    expect(setUpLines("a'; rm -rf /", ['north'], 'http://127.0.0.1:8090').join('\n')).toContain(
      `--probe 'a'\\''; rm -rf /'`,
    );
  });
});

test('torrents without an inner seed are those that somebody inside wants', () => {
  const swarm = (name: string, seeds: number, leechers: number) => ({
    infoHash: name,
    seeds: 9,
    leechers: 9,
    completed: 0,
    completedInner: 0,
    upstreamPeers: 0,
    kept: false,
    inner: { seeds, leechers },
    foreign: { peersMax: 0, gateways: 0, gatewaysWanted: 0 },
  });
  const found = withoutInnerSeed([swarm('a', 0, 1), swarm('b', 1, 5), swarm('c', 0, 0), swarm('d', 0, 4)], 10);
  expect(found.map(({ infoHash }) => infoHash)).toEqual(['d', 'a']);
});

test('alarms of one kind are one group', () => {
  const silent = (text: string) => ({ severity: 'warning', id: 'probe-silent', text }) as const;
  const groups = grouped([silent('a'), { severity: 'critical', text: 'x' }, silent('b')]);
  expect(groups.map(({ text, alike }) => [text, alike.length])).toEqual([
    ['a', 2],
    ['x', 1],
  ]);
});

test('an explanation is a sentence', () => {
  const requester = {
    address: '203.0.113.5',
    port: 1,
    peersAtAddress: 1,
    group: 'north',
    asn: 64500,
    inner: true,
    seed: false,
    inSwarm: false,
    gateway: false,
  };
  const mix = { reason: 'enough-inner', want: 50, inner: 12, foreign: 0, innerAvailable: 40, foreignAvailable: 9 };
  const answer = { requester, mix, supply: { why: 'two seeds serve' }, random: null };
  expect(sentenceOf({ ...answer, random: 'shadow mode' })).toContain('It is answered at random: shadow mode.');
  const text = sentenceOf(answer);
  expect(text).toBe(
    '203.0.113.5 of north (AS 64500) would get 12 inner and 0 foreign peers of 40 and 9: enough inner peers are there. ' +
      'Two seeds serve. It does not announce this torrent; this is what it would get if it joined.',
  );
});

test('savings have their time, and no figure without a measurement', () => {
  const window = { from: '2026-11-24T10:00:00.000Z', to: '2026-11-25T10:00:00.000Z', measuredHours: 0 };
  const percentile95 = { samples: 0, foreignBitsPerSecond: null, baselineBitsPerSecond: null };
  const traffic = {
    downloadedBytes: 0,
    uploadedBytes: 0,
    foreignByShareBytes: 0,
    foreignAtLeastBytes: 0,
    foreignAtMostBytes: 0,
    foreignBytes: 0,
  };
  const empty = {
    traffic,
    days: [],
    periods: [],
    subdomains: [],
    sources: [],
    torrents: [],
    percentile95,
    currency: 'EUR',
    window,
  };
  expect(savingsInWords({ ...empty, savings: null, reason: 'nothing was downloaded' })).toBe(
    'No estimate for 2026-11-24 10:00 to 2026-11-25 10:00: nothing was downloaded.',
  );
});
