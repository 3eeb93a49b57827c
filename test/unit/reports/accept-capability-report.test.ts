import { describe, expect, test } from 'vitest';
import { acceptCapabilityReport, capabilityFreshness } from '../../../src/reports/accept-capability-report.js';
import { objectionToCapability } from '../../../src/reports/authorise-report.js';

const NOW_MS = Date.parse('2026-11-22T10:05:00Z');
const plan = {
  uplinkBpsMax: () => 50e6,
  isCache: (address: string) => address === '203.0.113.10',
  isInner: () => true,
};

describe('a capability report', () => {
  const said = { address: '203.0.113.77', availableUplinkBps: 1e12, role: 'cache' as const };

  test('is cut down to what the line carries, and no node makes itself a cache', () => {
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
