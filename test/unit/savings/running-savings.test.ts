/** Savings over minutes, hours and a restart: what is stored, and what the report makes of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/logging/logger.js';
import { savingsAnswer } from '../../../src/savings/api/savings-answer.js';
import { savingsCsv } from '../../../src/savings/api/savings-csv.js';
import { RunningSavings, type SavingsNeeds } from '../../../src/savings/running-savings.js';
import { schema } from '../../../src/savings/section.js';
import { HOUSEHOLD_CONTROL, HOUSEHOLD_LOCALISED } from '../../../src/selection/household-groups.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { AnnounceRequest } from '../../../src/tracker/announce-request.js';
import { AnnounceOutcome, TRAFFIC_COUNTED } from '../../../src/tracker/swarm/announce-outcome.js';
import {
  createTorrentTrafficMemory,
  TorrentTraffic,
  takeTorrentTraffic,
} from '../../../src/tracker/torrent-traffic.js';
import { createTrafficMemory, TrafficMeter } from '../../../src/tracker/traffic-meter.js';
import { TrafficReading } from '../../../src/tracker/traffic-reading.js';

const NOON = Date.parse('2026-11-30T12:00:00Z');
const MINUTE = 60_000;
const NORTH = 1;
const FOREIGN = 9;
const GB = 1e9;

let directory: string;
let database: SqliteDatabase;
let nowMs: number;
let period: string | null;
let rate: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-savings-'));
  database = openDatabase(join(directory, 'test.sqlite'));
  nowMs = NOON;
  period = null;
  rate = 0.02;
});
afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true });
});

/** A tracker that has just started: its totals are zero. */
function start(section: object = {}) {
  const memory = createTrafficMemory();
  const torrents = createTorrentTrafficMemory();
  const meter = new TrafficMeter(memory, new TorrentTraffic(torrents));
  const rules: unknown[] = [];
  const needs: SavingsNeeds = {
    clock: { nowMs: () => nowMs } as SavingsNeeds['clock'],
    log: createLogger('silent'),
    database,
    topology: () => ({
      compiled: {
        groups: [undefined, { number: NORTH, name: 'subdomain:north', kind: 'subdomain', asn: 1, subdomain: 'north' }],
      },
    }),
    setRollout: (each) => rules.push(each),
    traffic: () => new TrafficReading(memory),
    takeTorrentTraffic: () => takeTorrentTraffic(torrents),
    policy: () => ({
      describeGroup: (group) =>
        group === NORTH
          ? { name: 'subdomain:north', ratePerGigabyte: 0, subdomain: 'north' }
          : { name: `as:${group}`, ratePerGigabyte: rate, neighbour: 'One' },
      billing: { currency: 'EUR', period },
    }),
    prices: () => ({ defaultRatePerGigabyte: 0.5 }),
    swarmPeers: async () => [],
    catalogue: { get: () => undefined },
  };
  const running = new RunningSavings({ rollout: schema.parse(section), lab: false }, needs);
  const add = (
    household: 0 | 2,
    replicate: number,
    gigabytes: number,
    foreignShare: number,
    uploaded = gigabytes * (1 - foreignShare),
  ): void => {
    const request = new AnnounceRequest();
    request.household = household;
    request.bytes = Buffer.alloc(20, replicate < 24 ? 0xaa : 0xbb);
    const outcome = new AnnounceOutcome();
    outcome.traffic = TRAFFIC_COUNTED;
    outcome.downloadedBytes = gigabytes * GB;
    outcome.uploadedBytes = uploaded * GB;
    outcome.foreignShare = foreignShare;
    outcome.trafficGroup = NORTH;
    meter.note(request, outcome, replicate);
  };
  const minute = (): void => {
    for (let replicate = 0; replicate < 32; replicate++) {
      add(HOUSEHOLD_LOCALISED, replicate, 1, 0.1);
      add(HOUSEHOLD_CONTROL, replicate, 0.1, 0.8);
    }
    for (const atRandom of [false, true]) meter.noteSource(FOREIGN, atRandom);
    nowMs += MINUTE;
    running.record();
  };
  return { running, minute, rules, add };
}

