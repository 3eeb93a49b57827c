/**
 * Decides on a capability report (draft 4.3.2): limits it to what the node's line can carry, and sets how long it
 * counts. `authorise-report` has checked before who may report for an address.
 */
import { CAPABILITY_FRESH_MS, CAPABILITY_GONE_MS } from './limits.js';

export interface CapabilityReport {
  /** RFC 5952 text. */
  readonly address: string;
  readonly port?: number | undefined;
  /** 0 idle … 1 busy. */
  readonly cpuUtilisation?: number | undefined;
  readonly memoryUtilisation?: number | undefined;
  /** Free uplink in bits per second for more uploads. */
  readonly availableUplinkBps?: number | undefined;
  readonly role?: 'cache' | 'peer' | undefined;
  /** True: its torrents and address may be named to original trackers that cooperate. */
  readonly shareWithOriginals?: boolean | undefined;
}

export interface CapabilityReading {
  readonly address: string;
  readonly port: number | undefined;
  readonly cpuUtilisation: number | undefined;
  readonly memoryUtilisation: number | undefined;
  readonly availableUplinkBps: number | undefined;
  readonly role: 'cache' | 'peer';
  /** Not stored: after a restart nobody agrees until the next report. */
  readonly shareWithOriginals?: boolean;
  readonly receivedMs: number;
}

/** What the operator configured for an address. */
export interface CapabilityLimits {
  /** Bits per second that the line of this address can upload. */
  uplinkBpsMax(address: string): number;
  /** True if the operator's own networks contain the address. */
  isInner(address: string): boolean;
  /** True if the address is one of the operator's own caches (`operator.caches`). */
  isCache(address: string): boolean;
}

/**
 * @param bySelf true if the node reports without an operator's token: it is a cache only if the configuration says so
 */
export function acceptCapabilityReport(
  report: CapabilityReport,
  plan: CapabilityLimits,
  bySelf: boolean,
  nowMs: number,
): { readonly reading: CapabilityReading; readonly clamped: readonly string[] } {
  const clamped: string[] = [];
  const limitBps = plan.uplinkBpsMax(report.address);
  let uplinkBps = report.availableUplinkBps;
  if (uplinkBps !== undefined && uplinkBps > limitBps) {
    clamped.push('availableUplinkBps');
    uplinkBps = limitBps;
  }
  let role: 'cache' | 'peer' = report.role ?? (plan.isCache(report.address) ? 'cache' : 'peer');
  if (role === 'cache' && bySelf && !plan.isCache(report.address)) {
    clamped.push('role');
    role = 'peer';
  }
  const reading: CapabilityReading = {
    address: report.address,
    port: report.port,
    cpuUtilisation: report.cpuUtilisation,
    memoryUtilisation: report.memoryUtilisation,
    availableUplinkBps: uplinkBps,
    role,
    ...(report.shareWithOriginals ? { shareWithOriginals: true } : {}),
    receivedMs: nowMs,
  };
  return { reading, clamped };
}

/** 1 counts in full … 0 is ignored. */
export function capabilityFreshness(ageMs: number): number {
  if (ageMs <= CAPABILITY_FRESH_MS) return 1;
  if (ageMs >= CAPABILITY_GONE_MS) return 0;
  return (CAPABILITY_GONE_MS - ageMs) / (CAPABILITY_GONE_MS - CAPABILITY_FRESH_MS);
}
