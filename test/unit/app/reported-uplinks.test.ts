/** Uplinks that peers inside the network have reported: the mirror site counts these alone. */
import { describe, expect, it } from 'vitest';
import { reportedUplinks } from '../../../src/app/reported-uplinks.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import type { CapabilityReading } from '../../../src/reports/accept-capability-report.js';
import { hashOf } from '../../support/catalogue-entries.js';

const SILENT = {
  port: 6881,
  receivedMs: 0,
  cpuUtilisation: undefined,
  memoryUtilisation: undefined,
  availableUplinkBps: undefined,
  role: 'peer' as const,
};
const clock = { nowMs: () => 1 };
const peers = ['203.0.113.1', '2001:db8:100::2', '203.0.113.3', '203.0.113.4'];
let asked = 0;
const dataPlane = {
  innerPeers: async () => {
    asked++;
    return peers.map((address) => ({ ...parseIp(address), port: 6881, seed: true }));
  },
};
const reportsOf = (uplinks: Readonly<Record<string, Partial<CapabilityReading>>>) => ({
  nodes: Object.keys(uplinks).length,
  capabilityReading: (address: string) => {
    const found = uplinks[address];
    return found && { ...SILENT, address, ...found };
  },
});

describe('reported uplinks', () => {
  it('are what nodes have left of them, of both families', async () => {
    const reports = reportsOf({
      '203.0.113.1': { availableUplinkBps: 20e6, cpuUtilisation: 0.5 },
      '2001:db8:100::2': { availableUplinkBps: 10e6 },
      '203.0.113.3': { cpuUtilisation: 0.1 },
      '198.51.100.9': { availableUplinkBps: 99e6 },
    });
    expect(await reportedUplinks(hashOf(1), dataPlane, reports, clock)).toEqual({ count: 2, bps: 20e6 });
  });

  it('cost the tracker no question while no node reports', async () => {
    const before = asked;
    expect(await reportedUplinks(hashOf(1), dataPlane, reportsOf({}), clock)).toEqual({ count: 0, bps: 0 });
    expect(asked).toBe(before);
  });
});
