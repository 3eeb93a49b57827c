import { describe, expect, test } from 'vitest';
import { acceptCapabilityReport, capabilityFreshness } from '../../../src/reports/accept-capability-report.js';
import { objectionToCapability } from '../../../src/reports/authorise-report.js';
import { ReportsService } from '../../../src/reports/reports-service.js';
import { signatureFault, signRequest } from '../../../src/reports/request-signature.js';
import { sha256Hex, TokenDirectory } from '../../../src/reports/token-directory.js';
import { UsedSignatures } from '../../../src/reports/used-signatures.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { ReportsPruning } from '../../../src/store/sqlite/reports-pruning.js';
import { ReportsStore } from '../../../src/store/sqlite/reports-store.js';
import { SignaturesStore } from '../../../src/store/sqlite/signatures-store.js';

const NOW_MS = Date.parse('2026-11-22T10:05:00Z');
const plan = {
  uplinkBpsMax: () => 50e6,
  isCache: (address: string) => address === '203.0.113.10',
  isInner: () => true,
};

describe('a capability report', () => {
  const said = { address: '203.0.113.77', availableUplinkBps: 1e12, role: 'cache' as const };

  test('is cut down to what the line carries, and nobody makes himself a cache', () => {
    const { reading, clamped } = acceptCapabilityReport(said, plan, true, NOW_MS);
    expect(reading).toMatchObject({ availableUplinkBps: 50e6, role: 'peer', receivedMs: NOW_MS });
    expect(clamped).toEqual(['availableUplinkBps', 'role']);
  });

  test('of an own cache is one, and so is what an operator says', () => {
    const own = acceptCapabilityReport({ address: '203.0.113.10' }, plan, true, NOW_MS);
    expect(own).toMatchObject({ clamped: [], reading: { role: 'cache' } });
    expect(acceptCapabilityReport(said, plan, false, NOW_MS).reading.role).toBe('cache');
  });

  test('fades and is forgotten', () => {
    expect([60_000, 900_000, 1e9].map(capabilityFreshness)).toEqual([1, 0, 0]);
    expect(capabilityFreshness(500_000)).toBeGreaterThan(0);
    expect(capabilityFreshness(500_000)).toBeLessThan(1);
  });

  test('may come from a node of the operator’s networks or the operator, and from nobody else', () => {
    const operator = { kind: 'operator', name: 'x', key: '' } as const;
    const probe = { kind: 'probe', name: 'x', subdomains: ['north'], key: '' } as const;
    const about = { address: '203.0.113.10' };
    const isInner = (address: string) => address === about.address;
    expect(objectionToCapability(undefined, '203.0.113.10', about, isInner)).toBeUndefined();
    expect(objectionToCapability(operator, '198.51.100.1', about, isInner)).toBeUndefined();
    for (const principal of [undefined, probe]) {
      expect(objectionToCapability(principal, '198.51.100.1', about, isInner)).toMatchObject({ field: 'address' });
      const ownWord = { address: '198.51.100.1' };
      expect(objectionToCapability(principal, '198.51.100.1', ownWord, isInner)).toMatchObject({ field: 'address' });
    }
  });
});

