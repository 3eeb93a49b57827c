/** The policy as a part of the program: its sections of the configuration, and how it is started. */
import { configPart } from '../config-kit/config-part.js';
import type { Apply, Part, PartContext } from '../part/part.js';
import type { TopologyView } from '../topology/topology-state.js';
import { billingChecks, mixIsPossible, overriddenSubdomains, rampsFitPeriods } from './check-section.js';
import type { GroupCounts } from './peers-by-network.js';
import type { Policy, ReadingsSource } from './policy.js';
import { billingSection, type PolicyConfig, selectionSection } from './section.js';

export const billingPart = configPart<'billing', typeof billingSection, PolicyConfig>({
  key: 'billing',
  schema: billingSection,
  live: [
    'currency',
    'defaultRatePerGigabyte',
    'neighbours',
    'relationshipRates.customer',
    'relationshipRates.peer',
    'relationshipRates.provider',
    'fillRate',
    'rampFor',
    'schedule',
    'overrides',
  ],
  checks: billingChecks,
  advice: [rampsFitPeriods],
  subdomains: overriddenSubdomains,
  text: `billing:
  currency: EUR
  defaultRatePerGigabyte: 0.02          # for every AS without a more specific rate
  neighbours:                           # cost of traffic with them; takes precedence over asRelationships
    - { name: Neighbour One, asns: [64600], ratePerGigabyte: 0.002 }
  relationshipRates: {}                 # per gigabyte: customer, peer (default 0), provider (default: defaultRatePerGigabyte)
  # fillRate: 2Gbit/s                   # optional: the most that all caches together fetch over the border: docs/caches.md
  rampFor: 30m                          # limits of foreign peers grow so long after a period begins, and shrink before one ends; 0s: at once
  schedule:                             # if entries overlap, the first applies; docs/hours.md
    - { name: night, from: "01:00", to: "07:00", timeZone: Europe/Berlin, rateFactor: 0.2, foreignPeersMax: 50 }
      # optional: days: [sat, sun] (on which it begins); neighbours: [Neighbour One] (changes only their rates);
      # foreignPeersMin, foreignPeersMax, foreignPeersWhenNoInnerSeed, gatewaysMax: replace those of selection; rampFor
  overrides: []                         # pairs that rank differently from their AS, e.g.
    # - { requester: north, peer: AS64600, treatAs: same-operator }      # same-as, same-operator or foreign
    # - { requester: "*", peer: south, treatAs: foreign, ratePerGigabyte: 0.001 }
    # - { requester: south, peer: 203.0.113.10, treatAs: same-operator }       # one of operator.caches
`,
});

export interface PolicyNeeds extends Pick<PartContext, 'clock' | 'log'> {
  readonly reports: () => ReadingsSource;
  /** The peers of the tracker by locality group; null until it has counted them. */
  readonly groupCounts: () => GroupCounts | null;
  readonly topology: () => TopologyView & {
    beforeChange(prepare: (config: PolicyConfig, view: TopologyView) => readonly Apply[]): void;
  };
}

export const selectionPart: Part<'selection', typeof selectionSection, PolicyConfig, PolicyNeeds, Policy> = {
  key: 'selection',
  name: 'policy',
  label: 'policy',
  schema: selectionSection,
  live: [
    'enoughInnerPeers',
    'foreignPeersMin',
    'foreignPeersMax',
    'foreignPeersWhenNoInnerSeed',
    'gatewaysMax',
    'capabilityWeight',
    'densityWeight',
    'grain',
  ],
  checks: [mixIsPossible],
  text: `selection:
  enoughInnerPeers: 12                  # draft 4.2 a, b: how many are "enough"; fewer if the client wants fewer
  foreignPeersMin: 0                    # even if there are enough inner peers
  foreignPeersMax: 20                   # "some foreign nodes" if there are too few inner peers
  foreignPeersWhenNoInnerSeed: 3        # also the quota of each gateway, of which a known seed uses two
  gatewaysMax: 16                       # inner peers of a swarm without serving inner seeds that get foreign peers; 0: off
  capabilityWeight: 0.6
  densityWeight: 0.4
  grain: as                             # or subdomain: prefer the requester's own sub-domain
`,
  start: async (config, { clock, log, reports, topology, groupCounts }, previous) => {
    const { Policy } = await import('./policy.js');
    const policy =
      previous ?? new Policy(config, { clock, log, readings: reports(), topology: topology(), groupCounts });
    if (previous === undefined) topology().beforeChange((next, view) => [policy.prepareWith(next, view)]);
    policy.start();
    return policy;
  },
  routes: async (running) => {
    const { billingRoutes } = await import('./api/billing-routes.js');
    const { subdomainRoutes } = await import('./api/subdomain-routes.js');
    return [...billingRoutes(running), ...subdomainRoutes(running)];
  },
  metrics: async (running, { clock }) => {
    const { limitMetrics } = await import('./api/limit-metrics.js');
    return limitMetrics(running, clock);
  },
};
