import { afterEach, describe, expect, test, vi } from 'vitest';
import { TokenDirectory } from '../../../src/control-api/token-directory.js';
import { NO_RATES, type ProbeReading } from '../../../src/reports/density-report.js';
import { GROUP_COMMIT_DELAY_MS } from '../../../src/reports/limits.js';
import { alarmsOf } from '../../../src/reports/probe-health.js';
import { ReportsService } from '../../../src/reports/reports-service.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { ReportsStore } from '../../../src/store/sqlite/reports-store.js';
import { TokensStore } from '../../../src/store/sqlite/tokens-store.js';

const START_MS = Date.parse('2026-11-22T10:05:00Z');
const PERIOD_SECONDS = 60;
const operator = { kind: 'operator', name: 'test', key: '' } as const;

class Setting {
  readonly database: SqliteDatabase = openDatabase(':memory:');
  readonly clock = {
    now: START_MS,
    nowMs() {
      return this.now;
    },
  };
  readonly tokens = new TokensStore(this.database);
  readonly directory = new TokenDirectory(
    {
      probes: [
        { id: 'a', subdomains: ['north', 'south'], token: 'a' },
        { id: 'b', subdomains: ['north'], token: 'b' },
      ],
    },
    this.tokens,
  );
  store = new ReportsStore(this.database);
  service = this.newService();
  #sequence = 0;

  newService(): ReportsService {
    return new ReportsService({
      store: this.store,
      clock: this.clock,
      directory: this.directory,
      isKnownSubdomain: (id) => ['north', 'south', 'east'].includes(id),
      plan: { uplinkBpsMax: () => 1e9, isCache: () => false, isInner: () => true },
    });
  }

