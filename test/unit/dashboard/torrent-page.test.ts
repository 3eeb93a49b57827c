/** What the page of a torrent says of the traffic that entered for it. */
import { expect, test } from 'vitest';
import type { SavingsAnswer } from '../../../src/savings/api/savings-answer.js';
import { NOW, showPage } from './page-fixture.js';

const HASH = 'a'.repeat(40);
const savings: SavingsAnswer = {
  window: { from: new Date(NOW - 86_400_000).toISOString(), to: new Date(NOW).toISOString(), measuredHours: 24 },
  traffic: {
    ...{ downloadedBytes: 5e9, uploadedBytes: 1e9, foreignByShareBytes: 2.5e9 },
    ...{ foreignAtLeastBytes: 2e9, foreignAtMostBytes: 3e9, foreignBytes: 2.5e9 },
  },
  currency: 'EUR',
  savings: null,
  reason: 'nothing was saved',
  percentile95: { samples: 0, foreignBitsPerSecond: null, baselineBitsPerSecond: null },
  ...{ days: [], periods: [], sources: [], subdomains: [] },
  torrents: [{ name: HASH, title: null, downloadedBytes: 5e9, foreignBytes: 2.5e9, savedBytes: null }],
};

test('copies that entered are what came from outside, in sizes of the torrent', async () => {
  const entry = { infoHash: HASH, name: 'debian.iso', totalBytes: 1e9, explanation: [] };
  const { html, defects } = await showPage(
    '/torrents/{infoHash}',
    { '/api/v1/catalogue/torrents/{infoHash}': () => entry, '/api/v1/savings': () => savings },
    {},
    { infoHash: HASH },
  );
  expect(defects).toEqual([]);
  expect(html).toMatch(/copies that entered in [^<]*<\/dt><dd><span [^>]*>2\.5</);
});
