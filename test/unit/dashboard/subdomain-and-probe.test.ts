/** The pages of one sub-domain and of one probe. */
import { expect, test } from 'vitest';
import { NOW, showPage } from './page-fixture.js';

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
const series = ({ label }: { label: string | null }) => ({
  start: new Date(NOW - 120_000).toISOString(),
  stepSeconds: 60,
  count: 2,
  series: [{ name: 'subdomainDownloaded', unit: 'bytes', kind: 'counter', label, sum: [3e6, 5e6] }],
});

test('a sub-domain without a probe has its level, the reason, its peers and its traffic', async () => {
  const answers = {
    '/api/v1/subdomains': () => ({
      average: 8,
      highest: 15,
      peers: {
        countedAt: new Date(NOW - 20_000).toISOString(),
        inner: { seeds: 3, leechers: 4 },
        foreign: { seeds: 6, leechers: 5 },
      },
      subdomains: [{ id: 'north', densityLevel: 8, peers: { seeds: 1, leechers: 2 } }],
    }),
    '/api/v1/series': () => series({ label: 'north' }),
  };
  const { html } = await showPage('/subdomains/{id}', answers, {}, { id: 'north' });
  expect(html).toContain('8 of 0 to 15 (average; average is 8)');
  expect(html).toContain('It counts as average: no probe reports on it.');
  expect(html).toContain('1 seed and 2 leechers, counted 20 s ago');
  expect(html).toContain('<figcaption>Density level of north, the last 24 hours</figcaption>');
  expect(html).toContain('<td class="n">5 MB</td><td class="n">5 MB</td>');
  await expect(showPage('/subdomains/{id}', {}, {}, { id: 'elsewhere' })).rejects.toThrow('knows nothing');
});

test('the list of sub-domains has the peers of each, and none before they are counted', async () => {
  const here = (peers: object | null) => ({
    '/api/v1/density': () => ({
      subdomains: [
        {
          id: 'north',
          bytesPerUserPerSecond: 1_000,
          bytesPerSecond: 1e6,
          users: 1_000,
          usersFrom: 'probe',
          freshness: 1,
          ageSeconds: 60,
          periodSeconds: 300,
        },
      ],
    }),
    '/api/v1/subdomains': () => ({
      average: 8,
      highest: 15,
      peers: null,
      subdomains: [{ id: 'north', densityLevel: 8, peers }],
    }),
  });
  const { html } = await showPage('/subdomains', here({ seeds: 12, leechers: 34 }));
  expect(html).toMatch(/seeds"[^>]*>12</);
  expect(html).toMatch(/leechers"[^>]*>34</);
  const { html: before } = await showPage('/subdomains', here(null));
  expect(before).toMatch(/seeds"[^>]*>–</);
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
