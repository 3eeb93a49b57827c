/** A probe that is configured and never reports is an alarm, after a grace, and once for its sub-domains. */
import { expect, test } from 'vitest';
import { alarmLine } from '../../../src/domain/alarm.js';
import { createLogger } from '../../../src/logging/logger.js';
import { FIRST_REPORT_MS } from '../../../src/reports/limits.js';
import { RunningReports } from '../../../src/reports/running-reports.js';
import type { ReportsConfig } from '../../../src/reports/section.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { TokensStore } from '../../../src/store/sqlite/tokens-store.js';

function begin(freshnessMs: number) {
  const clock = { now: 1_800_000_000_000, nowMs: () => clock.now };
  const database = openDatabase(':memory:');
  const config: ReportsConfig = {
    reports: {
      probes: [{ id: 'dp-core', subdomains: ['north', 'south', 'east', 'west'], token: 'secret' }],
      uplinkBpsMax: 1e9,
      freshnessMs,
      historyMs: 86_400_000,
    },
    operator: { caches: [] },
    upstream: { originalTrackers: [] },
    crawler: { sources: [] },
  };
  const subdomainIds = new Set(['north', 'south', 'east', 'west']);
  const plan = {
    ...{ subdomains: [], subdomainIds, compiled: { describe: () => ({ operator: 'own' }) } },
    beforeChange: () => {},
  };
  const reports = new RunningReports(config, { clock, log: createLogger('silent'), database, topology: () => plan });
  return { clock, reports, tokens: new TokensStore(database), lines: () => reports.alarms().map(alarmLine) };
}

const period = { periodSeconds: 60, subdomains: [{ id: 'north', bytes: 600_000, users: 10 }] };

test('a probe that has never reported is an alarm after a quarter of an hour, until it reports', async () => {
  const { clock, reports, lines } = begin(60_000);
  expect(lines()).toEqual([]);
  clock.now += FIRST_REPORT_MS - 1;
  expect(lines()).toEqual([]);
  clock.now += 1;
  expect(lines()).toEqual([
    'probe dp-core has never reported, and the tracker has waited for 15 min: 4 sub-domains (north, south, east and 1 more) count as average unless another probe reports; start the probe with the set-up lines of its page, or remove it from reports.probes',
  ]);
  const probe = reports.directory.byToken('secret')!;
  const report = { probe: 'dp-core', sequence: 1, periodStartMs: clock.now - 60_000, ...period };
  await reports.service.submitDensity(probe, [report]);
  expect(lines()).toEqual([]);
});

test('probes whose values count for longer have longer, and the time of a new token begins with it', () => {
  const { clock, reports, tokens, lines } = begin(2 * 3_600_000);
  lines();
  clock.now += 3_600_000;
  const token = { tokenId: '1', kind: 'probe', subject: 'dp-new', tokenSha256: 'x', subdomains: ['north'] } as const;
  tokens.add({ ...token, createdMs: clock.now, revokedMs: null });
  reports.directory.reload();
  expect(lines()).toEqual([]);
  clock.now += 3_600_000;
  expect(lines()).toEqual([expect.stringMatching(/^probe dp-core has never reported/)]);
  clock.now += 3_600_000;
  expect(lines()).toHaveLength(2);
  tokens.revoke('1', clock.now);
  reports.directory.reload();
  expect(lines()).toHaveLength(1);
});