describe('a signature', () => {
  const key = sha256Hex('secret');
  const request = { method: 'POST', path: '/api/v1/density?x=1', probe: 'dp', body: '{"a":1}' };
  const fault = (
    changes: Partial<typeof request & { key: string; nowMs: number; header: string }> = {},
    used = new UsedSignatures(),
  ): string | undefined => {
    const { 'x-alias-signature': header, 'content-digest': digest } = signRequest(key, request, NOW_MS, 'nonce-0001');
    const other = signRequest(key, { ...request, ...changes }, NOW_MS, 'nonce-0001')['content-digest'];
    const { method, path, probe, nowMs = NOW_MS, key: usedKey = key } = { ...request, ...changes };
    const parts = { method, path, probe, contentDigest: changes.body === undefined ? digest : other };
    return signatureFault(changes.header ?? header!, parts, ['0'.repeat(64), usedKey], used, nowMs);
  };

  test('holds for its request and its time, once', () => {
    const used = new UsedSignatures();
    expect(fault({ nowMs: NOW_MS + 60_000 }, used)).toBeUndefined();
    expect(fault({ nowMs: NOW_MS + 60_000 }, used)).toContain('used before');
  });

  test.each([
    ['another method', { method: 'PUT' }],
    ['another path', { path: '/api/v1/users?x=1' }],
    ['another query', { path: '/api/v1/density?x=2' }],
    ['another probe', { probe: 'dp-2' }],
    ['another body', { body: '{"a":2}' }],
    ['another key', { key: sha256Hex('other') }],
    ['an old time', { nowMs: NOW_MS + 301_000 }],
    ['a time to come', { nowMs: NOW_MS - 301_000 }],
    ['another form', { header: 'v2=00' }],
    ['the form of the first release', { header: `t=${NOW_MS / 1000},v1=${'0'.repeat(64)}` }],
  ])('does not hold for %s, which uses nothing up', (_what, changes) => {
    const used = new UsedSignatures();
    expect(fault(changes, used)).toBeDefined();
    expect(fault({}, used)).toBeUndefined();
  });

  test.each([undefined, 'sha-512=:AAAA:', 'sha-256=:AAAA:, sha-256=:BBBB:'])(
    'does not hold without one SHA-256 of the body (%s)',
    (contentDigest) => {
      const parts = { method: 'POST', path: '/', probe: 'dp', contentDigest };
      const header = `t=${NOW_MS / 1000},n=nonce-0001,v2=${'0'.repeat(64)}`;
      expect(signatureFault(header, parts, [key], new UsedSignatures(), NOW_MS)).toContain('Content-Digest');
    },
  );

  test('that was used is remembered over a restart, until it expires', async () => {
    const database = openDatabase(':memory:');
    const signatures = new SignaturesStore(database);
    const clock = { nowMs: () => NOW_MS };
    const service = new ReportsService({
      store: new ReportsStore(database),
      signatures,
      clock,
      directory: { probes: () => new Map(), isRevoked: () => false },
      isKnownSubdomain: () => true,
      plan: { uplinkBpsMax: () => 1e9, isCache: () => false, isInner: () => true },
    });
    const used = new UsedSignatures([], (each) => service.rememberSignature(each));
    expect(fault({}, used)).toBeUndefined();
    // The report that it signed is answered: what came before is on disk, whatever happens to the process now.
    await service.submitUsers({ kind: 'operator', name: 'x', key: '' }, [{ id: 'north', users: 1 }]);
    const stored = signatures.load(NOW_MS);
    expect(fault({}, new UsedSignatures(stored))).toContain('used before');
    expect(fault({ nowMs: NOW_MS + 301_000 }, new UsedSignatures(stored))).toContain('another time');
    const before = { rawMs: 0, rollUpsMs: 0, capabilityMs: 0 };
    new ReportsPruning(database).pruneChunk({ ...before, signaturesMs: NOW_MS + 300_000 }, 10);
    expect(signatures.load(0)).toHaveLength(1);
    new ReportsPruning(database).pruneChunk({ ...before, signaturesMs: NOW_MS + 300_001 }, 10);
    expect(signatures.load(0)).toEqual([]);
    service.stop();
    database.close();
  });
});

describe('the tokens of the configuration', () => {
  const directory = new TokenDirectory({
    controlToken: 'control',
    probes: [
      { id: 'a', subdomains: ['north'], token: 'token-a' },
      { id: 'certified', subdomains: ['south'] },
    ],
  });

  test('name their holders', () => {
    expect(directory.byToken('control')).toMatchObject({ kind: 'operator' });
    expect(directory.byToken('token-a')).toMatchObject({ kind: 'probe', name: 'a', subdomains: ['north'] });
    expect(directory.byToken('')).toBeUndefined();
    expect(directory.byToken('token-A')).toBeUndefined();
  });

  test('a probe without a token is known by name, for its certificate', () => {
    expect(directory.probeByName('certified')).toMatchObject({ subdomains: ['south'] });
    expect(directory.probeByName('nobody')).toBeUndefined();
  });
});
