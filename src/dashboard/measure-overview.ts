/** The numbers of the dashboard: the data plane's counters, and an estimate of what localisation has saved. */

import { parseInfoHash } from '../domain/info-hash.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { SupervisedDataPlane } from '../tracker/supervised-data-plane.js';
import type { OverviewPort, Savings } from './overview.js';

export interface OverviewNeeds {
  readonly dataPlane: () => Pick<SupervisedDataPlane, 'counters' | 'isUp' | 'swarms'>;
  readonly catalogue: Pick<Catalogue, 'get'>;
  readonly prices: () => { readonly currency: string; readonly defaultRatePerGigabyte: number };
}

/** Swarms in the estimate. Those with the most downloads make nearly all of the traffic. */
const SWARMS_COUNTED = 500;

export function createOverview({ dataPlane, catalogue, prices }: OverviewNeeds): OverviewPort {
  return {
    totals: () => {
      const { announces, sampledPeers, swarms, peers, seeds } = dataPlane().counters();
      const given = sampledPeers.toInner;
      const total = announces.udp + announces.http;
      return { announces: total, peersGiven: given.peers, peersGivenInner: given.inner, swarms, peers, seeds };
    },
    savings: async (): Promise<Savings | undefined> => {
      const given = dataPlane().counters().sampledPeers.toInner;
      if (given.peers === 0) return undefined;
      let downloadedBytes = 0;
      if (!dataPlane().isUp) return undefined;
      for (const swarm of await dataPlane().swarms({ limit: SWARMS_COUNTED, sort: 'completedInner' })) {
        const totalBytes = catalogue.get(parseInfoHash(swarm.infoHash))?.totalBytes ?? 0;
        downloadedBytes += swarm.completedInner * totalBytes;
      }
      if (downloadedBytes === 0) return undefined;
      const bytesInside = downloadedBytes * (given.inner / given.peers);
      const { currency, defaultRatePerGigabyte } = prices();
      return {
        bytesInside,
        amount: (bytesInside / 1e9) * defaultRatePerGigabyte,
        currency,
        basis:
          'downloads that inner clients completed × the size of the torrent, where the catalogue knows it × the inner share of peers given to inner clients × ' +
          `${defaultRatePerGigabyte} ${currency} a gigabyte; an upper bound, as some would have stayed inside by chance`,
      };
    },
  };
}
