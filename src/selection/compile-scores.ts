/**
 * Weighs capability against density within a tier (draft section 4.3.3: the order is AS, capability, congestion).
 * `capabilityWeight` is the weight of one level of capability, `densityWeight` that of the whole range from the emptiest to the
 * most congested sub-domain. So with the defaults (0.6 and 0.4) the more capable node ranks first whatever the density
 * (section 4.3.1: U2 before U1). With a density weight k times the other, the whole range outweighs k levels.
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
  // Ranks, not values, are spread over the score levels, so that no level is wasted on a gap without nodes.
  const ranks = new Map([...new Set(badness)].sort((a, b) => a - b).map((value, rank) => [value, rank]));
  return Uint8Array.from(badness, (value) =>
    Math.floor((ranks.get(value)! * SCORE_LEVELS) / Math.max(SCORE_LEVELS, ranks.size)),
  );
}