  /** Bytes per user per second over the minute that ends now. */
  async report(probe: string, densities: Record<string, number | undefined>, users: number | undefined = 10) {
    const principal = this.directory.byToken(probe) ?? operator;
    const subdomains = Object.entries(densities).map(([id, density]) => ({
      id,
      bytes: density! * PERIOD_SECONDS * (users ?? 1),
      users,
    }));
    this.#sequence++;
    const periodStartMs = this.clock.now - PERIOD_SECONDS * 1000;
    const report = { probe, sequence: this.#sequence, periodStartMs, periodSeconds: PERIOD_SECONDS, subdomains };
    return this.service.submitDensity(principal, [report]);
  }

  densities(): Record<string, number> {
    const readings = [...this.service.densityReadings(this.clock.now)];
    return Object.fromEntries(readings.map(([id, reading]) => [id, reading.bytesPerUserPerSecond]));
  }

  alarms(probe: string): string[] {
    const view = this.service.probes(this.clock.now).find((each) => each.probe === probe);
    return (view?.alarms ?? []).map((alarm) => alarm.kind);
  }
}

let setting: Setting;
const begin = (): Setting => {
  setting = new Setting();
  return setting;
};
afterEach(() => {
  setting.service.stop();
  setting.database.close();
  vi.useRealTimers();
});

describe('the reports of probes', () => {
  test('add up by sub-domain and survive a restart', async () => {
    const s = begin();
    await s.report('a', { north: 100, south: 70 });
    await s.report('b', { north: 300 });
    expect(s.densities()).toEqual({ north: 200, south: 70 });
    s.store = new ReportsStore(s.database);
    s.service = s.newService();
    expect(s.densities()).toEqual({ north: 200, south: 70 });
  });

  test('fade to nothing when a probe falls silent, with an alarm before and after', async () => {
    const s = begin();
    expect(s.alarms('a')).toEqual(['never-reported']);
    await s.report('a', { south: 70 });
    expect(s.alarms('a')).toEqual([]);
    s.clock.now += 200_000;
    expect(s.alarms('a')).toEqual(['late']);
    expect(s.service.densityReadings(s.clock.now).get('south')!.freshness).toBeLessThan(1);
    s.clock.now += 400_000;
    expect(s.alarms('a')).toEqual(['silent']);
    expect(s.densities()).toEqual({});
  });

  test('that version 0.1 stored are read, and judge what comes', async () => {
    const s = begin();
    await s.report('a', { south: 50_000 });
    const [{ probeKey, subdomainId, reading }] = s.store.loadLatest() as [
      { probeKey: number; subdomainId: string; reading: string },
    ];
    const { rates: _rates, otherRates: _other, ...rest } = JSON.parse(reading) as ProbeReading;
    const recentRates = Array.from({ length: 8 }, () => 50_000);
    s.store.commit(() => s.store.saveLatest(probeKey, subdomainId, JSON.stringify({ ...rest, recentRates })));
    s.store = new ReportsStore(s.database);
    s.service = s.newService();
    expect(s.densities()).toEqual({ south: 50_000 });
    s.clock.now += 60_000;
    expect(await s.report('a', { south: 50_000_000 })).toMatchObject([{ quarantined: [{ subdomain: 'south' }] }]);
    s.clock.now += 60_000;
    expect(await s.report('a', { south: 60_000 })).toMatchObject([{ accepted: 1 }]);
  });

  test('one silent probe of forty sub-domains is one alarm', () => {
    const reading = (endMs: number, quarantined: ProbeReading['quarantined'] = null): ProbeReading => ({
      bytes: 1,
      users: 1,
      periodSeconds: 60,
      endMs,
      ratesPerUser: true,
      rates: NO_RATES,
      otherRates: NO_RATES,
      quarantined,
    });
    const bad = { reason: 'no users', bytes: 1, users: 0, receivedMs: 0, inRow: 2 };
    const readings = new Map([
      ...Array.from({ length: 40 }, (_, i): [string, ProbeReading] => [`s${i}`, reading(0)]),
      ['fresh', reading(1_000_000)],
      ['bad', reading(1_000_000, bad)],
    ]);
    const facts = { revoked: false, lastReceivedMs: 0, delaysMs: [], densities: new Map(), freshMsMax: 900_000 };
    const alarms = alarmsOf({ ...facts, readings }, 1_000_000);
    expect(alarms.map(({ kind, detail }) => `${kind}: ${detail}`)).toEqual([
      'implausible: bad: no users (2 consecutive values); not applied',
      'silent: 40 sub-domains (s0, s1, s2 and 37 more): the newest accepted period ended 1000 s ago; counts as average',
    ]);
    expect(alarms[1]!.subdomains).toHaveLength(40);
  });

  test('are not applied while a probe is mad; the operator may release it', async () => {
    const s = begin();
    for (let i = 0; i < 8; i++) {
      s.clock.now += 60_000;
      await s.report('a', { south: 50_000 });
    }
    s.clock.now += 60_000;
    expect(await s.report('a', { south: 50_000_000 })).toMatchObject([
      { accepted: 0, quarantined: [{ subdomain: 'south' }] },
    ]);
    expect(s.densities()).toEqual({ south: 50_000 });
    expect(s.alarms('a')).toEqual(['implausible']);
    expect(await s.service.releaseProbe('a')).toBe(true);
    expect(s.alarms('a')).toEqual([]);
    expect(s.densities()).toEqual({});
    await s.report('a', { south: 50_000_000 });
    expect(s.densities()).toEqual({ south: 50_000_000 });
    expect(await s.service.releaseProbe('nobody')).toBe(false);
  });

  test('without users wait for the count of the BRAS', async () => {
    const s = begin();
    const periodStartMs = s.clock.now - 60_000;
    const report = {
      probe: 'b',
      sequence: 1,
      periodStartMs,
      periodSeconds: 60,
      subdomains: [{ id: 'north', bytes: 60_000 }],
    };
    await s.service.submitDensity(s.directory.byToken('b')!, [report]);
    expect(s.densities()).toEqual({});
    expect(s.alarms('b')).toEqual(['users-unknown']);
    await s.service.submitUsers(operator, [{ id: 'north', users: 5 }]);
    expect(s.densities()).toEqual({ north: 200 });
    expect(s.alarms('b')).toEqual([]);
  });

  test('of a revoked token no longer count', async () => {
    const s = begin();
    s.tokens.add({
      tokenId: 't1',
      kind: 'probe',
      subject: 'made',
      subdomains: ['east'],
      tokenSha256: 'ff',
      createdMs: s.clock.now,
      revokedMs: null,
    });
    s.directory.reload();
    await s.report('made', { east: 5 });
    expect(s.densities()).toEqual({ east: 5 });
    s.tokens.revoke('t1', s.clock.now);
    s.directory.reload();
    expect(s.densities()).toEqual({});
    expect(s.alarms('made')).toContain('revoked');
  });

  test('show a wrong clock', async () => {
    const s = begin();
    s.clock.now += 7_200_000;
    const periodStartMs = s.clock.now + 3_600_000;
    const report = {
      probe: 'b',
      sequence: 1,
      periodStartMs,
      periodSeconds: 60,
      subdomains: [{ id: 'north', bytes: 60, users: 1 }],
    };
    await s.service.submitDensity(s.directory.byToken('b')!, [report]);
    expect(s.alarms('b')).toEqual(['clock']);
    expect(s.densities()).toEqual({ north: 1 });
  });
});

describe('the history', () => {
  test('holds means, so that late, repeated and overlapping periods leave it right', async () => {
    const s = begin();
    await s.report('a', { south: 100 });
    await s.report('a', { south: 100 });
    s.clock.now += 30_000;
    await s.report('a', { south: 100 });
    const rows = s.service.densityHistory({ sinceMs: START_MS - 600_000, rowsMax: 100 });
    expect(rows.map((row) => row.bytesPerUserPerSecond)).toEqual([100, 100]);
    expect(rows[0]).toMatchObject({ subdomain: 'south', seconds: 300, users: 10, bytesPerSecond: 1000 });
    expect(rows.map((row) => new Date(row.startMs).toISOString())).toEqual([
      '2026-11-22T10:00:00.000Z',
      '2026-11-22T10:05:00.000Z',
    ]);
  });

  test('is by the hour further back', async () => {
    const s = begin();
    await s.report('a', { south: 100 });
    s.clock.now += 7 * 24 * 3_600_000;
    const rows = s.service.densityHistory({ sinceMs: START_MS - 3_600_000, rowsMax: 100 });
    expect(rows).toMatchObject([{ seconds: 3600, bytesPerUserPerSecond: 100 }]);
  });
});

describe('the policy', () => {
  /** Reports are written in groups, a few milliseconds later. */
  const written = async (report: Promise<unknown>): Promise<void> => {
    await vi.advanceTimersByTimeAsync(GROUP_COMMIT_DELAY_MS);
    await report;
  };

  test('hears of a report at once, and of many at most every quarter of a second', async () => {
    vi.useFakeTimers();
    const s = begin();
    let heard = 0;
    s.service.onChange(() => heard++);
    await written(s.report('a', { south: 1 }));
    expect(heard).toBe(1);
    for (let i = 0; i < 10; i++) await written(s.report('a', { south: 1 }));
    expect(heard).toBe(1);
    await vi.advanceTimersByTimeAsync(250);
    expect(heard).toBe(2);
  });

  test('hears of a node only when its level is another', async () => {
    vi.useFakeTimers();
    const s = begin();
    const heard: unknown[] = [];
    s.service.onChange((change) => heard.push(change));
    const say = async (availableUplinkBps: number): Promise<void> => {
      await written(s.service.submitCapability(operator, '', [{ address: '203.0.113.10', availableUplinkBps }]));
      await vi.advanceTimersByTimeAsync(300);
    };
    await say(20e6);
    await say(21e6);
    expect(heard).toEqual([{ density: false, capability: new Set(['203.0.113.10']) }]);
    await say(1e6);
    expect(heard).toHaveLength(2);
    // What counts reports counts each of them.
    expect(s.service.capabilityReports).toBe(3);
  });

  test('hears while values fade, without any report', async () => {
    vi.useFakeTimers();
    const s = begin();
    s.service.start();
    await written(s.report('a', { south: 1 }));
    let heard = 0;
    s.service.onChange(() => heard++);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(heard).toBe(0);
    s.clock.now += 300_000;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(heard).toBeGreaterThan(0);
  });
});

describe('when the disk fails', () => {
  test('no sender is told that its report was accepted, and memory goes back to what is stored', async () => {
    const s = begin();
    await s.report('a', { south: 7 });
    s.database.exec(`CREATE TRIGGER full BEFORE INSERT ON density_sample BEGIN SELECT RAISE(ABORT, 'disk full'); END`);
    await expect(s.report('a', { south: 9 })).rejects.toThrow('disk full');
    expect(s.densities()).toEqual({ south: 7 });
    s.database.exec('DROP TRIGGER full');
    await s.report('a', { south: 9 });
    expect(s.densities()).toEqual({ south: 9 });
  });
});
