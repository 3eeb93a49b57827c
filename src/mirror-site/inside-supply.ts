/**
 * About how fast somebody who comes now can fetch from inside the network: what all peers there can upload, shared among those
 * who are fetching. Only what is known counts: the uplinks that nodes have reported, and for the others the usual one that the
 * operator has configured. Where neither is known there is no estimate.
 */
import type { SwarmCounts } from './inner-counts.js';

/** Of the peers inside that have reported their uplink. */
export interface ReportedUplinks {
  readonly count: number;
  /** Of all of them, in bits per second. */
  readonly bps: number;
}

/** @returns bits per second, one significant digit: more would promise more than is known */
export function supplyBps(
  { seeds, leechers }: SwarmCounts,
  reported: ReportedUplinks,
  usualUplinkBps: number | undefined,
): number | undefined {
  if (seeds === 0) return undefined;
  const others = Math.max(0, seeds + leechers - reported.count);
  const share = (reported.bps + others * (usualUplinkBps ?? 0)) / (leechers + 1);
  return share >= 1_000 ? Number(share.toPrecision(1)) : undefined;
}
