/** What roll-out and savings are given of the tracker, and what others are given of them. */
import { savingsPart } from '../savings/part.js';
import type { RolloutRules } from '../selection/household-groups.js';
import { MAX_LISTED_SWARMS } from '../tracker/limits.js';
import type { SupervisedDataPlane } from '../tracker/supervised-data-plane.js';

interface Startable<Running> {
  readonly name: string;
  start(...given: never[]): Promise<Running>;
}

export function savingsServices(
  parts: { get<Running>(part: Startable<Running>): Running },
  dataPlane: () => Pick<SupervisedDataPlane, 'traffic' | 'takeTorrentTraffic' | 'swarms' | 'setRollout'>,
) {
  return {
    rollout: () => parts.get(savingsPart).rollout,
    savingsReport: () => parts.get(savingsPart),
    setRollout: (rules: RolloutRules) => dataPlane().setRollout(rules),
    traffic: () => dataPlane().traffic(),
    takeTorrentTraffic: () => dataPlane().takeTorrentTraffic(),
    swarmPeers: async () => {
      const swarms = await dataPlane().swarms({ limit: MAX_LISTED_SWARMS, sort: 'leechers' });
      return swarms.map(({ inner, seeds, leechers, upstreamPeers }) => ({
        innerPeers: inner.seeds + inner.leechers,
        peers: seeds + leechers + upstreamPeers,
      }));
    },
  };
}
