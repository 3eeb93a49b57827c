/**
 * Distinguishes a probe's wrong clock from late reports. The delay from the end of a period to the arrival of its
 * report is the network's few milliseconds plus the skew. Only a clock that is ahead gives negative delays. A clock
 * that is behind gives long, constant delays, while those of a spool that is being sent shrink.
 */
import { SKEW_MIN_REPORTS, SKEW_SHOWN_MS, SKEW_WINDOW_REPORTS } from './limits.js';

/** @returns the newest delays with `delayMs` added, at most {@link SKEW_WINDOW_REPORTS} */
export function rememberDelay(delaysMs: readonly number[], delayMs: number): readonly number[] {
  return [...delaysMs, delayMs].slice(-SKEW_WINDOW_REPORTS);
}

/**
 * @param delaysMs newest last: arrival minus end of period
 * @returns milliseconds by which the probe's clock is behind (negative: ahead); 0 if the delays do not show it
 */
export function estimateSkewMs(delaysMs: readonly number[]): number {
  const newest = delaysMs.at(-1);
  if (newest === undefined) return 0;
  if (newest < -SKEW_SHOWN_MS) return newest;
  if (delaysMs.length < SKEW_MIN_REPORTS) return 0;
  const least = Math.min(...delaysMs);
  const spread = Math.max(...delaysMs) - least;
  return least > SKEW_SHOWN_MS && spread <= SKEW_SHOWN_MS ? least : 0;
}
