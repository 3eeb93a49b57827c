/** The numbers of the dashboard: the data plane's counters, and what localisation has saved in the last 30 days. */

import type { Clock } from '../domain/clock.js';
import type { Policy } from '../policy/policy.js';
import type { RunningSavings } from '../savings/running-savings.js';
import type { SupervisedDataPlane } from '../tracker/supervised-data-plane.js';
import type { OverviewPort, Savings } from './overview.js';

export interface OverviewNeeds {
  readonly dataPlane: () => Pick<SupervisedDataPlane, 'counters'>;
  readonly policy: () => Pick<Policy, 'peers'>;
  readonly clock: Clock;
  readonly savingsReport: () => Pick<RunningSavings, 'report'>;
}

/** Of the savings. */
const SAVINGS_WINDOW_MS = 30 * 86_400_000;

export function createOverview({ dataPlane, policy, clock, savingsReport }: OverviewNeeds): OverviewPort {
  return {
    totals: () => {
      const { announces, sampledPeers, swarms, peers, seeds } = dataPlane().counters();
      const given = sampledPeers.toInner;
      const total = announces.udp + announces.http;
      const network = policy().peers;
      return {
        ...{ announces: total, peersGiven: given.peers, peersGivenInner: given.inner, swarms, peers, seeds },
        byNetwork: network && {
          countedAt: new Date(network.countedAtMs).toISOString(),
          inner: network.inner,
          foreign: network.foreign,
        },
      };
    },
    savings: async (): Promise<Savings | undefined> => {
      const toMs = clock.nowMs();
      const { savings, currency, window } = await savingsReport().report(toMs - SAVINGS_WINDOW_MS, toMs);
      if (savings === null) return undefined;
      const { savedBytes, savedBytesRange, amount, amountRange, baseline } = savings;
      return {
        ...{ savedBytes, savedBytesRange, amount, amountRange, currency },
        from: window.from,
        to: window.to,
        method: baseline.method,
        basis: baseline.explanation,
      };
    },
  };
}
