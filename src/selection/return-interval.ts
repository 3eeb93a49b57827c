/**
 * When a client is told to announce again, if the answers are about to change: at a border between billing periods, and where
 * a ramp of the limits has opened (`border-limits`). Most clients would announce only half an hour later, some all at once.
 * Instead, each client whose next announce would fall behind such an instant is told to return at random in the quarter of an
 * hour after it. Pure; the announce path calls it, and the simulator may.
 */

/** Clients return spread over this long. */
export const RETURN_WINDOW_SECONDS = 15 * 60;
/** libtorrent never announces again earlier (`min_announce_interval`), so a shorter interval would spread nobody. */
export const SHORTEST_RETURN_SECONDS = 5 * 60;
/** No answer has an interval longer than this many usual ones. */
const LONGEST_INTERVALS = 2;

/**
 * Whether intervals change before a border. Clients with a short interval announce within the window without that.
 * @param longestUsualSeconds the longest interval of an answer far from a border
 */
export function needsReturnWindow(longestUsualSeconds: number): boolean {
  return longestUsualSeconds > RETURN_WINDOW_SECONDS;
}

/**
 * The interval of an answer, in seconds.
 * @param usualSeconds what the client would be told otherwise: the interval with its jitter
 * @param untilSeconds until the answers change; not positive: unknown
 * @param intervalSeconds the interval without jitter
 * @param minIntervalSeconds the shortest interval that the tracker permits
 * @param share random, in [0, 1): where in the window the client returns
 */
export function returnInterval(
  usualSeconds: number,
  untilSeconds: number,
  intervalSeconds: number,
  minIntervalSeconds: number,
  share: number,
): number {
  // It announces before the border once more, and is asked back then.
  if (untilSeconds <= 0 || usualSeconds < untilSeconds) return usualSeconds;
  const first = Math.max(untilSeconds, SHORTEST_RETURN_SECONDS, minIntervalSeconds);
  const end = Math.min(untilSeconds + RETURN_WINDOW_SECONDS, LONGEST_INTERVALS * intervalSeconds);
  return first < end ? first + Math.floor(share * (end - first)) : usualSeconds;
}
