/**
 * Weighs capability against density within a tier (draft section 4.3.3: the order is AS, capability, congestion).
 * `capabilityWeight` is what one level of capability counts, `densityWeight` what the whole span from the emptiest to the
 * most congested sub-domain counts. So with the defaults (0.6 and 0.4) the more capable node wins whatever the density
 * (section 4.3.1: U2 before U1), and a density weight that is k times the other lets the span outweigh k levels.
 */
import { CAPABILITY_LEVELS, DENSITY_LEVELS, SCORE_LEVELS } from './cost-table.js';

export interface ScoreWeights {
  readonly capabilityWeight: number;
  readonly densityWeight: number;
}

/** @returns [capabilityLevel * DENSITY_LEVELS + densityLevel] → 0 the best … SCORE_LEVELS − 1 */
export function compileScores(weights: ScoreWeights): Uint8Array {
  const cells = CAPABILITY_LEVELS * DENSITY_LEVELS;
  const badness = new Float64Array(cells);
  for (let capability = 0; capability < CAPABILITY_LEVELS; capability++) {
    for (let density = 0; density < DENSITY_LEVELS; density++) {
      const value =
        weights.capabilityWeight * (CAPABILITY_LEVELS - 1 - capability) +
        (weights.densityWeight * density) / (DENSITY_LEVELS - 1);
      // Rounded, so that sums which are equal on paper are equal here.
      badness[capability * DENSITY_LEVELS + density] = Math.round(value * 1e9);
    }
  }
  // Ranks, not values, are spread over the score levels: no level is wasted on a gap that no node can be in.
  const ranks = new Map([...new Set(badness)].sort((a, b) => a - b).map((value, rank) => [value, rank]));
  return Uint8Array.from(badness, (value) =>
    Math.floor((ranks.get(value)! * SCORE_LEVELS) / Math.max(SCORE_LEVELS, ranks.size)),
  );
}
