/** The pages of one sub-domain and of one probe. */
import { expect, test } from 'vitest';
import { NOW, showPage } from './page-fixture.js';

const HASH = 'c'.repeat(40);
const probe = {
  probe: 'dp-north',
  subdomains: ['north'],
  lastReceived: new Date(NOW - 60_000).toISOString(),
  highestSequence: 7,
  clockSkewMs: 0,
  accepted: 7,
  duplicates: 0,
  quarantined: 1,
  quarantinedValues: [
    {
      subdomain: 'north',
      bytes: 9e9,
      users: 100,
      reason: '300000 bytes per user per second is a jump from the usual 1000',
      inRow: 2,
      receivedAt: new Date(NOW - 60_000).toISOString(),
      judgedBy: { usual: 1_000, meanOfDay: 2_000 },
    },
  ],
  alarms: [],
};
const swarm = {
  infoHash: HASH,
  seeds: 9,
  leechers: 9,
  completed: 0,
  completedInner: 0,
  upstreamPeers: 0,
  inner: { seeds: 3, leechers: 4 },
  foreign: { peersMax: 0, gateways: 0, gatewaysWanted: 0 },
};
const series = ({ label }: { label: string | null }) => ({
  start: new Date(NOW - 120_000).toISOString(),
  stepSeconds: 60,
  count: 2,
  series: [{ label, sum: [3e6, 5e6] }],
});

test('a sub-domain without a probe has its level, the reason, its peers and its traffic', async () => {
  const answers = {
    '/api/v1/subdomains': () => ({ average: 8, highest: 15, subdomains: [{ id: 'north', densityLevel: 8 }] }),
    '/api/v1/swarms': () => ({ total: 1, swarms: [swarm] }),
    '/api/v1/swarms/{infoHash}': () => ({
      groups: [
        { group: 'subdomain:north', seeds: 1, leechers: 2 },
        { group: 'subdomain:south', seeds: 2, leechers: 2 },
      ],
    }),
    '/api/v1/series': () => series({ label: 'north' }),
  };
  const { html } = await showPage('/subdomains/{id}', answers, {}, { id: 'north' });
  expect(html).toContain('8 of 0 to 15 (average; average is 8)');
  expect(html).toContain('It counts as average: no probe reports on it.');
  expect(html).toContain('1 seed and 2 leechers');
  expect(html).toContain('<figcaption>Density level of north, the last 24 hours</figcaption>');
  expect(html).toContain('<td class="n">5 MB</td><td class="n">5 MB</td>');
  await expect(showPage('/subdomains/{id}', {}, {}, { id: 'elsewhere' })).rejects.toThrow('knows nothing');
});

test('a probe shows its quarantined values beside what they are judged by', async () => {
  const { html } = await showPage(
    '/probes/{probe}',
    { '/api/v1/probes': () => ({ probes: [probe] }) },
    {},
    { probe: 'dp-north' },
  );
  expect(html).toContain('data-cell="quarantined north bytes" class="n">9 GB<');
  expect(html).toContain('data-cell="quarantined north usual" class="n">8 kbit/s a user<');
  expect(html).toContain('data-cell="quarantined north meanOfDay" class="n">16 kbit/s a user<');
  expect(html).toContain('data-cell="quarantined north inRow" class="n">2<');
});