describe('the report', () => {
  it('has no figure but the reason before anything was measured', async () => {
    const report = await start().running.report(NOON - 1, NOON);
    expect(report).toMatchObject({ savings: null, reason: expect.stringContaining('no localised client'), days: [] });
    expect(report.traffic).toMatchObject({ downloadedBytes: 0, foreignBytes: 0 });
  });

  it('adds up minutes over a restart, by day and billing period, at the rate in force', async () => {
    const first = start();
    first.minute();
    period = 'night';
    rate = 0.01;
    first.minute();
    expect(first.running.bySubdomain('downloaded')).toEqual(new Map([['north', expect.closeTo(64 * GB, -4)]]));
    expect(first.running.bySubdomain('foreignByShare')).toEqual(new Map([['north', expect.closeTo(6.4 * GB, -4)]]));
    const second = start();
    second.minute();
    const report = await second.running.report(NOON, NOON + 10 * MINUTE);
    expect(savingsAnswer.parse(report)).toEqual(report);
    expect(report.savings?.downloadedBytes).toBeCloseTo(96 * GB, -4);
    expect(report.savings?.baseline).toMatchObject({ method: 'control-group', replicates: 32 });
    expect(report.savings?.baseline.foreignShare).toBeCloseTo(0.8);
    expect(report.savings?.savedBytes).toBeCloseTo(96 * 0.7 * GB, -4);
    const amounts = report.periods.map(({ period: name, savings }) => [name, savings?.amount]);
    expect(amounts).toEqual([
      [null, expect.closeTo(32 * 0.7 * 0.02)],
      ['night', expect.closeTo(64 * 0.7 * 0.01)],
    ]);
    expect(report.days.map(({ day }) => day)).toEqual(['2026-11-30']);
    expect(report.subdomains).toEqual([
      {
        name: 'north',
        downloadedBytes: expect.closeTo(96 * GB, -4),
        foreignBytes: expect.closeTo(9.6 * GB, -4),
        savedBytes: expect.closeTo(96 * 0.7 * GB, -4),
      },
    ]);
    expect(report.torrents).toEqual(
      [72, 24].map((gigabytes, i) => ({
        name: (i === 0 ? 'aa' : 'bb').repeat(20),
        title: null,
        downloadedBytes: expect.closeTo(gigabytes * GB, -4),
        foreignBytes: expect.closeTo(0.1 * gigabytes * GB, -4),
        savedBytes: expect.closeTo(0.7 * gigabytes * GB, -4),
      })),
    );
    expect(report.sources.map(({ name }) => name)).toEqual(['One']);
    expect(report.percentile95.samples).toBe(1);
    expect(savingsCsv(report as never).split('\r\n')).toHaveLength(3);
  });

  it('a rate of five minutes compares downloads with the uploads of all five, whichever minute they are announced in', async () => {
    const { running, add } = start();
    add(HOUSEHOLD_LOCALISED, 0, 10, 0, 0);
    nowMs += MINUTE;
    running.record();
    add(HOUSEHOLD_LOCALISED, 1, 0, 0, 7);
    nowMs += MINUTE;
    running.record();
    const { percentile95, traffic } = await running.report(NOON, NOON + 10 * MINUTE);
    expect(percentile95).toMatchObject({ samples: 1, foreignBitsPerSecond: expect.closeTo((3 * GB * 8) / 300, -3) });
    expect(traffic.foreignAtLeastBytes).toBeCloseTo(3 * GB, -3);
  });

  it('a reload sends the rules to the data plane, with the groups of the sub-domains', () => {
    const { running, rules } = start();
    running.prepare({ rollout: schema.parse({ percent: 10, subdomains: ['north'] }), lab: false })();
    expect(rules).toEqual([{ percent: 10, controlPercent: 1, groups: [NORTH], shadow: false }]);
  });

  it('the key of households stays over a restart, and a lab has no control group by default', () => {
    const { running } = start();
    expect(start().running.rollout.key).toEqual(running.rollout.key);
    expect(running.rollout.controlPercent).toBe(1);
    running.prepare({ rollout: schema.parse({}), lab: true })();
    expect(running.rollout.controlPercent).toBe(0);
    running.prepare({ rollout: schema.parse({ controlPercent: 5 }), lab: true })();
    expect(running.rollout.controlPercent).toBe(5);
  });
});
