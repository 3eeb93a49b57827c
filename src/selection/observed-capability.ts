/**
 * Capability of clients that do not report it (draft 4.3.2), from what they have uploaded between two announces. Little upload
 * may mean little demand, so it lowers the level only slightly; without uploads the level fades to neutral, and no announce
 * changes it by more than one step. Much upload does not raise the level above neutral: newcomers have uploaded nothing yet, so
 * they would rank behind others and be handed out to nobody (simulated: a fifth to a quarter slower, docs/simulation.md).
 */
import { NEUTRAL_CAPABILITY_LEVEL } from './cost-table.js';

/** Announces closer together than this do not determine a rate. */
export const OBSERVE_AT_LEAST_SECONDS = 30;
export const OBSERVED_UNIT_BYTES = 16_384;
/** The lowest level that is ever concluded from slow uploads. */
const LOWEST_OBSERVED = 3;
/** The upload rate of a neutral peer. */
const NEUTRAL_RATE_BPS = 64 * 1024;
/** 10 Gb/s: a higher claim is ignored. */
const INCREDIBLE_BPS = 1.25e9;

/**
 * @param level the level held until now
 * @param uploadedUnits growth since the last announce, in units of {@link OBSERVED_UNIT_BYTES}
 */
export function observeCapability(level: number, uploadedUnits: number, seconds: number): number {
  if (seconds < OBSERVE_AT_LEAST_SECONDS) return level;
  const rate = (uploadedUnits * OBSERVED_UNIT_BYTES) / seconds;
  let target = NEUTRAL_CAPABILITY_LEVEL;
  if (rate > 0 && rate < INCREDIBLE_BPS) {
    target = NEUTRAL_CAPABILITY_LEVEL + Math.floor(Math.log2(rate / NEUTRAL_RATE_BPS));
    target = Math.max(LOWEST_OBSERVED, Math.min(NEUTRAL_CAPABILITY_LEVEL, target));
  }
  return level + Math.sign(target - level);
}
