import { describe, expect, test } from 'vitest';
import { acceptCapabilityReport, capabilityFreshness } from '../../../src/reports/accept-capability-report.js';
import { objectionToCapability } from '../../../src/reports/authorise-report.js';
import { SignatureChecker, signRequest } from '../../../src/reports/request-signature.js';
import { sha256Hex, TokenDirectory } from '../../../src/reports/token-directory.js';

const NOW_MS = Date.parse('2026-11-22T10:05:00Z');
const plan = { uplinkBpsMax: () => 50e6, isCache: (address: string) => address === '203.0.113.10' };

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

  test('may come from the node itself or the operator, and from nobody else', () => {
    const operator = { kind: 'operator', name: 'x', key: '' } as const;
    const probe = { kind: 'probe', name: 'x', subdomains: ['north'], key: '' } as const;
    const about = { address: '203.0.113.10' };
    expect(objectionToCapability(undefined, '203.0.113.10', about)).toBeUndefined();
    expect(objectionToCapability(operator, '198.51.100.1', about)).toBeUndefined();
    for (const principal of [undefined, probe]) {
      expect(objectionToCapability(principal, '198.51.100.1', about)).toMatchObject({ field: 'address' });
    }
  });
});

describe('a signature', () => {
  const key = sha256Hex('secret');
  const body = Buffer.from('{"a":1}');

  test('holds for its body and its time, once', () => {
    const checker = new SignatureChecker();
    const header = signRequest(key, body, NOW_MS);
    expect(checker.fault(header, ['0'.repeat(64), key], body, NOW_MS + 60_000)).toBeUndefined();
    expect(checker.fault(header, [key], body, NOW_MS + 60_000)).toContain('used before');
  });

  test.each([
    ['another body', Buffer.from('{"a":2}'), NOW_MS, key],
    ['another key', body, NOW_MS, sha256Hex('other')],
    ['an old time', body, NOW_MS + 301_000, key],
    ['a time to come', body, NOW_MS - 301_000, key],
  ])('does not hold for %s', (_what, bytes, nowMs, usedKey) => {
    expect(new SignatureChecker().fault(signRequest(key, body, NOW_MS), [usedKey], bytes, nowMs)).toBeDefined();
  });

  test('of another form is refused', () => {
    expect(new SignatureChecker().fault('v1=00', [key], body, NOW_MS)).toContain('form');
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
