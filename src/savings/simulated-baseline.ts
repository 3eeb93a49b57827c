/**
 * The baseline without a control group: what simulated swarms have when an original tracker answers, by the share of inner
 * peers. The tracker knows only the foreign peers that announce here or that original trackers have named, so this says less than a
 * control group, and its margin is wide. Values of `npm run bench -- savings-truth` (foreign bytes at the original, divided by all).
 */
import type { SimulatedBaseline } from './estimate.js';

/** Share of inner peers in a swarm, and foreign share of the bytes of inner clients. */
const SIMULATED: readonly (readonly [innerShare: number, foreignShare: number])[] = [
  [0, 1],
  [0.1, 0.907],
  [0.3, 0.708],
  [0.6, 0.42],
  [1, 0],
];
const MARGIN = 0.15;

/** Peers of a swarm. */
export interface SwarmPeers {
  readonly innerPeers: number;
  /** Those that announce here and those that original trackers have named. */
  readonly peers: number;
}

/** Weighted by inner peers. @returns undefined if there are none */
export function simulatedBaseline(swarms: readonly SwarmPeers[]): SimulatedBaseline | undefined {
  let weight = 0;
  let share = 0;
  for (const { innerPeers, peers } of swarms) {
    if (innerPeers === 0) continue;
    weight += innerPeers;
    share += innerPeers * foreignShareAt(innerPeers / peers);
  }
  return weight === 0 ? undefined : { foreignShare: share / weight, margin: MARGIN };
}

function foreignShareAt(innerShare: number): number {
  const to = SIMULATED.findIndex(([share]) => share >= innerShare);
  if (to <= 0) return SIMULATED[0]![1];
  const [lowShare, low] = SIMULATED[to - 1]!;
  const [highShare, high] = SIMULATED[to]!;
  return low + ((high - low) * (innerShare - lowShare)) / (highShare - lowShare);
}
