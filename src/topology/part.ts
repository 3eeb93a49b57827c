/** The operator's network and the rest of the world as parts of the program: their sections of the configuration, and how the topology is started. */
import { configPart } from '../config-kit/config-part.js';
import type { GroupNameStore } from '../domain/locality-group.js';
import type { Part, PartContext } from '../part/part.js';
import { cachePreferences, operatorChecks, reservedNetworks } from './check-section.js';
import { type OperatorConfig, operatorSection, type TopologyConfig, topologySection } from './section.js';
import type { TopologySource, Turns } from './topology-source.js';
import type { TopologyView } from './topology-state.js';

export const operatorPart = configPart<'operator', typeof operatorSection, OperatorConfig>({
  key: 'operator',
  schema: operatorSection,
  live: ['name', 'networks', 'subdomains', 'caches'],
  checks: operatorChecks,
  advice: [reservedNetworks],
  subdomains: cachePreferences,
  text: `operator:
  name: Example Telecom
  networks:                             # the first is the home AS, the others are siblings of the same operator
    - { asn: 64500, prefixes: [203.0.113.0/24, "2001:db8:100::/40"] }
    - { asn: 64501, prefixes: [198.51.100.0/24] }
  subdomains:                           # access networks; the longest prefix wins. Or: subdomains: { file: plan.csv }, with
                                        # lines prefix,subdomain[,asn[,uplinkBpsMax]]
    - { id: north, prefixes: [203.0.113.0/25] }
    - { id: south, prefixes: [203.0.113.128/25], uplinkBpsMax: 40000000 }   # optional: the fastest uplink of a line
  caches:                               # the operator's own nodes; preferredBy: the sub-domains that prefer it (default: all);
    - { address: 203.0.113.10, preferredBy: [north] }                 # others get it after all other inner peers
      # optional: uplinkBpsMax, of the cache itself; that of its sub-domain applies to customers only
`,
});

export interface TopologyNeeds extends Pick<PartContext, 'log'> {
  readonly groupStore: GroupNameStore;
  /** Reloads and checks of changed files, one at a time. */
  readonly turns: Turns;
  /** @throws OperatorError if the configuration names a sub-domain that the topology lacks */
  readonly checkSubdomains: (config: TopologyConfig, view: TopologyView) => void;
}

export const topologyPart: Part<
  'topology',
  typeof topologySection,
  TopologyConfig,
  TopologyNeeds,
  TopologySource<TopologyConfig>
> = {
  key: 'topology',
  name: 'topology',
  label: 'topology',
  schema: topologySection,
  live: ['asnDatabase', 'prefixToAs', 'asRelationships', 'asOrganisations', 'reloadEvery'],
  text: `topology:                               # who owns the other addresses of the Internet; each file is optional
  # asnDatabase: GeoLite2-ASN.mmdb      # MMDB, or CSV "start,end,asn,organisation"
  # prefixToAs: routeviews.pfx2as       # CAIDA prefix2as
  # asRelationships: 20260101.as-rel.txt
  # asOrganisations: 20260101.as-org2info.txt
  reloadEvery: 5m                       # how often the files are checked for changes
`,
  start: async (config, { groupStore, turns, log, checkSubdomains }, previous) => {
    const { TopologySource } = await import('./topology-source.js');
    const { GroupRegistry } = await import('./group-registry.js');
    const groups = new GroupRegistry(groupStore);
    const source = previous ?? (await TopologySource.open(config, { groups, log, check: checkSubdomains }));
    source.start(turns);
    return source;
  },
};
