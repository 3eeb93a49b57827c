/**
 * Density readings as levels. A reading is compared with the median of all fresh ones on a logarithmic scale, in which four
 * levels are a factor of two. So neither the unit nor the time of day needs tuning. A reading older than the freshness
 * decays to neutral in the same time again. A sub-domain that is the only one to report is its own median, so it is neutral.
 */
import { DENSITY_LEVELS, NEUTRAL_DENSITY_LEVEL } from './cost-table.js';

export interface DensityReading {
  readonly bytesPerUserPerSecond: number;
  readonly ageSeconds: number;
  /** Weight, 1 in full … 0 none, if it is known better than from the age alone. */
  readonly freshness?: number | undefined;
}

const LEVELS_PER_DOUBLING = 4;
/** Below this share of the busiest, sub-domains count as equally empty, because the logarithm of 0 is infinite. */
const EMPTY_PART = 1 / 4096;

export interface DensityLevels {
  /** By sub-domain; those that are missing are neutral. */
  readonly levels: ReadonlyMap<string, number>;
  readonly medianBytesPerUserPerSecond: number | undefined;
}

export function densityLevels(readings: ReadonlyMap<string, DensityReading>, freshnessSeconds: number): DensityLevels {
  const trusted: { id: string; value: number; trust: number }[] = [];
  let busiest = 0;
  for (const [id, { bytesPerUserPerSecond, ageSeconds, freshness = 1 }] of readings) {
    const trust = Math.min(1, freshness, 2 - ageSeconds / freshnessSeconds);
    if (!(trust > 0)) continue;
    trusted.push({ id, value: bytesPerUserPerSecond, trust });
    busiest = Math.max(busiest, bytesPerUserPerSecond);
  }
  const levels = new Map<string, number>();
  if (busiest === 0) return { levels, medianBytesPerUserPerSecond: trusted.length > 0 ? 0 : undefined };

  const floor = busiest * EMPTY_PART;
  const doublings = (value: number): number => Math.log2(Math.max(value, floor));
  const sorted = Float64Array.from(trusted, ({ value }) => doublings(value)).sort();
  const middle = sorted.length >>> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  for (const { id, value, trust } of trusted) {
    const level = Math.round(NEUTRAL_DENSITY_LEVEL + LEVELS_PER_DOUBLING * (doublings(value) - median) * trust);
    levels.set(id, Math.min(DENSITY_LEVELS - 1, Math.max(0, level)));
  }
  return { levels, medianBytesPerUserPerSecond: 2 ** median };
}
