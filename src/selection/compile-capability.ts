/**
 * Reported capability as levels (draft section 4.3.2). One formula: the uplink that is left is worth as much as CPU and
 * memory let the node use of it,
 *
 *     usableBps = availableUplinkBps × (1 − cpuUtilisation) × (1 − memoryUtilisation)
 *     level     = ⌊log2(usableBps / 1 Mb/s)⌋ + 1, within 0 … 7
 *
 * so level 0 is less than 1 Mb/s, 4 (neutral) is 8 to 16 Mb/s, 7 is 64 Mb/s and more.
 */
import { REPORTED_CACHE, reportedCapability } from './address-levels.js';
import { CAPABILITY_LEVELS, NEUTRAL_CAPABILITY_LEVEL, type ReportedCapability } from './cost-table.js';

export interface CapabilityReading {
  /** 0 … 1; absent: nothing is taken off. */
  readonly cpuUtilisation?: number | undefined;
  /** 0 … 1; absent: nothing is taken off. */
  readonly memoryUtilisation?: number | undefined;
  /** Bits per second; absent: what a neutral node has. */
  readonly availableUplinkBps?: number | undefined;
  readonly role?: 'cache' | 'peer' | undefined;
}

const FIRST_LEVEL_BPS = 1e6;
const NEUTRAL_UPLINK_BPS = FIRST_LEVEL_BPS * 2 ** (NEUTRAL_CAPABILITY_LEVEL - 0.5);

export function capabilityLevel(reading: CapabilityReading): number {
  const { availableUplinkBps = NEUTRAL_UPLINK_BPS, cpuUtilisation = 0, memoryUtilisation = 0 } = reading;
  const usableBps = availableUplinkBps * (1 - cpuUtilisation) * (1 - memoryUtilisation);
  if (!(usableBps >= FIRST_LEVEL_BPS)) return 0;
  return Math.min(CAPABILITY_LEVELS - 1, Math.floor(Math.log2(usableBps / FIRST_LEVEL_BPS)) + 1);
}

/**
 * @param readings valid ones, by address (`formatIp`)
 * @param version differs from that of every table with other levels
 * @param before the table that this one will follow
 * @param caches the addresses of the operator's caches: the best level until they report another
 */
export function compileCapability(
  readings: ReadonlyMap<string, CapabilityReading>,
  caches: Iterable<string>,
  version: number,
  before?: ReportedCapability,
): ReportedCapability {
  const byAddress = new Map<string, number>();
  for (const address of caches) byAddress.set(address, (CAPABILITY_LEVELS - 1) | REPORTED_CACHE);
  for (const [address, reading] of readings) {
    const cache = reading.role === 'cache' || byAddress.has(address);
    byAddress.set(address, capabilityLevel(reading) | (cache ? REPORTED_CACHE : 0));
  }
  return reportedCapability(byAddress, version, before);
}
