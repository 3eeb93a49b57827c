import { describe, expect, test } from 'vitest';
import { signatureFault, signRequest } from '../../../src/control-api/request-signature.js';
import { sha256Hex, TokenDirectory } from '../../../src/control-api/token-directory.js';
import { UsedSignatures } from '../../../src/control-api/used-signatures.js';
import { ReportsService } from '../../../src/reports/reports-service.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { ReportsPruning } from '../../../src/store/sqlite/reports-pruning.js';
import { ReportsStore } from '../../../src/store/sqlite/reports-store.js';
import { SignaturesStore } from '../../../src/store/sqlite/signatures-store.js';

const NOW_MS = Date.parse('2026-11-22T10:05:00Z');

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
    expect(fault({ nowMs: NOW_MS + 301_000 }, new UsedSignatures(stored))).toContain('too far from');
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
