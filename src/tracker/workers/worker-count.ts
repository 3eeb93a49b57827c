/** How many workers the data plane has. */
import { availableParallelism } from 'node:os';

/** More are not configurable: every two of them share memory for what they pass on, 160 MB for all of so many. */
export const MAX_WORKERS = 32;

/**
 * @param configured `auto`: one for each core that the process may use, less one for everything else
 * @param cores that the process may use
 */
export function workerCount(configured: 'auto' | number, cores = availableParallelism()): number {
  if (configured !== 'auto') return configured;
  return Math.min(MAX_WORKERS, Math.max(1, cores - 1));
}
