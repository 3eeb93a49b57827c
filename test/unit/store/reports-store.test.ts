import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pruneOnce } from '../../../src/reports/prune-reports.js';
import { openDatabase, type SqliteDatabase } from '../../../src/store/sqlite/database.js';
import { ReportsPruning } from '../../../src/store/sqlite/reports-pruning.js';
import { ReportsStore } from '../../../src/store/sqlite/reports-store.js';
import { TokensStore } from '../../../src/store/sqlite/tokens-store.js';

const NOW_MS = Date.parse('2026-11-22T10:05:00Z');
const DAY_MS = 24 * 3_600_000;
let database: SqliteDatabase;
beforeEach(() => {
  database = openDatabase(':memory:');
});
afterEach(() => {
  database.close();
});

const count = (table: string): number => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;

function addReports(store: ReportsStore, days: readonly number[]): number {
  return store.commit(() => {
    const probeKey = store.addProbe('dp', NOW_MS);
    days.forEach((days, sequence) => {
      const receivedMs = NOW_MS - days * DAY_MS;
      const bucketStartSeconds = Math.floor(receivedMs / 3_600_000) * 3600;
      store.addReport({ probeKey, sequence, periodStartMs: receivedMs, periodSeconds: 60, receivedMs }, [
        { subdomainId: 'north', bytes: 5, users: 1, quarantineReason: null },
      ]);
      const share = [{ bucketStartSeconds, coveredSeconds: 60 }];
      store.addToRollUps(probeKey, 'north', { bytesPerSecond: 1, users: 1 }, { fiveMinutes: share, hours: share });
    });
    return probeKey;
  });
}

describe('the store of reports', () => {
  test('keeps raw reports for a day and roll-ups for a year', () => {
    const store = new ReportsStore(database);
    const probeKey = addReports(store, [400, 300, 2, 0.5, 0]);
    const options = { pruning: new ReportsPruning(database), clock: { nowMs: () => NOW_MS }, onError: () => {} };
    while (pruneOnce(options)) {
      // again
    }
    expect(count('density_report')).toBe(2);
    expect(count('density_sample')).toBe(2);
    expect(count('density_five_minutes')).toBe(4);
    expect(count('density_hour')).toBe(4);
    expect([2, 3, 4].map((sequence) => store.hasSequence(probeKey, sequence))).toEqual([false, true, true]);
  });

  test('prunes in pieces', () => {
    const store = new ReportsStore(database);
    addReports(
      store,
      Array.from({ length: 25 }, () => 3),
    );
    const pruning = new ReportsPruning(database);
    const before = { rawMs: NOW_MS - DAY_MS, rollUpsMs: 0, capabilityMs: 0, signaturesMs: 0 };
    const pieces = [pruning.pruneChunk(before, 10), pruning.pruneChunk(before, 10), pruning.pruneChunk(before, 10)];
    expect(pieces).toEqual([true, true, false]);
    expect(count('density_report')).toBe(0);
  });

  test('nothing of a node stays in the file once its capability is ignored', () => {
    const folder = mkdtempSync(join(tmpdir(), 'alias-tracker-erased-'));
    const file = join(folder, 'x.sqlite');
    const onDisk = openDatabase(file);
    try {
      const store = new ReportsStore(onDisk);
      const facts = { port: 6881, cpuUtilisation: 0.5, memoryUtilisation: undefined, availableUplinkBps: 1e6 };
      for (let host = 1; host <= 200; host++) {
        const address = `203.0.113.${host}`;
        store.commit(() => store.saveCapability({ address, ...facts, role: 'peer', receivedMs: NOW_MS + host }));
      }
      const addressesInFile = (): number => {
        onDisk.exec('PRAGMA wal_checkpoint(TRUNCATE)');
        return readFileSync(file).toString('latin1').split('203.0.113.').length - 1;
      };
      expect(addressesInFile()).toBeGreaterThanOrEqual(200);
      const before = { rawMs: 0, rollUpsMs: 0, signaturesMs: 0, capabilityMs: NOW_MS + 201 };
      expect(new ReportsPruning(onDisk).pruneChunk(before, 10)).toBe(false);
      expect(addressesInFile()).toBe(0);
    } finally {
      onDisk.close();
      rmSync(folder, { recursive: true });
    }
  });

  test('an undone transaction leaves nothing, not even the key of a new sub-domain', () => {
    const store = new ReportsStore(database);
    const fail = (): void => {
      store.saveUsers('north', 5, NOW_MS);
      throw new Error('stop');
    };
    expect(() => store.commit(fail)).toThrow('stop');
    expect(store.loadUsers()).toEqual([]);
    store.commit(() => store.saveUsers('south', 6, NOW_MS));
    store.commit(() => store.saveUsers('north', 7, NOW_MS));
    expect(store.loadUsers().map((row) => [row.subdomainId, row.users])).toEqual([
      ['south', 6],
      ['north', 7],
    ]);
  });

  test('a capability keeps what was not said as not said', () => {
    const store = new ReportsStore(database);
    const reading = {
      address: '203.0.113.10',
      port: undefined,
      cpuUtilisation: 0,
      memoryUtilisation: undefined,
      availableUplinkBps: 2.5e9,
      role: 'cache',
      receivedMs: NOW_MS,
    } as const;
    store.commit(() => store.saveCapability(reading));
    expect(store.loadCapability(NOW_MS - 1)).toEqual([reading]);
    expect(store.loadCapability(NOW_MS)).toEqual([]);
  });
});

describe('the store of tokens', () => {
  const token = {
    tokenId: 't1',
    kind: 'probe',
    subject: 'dp',
    subdomains: ['north', 'south'],
    tokenSha256: 'abc',
    createdMs: NOW_MS,
    revokedMs: null,
  } as const;

  test('gives back what was added, and revokes once', () => {
    const tokens = new TokensStore(database);
    tokens.add(token);
    expect(tokens.list()).toEqual([token]);
    expect(tokens.revoke('t1', NOW_MS + 1)).toBe(true);
    expect(tokens.revoke('t1', NOW_MS + 2)).toBe(false);
    expect(tokens.list()).toEqual([{ ...token, revokedMs: NOW_MS + 1 }]);
  });
});
