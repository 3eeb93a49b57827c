/** How long to wait before the data plane's thread is started again: at once at first, ever longer while it does not hold. */

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 60_000;
/** A thread that lived so long had not ended over its start: the next failure counts as the first. */
export const STEADY_MS = 5 * 60_000;
/** So many failures in a row, and the swarms that are loaded each time are suspected. */
export const SUSPECT_SNAPSHOT_AFTER = 3;

/** @param failures that went before, in a row */
export function restartWaitMs(failures: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 16));
}
