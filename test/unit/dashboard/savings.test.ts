/** The savings on their page and on the overview, with answers that the schemas of the API accept. */
import { expect, test } from 'vitest';
import { type OverviewAnswer, overviewAnswer } from '../../../src/dashboard/overview.js';
import { type SavingsAnswer, savingsAnswer } from '../../../src/savings/api/savings-answer.js';
import { showPage } from './page-fixture.js';

const estimate: NonNullable<SavingsAnswer['savings']> = {
  downloadedBytes: 4e12,
  foreignBytes: 1.5e12,
  localisedForeignBytes: 1.2e12,
  savedBytes: 2.1e12,
  savedBytesRange: { low: 1.8e12, high: 2.4e12 },
  amount: 84.2,
  amountRange: { low: 72.1, high: 96.3 },
  baseline: {
    method: 'control-group',
    explanation: 'the control group downloaded 0.1 TB',
    foreignShare: 0.82,
    low: 0.78,
    high: 0.86,
    replicates: 32,
    controlBytes: 1e11,
  },
};
const part = { name: 'north', downloadedBytes: 3e12, foreignBytes: 1e12, savedBytes: 1.4e12 };
const HASH = 'b'.repeat(40);
const answer: SavingsAnswer = {
  window: { from: '2026-11-24T10:00:00.000Z', to: '2026-11-25T10:00:00.000Z', measuredHours: 24 },
  currency: 'EUR',
  savings: estimate,
  reason: null,
  traffic: {
    downloadedBytes: 3e12,
    uploadedBytes: 2e12,
    foreignByShareBytes: 0.9e12,
    foreignAtLeastBytes: 1e12,
    foreignAtMostBytes: 2e12,
    foreignBytes: 1e12,
  },
  days: [{ day: '2026-11-24', savings: estimate, reason: null }],
  periods: [
    { period: 'evening', savings: estimate, reason: null },
    { period: null, savings: null, reason: 'nothing was downloaded' },
  ],
  subdomains: [part],
  sources: [{ ...part, name: 'AS64501', savedBytes: -2e9 }],
  torrents: [{ ...part, name: HASH, title: 'A <film>' }],
  percentile95: { samples: 288, foreignBitsPerSecond: 2e9, baselineBitsPerSecond: 6e9 },
};

test('the page shows an estimate with its interval, its method and its parts', async () => {
  expect(savingsAnswer.parse(answer)).toEqual(answer);
  const { html, defects } = await showPage('/savings', { '/api/v1/savings': () => answer });
  expect(defects).toEqual([]);
  expect(html).toContain('2.1 TB and 84.20 EUR saved from 2026-11-24 10:00 to 2026-11-25 10:00.');
  expect(html).toContain('between 1.8 TB and 2.4 TB, and between 72.10 EUR and 96.30 EUR');
  expect(html).toContain(
    'Method: the control group downloaded 0.1 TB. Without localisation, 82 % (78 % to 86 %) of 4 TB',
  );
  expect(html).toContain('data-cell="days 2026-11-24 amount" class="n">84.20 EUR<');
  expect(html).toContain('data-cell="periods no period method">nothing was downloaded<');
  expect(html).toContain('data-cell="neighbours AS64501 savedBytes" class="n">−2 GB<');
  expect(html).toContain(`href="/torrents/${HASH}">A &lt;film&gt;<`);
  expect(html).toContain('2 Gbit/s');
  const { html: csv } = await showPage('/savings', { '/api/v1/savings': () => answer }, { format: 'csv' });
  expect(csv).toContain('2026-11-24,2100000000000,1800000000000,2400000000000,84.2,0.82,control-group');
});

test('tiles of the overview have the estimate with its interval and its time, or that there is none, and the peers inside', async () => {
  const { savedBytes, savedBytesRange, amount, amountRange, baseline } = estimate;
  const { from, to } = answer.window;
  const overview: OverviewAnswer = {
    ...{ announces: 1, peersGiven: 1, peersGivenInner: 1, swarms: 1, peers: 1, seeds: 1, innerShare: 1 },
    ...{ announcesPerSecond: 0, notReady: [], alarms: [] },
    byNetwork: {
      countedAt: '2026-11-25T10:00:00.000Z',
      inner: { seeds: 3, leechers: 40 },
      foreign: { seeds: 5, leechers: 6 },
    },
    savings: {
      ...{ savedBytes, savedBytesRange, amount, amountRange, currency: 'EUR', from, to },
      ...{ method: baseline.method, basis: baseline.explanation },
    },
  };
  expect(overviewAnswer.parse(overview)).toEqual(overview);
  const { html } = await showPage('/', { '/api/v1/overview': () => overview });
  expect(html).toContain('<a href="/savings?range=30d"><span data-cell="tile savings" class="value">2.1 TB</span>');
  expect(html).toContain('saved, 84.20 EUR; 95 % interval: 1.8 TB to 2.4 TB; baseline: control group');
  expect(html).toContain('<span class="window">last 30 days</span>');
  expect(html).toContain('; inside: 43 peers, 3 seeds<');
  const uncounted = await showPage('/', { '/api/v1/overview': () => ({ ...overview, byNetwork: null }) });
  expect(uncounted.html).toContain('1 seed<');
  const none = await showPage('/', { '/api/v1/overview': () => ({ ...overview, savings: null }) });
  expect(none.html).toContain('saved; not enough is measured for an estimate');
});
