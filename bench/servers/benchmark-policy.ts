/**
 * The policy that the benchmark loads: 2,000 sub-domains of one AS, each with a density reading, and 5,000 foreign AS,
 * every tenth with a billing rate of its own. It covers every address that announces come from.
 */

import { ipv4FromWord, type Prefix } from '../../src/domain/ip-address.js';
import { defaultMix } from '../../src/policy/default-mix.js';
import { compileCostTable } from '../../src/selection/compile-cost-table.js';
import type { CostTable } from '../../src/selection/cost-table.js';
import { AddressRangesBuilder } from '../../src/topology/address-ranges.js';
import { flatten } from '../../src/topology/address-segments.js';
import { compileTopology } from '../../src/topology/compile-topology.js';
import { GroupRegistry, memoryGroupStore } from '../../src/topology/group-registry.js';
import type { TopologyData } from '../../src/topology/topology-table.js';
import {
  FOREIGN_AS,
  IPV6_NETWORK_BITS,
  ipv6NetworkAddress,
  NETWORK_BITS,
  networkAddress,
  SUBDOMAINS,
} from '../source-addresses.js';

const OWN_ASN = 64_500;
const FIRST_FOREIGN_ASN = 100_000;
const NOW_MS = Date.UTC(2026, 0, 1);

export function benchmarkPolicy(): { topology: TopologyData; cost: CostTable } {
  const prefix = (i: number): Prefix => ({ address: ipv4FromWord(networkAddress(i)), length: NETWORK_BITS });
  const prefix6 = (i: number): Prefix => ({ address: ipv6NetworkAddress(i), length: IPV6_NETWORK_BITS });
  const subdomainPrefixes = Array.from({ length: SUBDOMAINS }, (_, i) => [prefix(i), prefix6(i)]);
  const foreign = new AddressRangesBuilder(4);
  const foreign6 = new AddressRangesBuilder(6);
  for (let i = 0; i < FOREIGN_AS; i++) {
    foreign.addPrefix(prefix(SUBDOMAINS + i), FIRST_FOREIGN_ASN + i);
    foreign6.addPrefix(prefix6(SUBDOMAINS + i), FIRST_FOREIGN_ASN + i);
  }
  const topology = compileTopology({
    version: 1,
    operator: {
      networks: [{ asn: OWN_ASN, prefixes: subdomainPrefixes.flat() }],
      subdomains: subdomainPrefixes.map((prefixes, i) => ({ id: `s${i}`, prefixes })),
      caches: [],
    },
    databases: [{ ipv4: flatten(foreign.build()), ipv6: flatten(foreign6.build()) }],
    groups: new GroupRegistry(memoryGroupStore()),
  });
  const cost = compileCostTable({
    version: 1,
    nowMs: NOW_MS,
    groups: topology.groups,
    ownAsns: [OWN_ASN],
    billing: {
      currency: 'EUR',
      defaultRatePerGigabyte: 0.01,
      neighbours: Array.from({ length: FOREIGN_AS / 10 }, (_, i) => ({
        name: `n${i}`,
        asns: [FIRST_FOREIGN_ASN + 10 * i],
        ratePerGigabyte: (i % 50) / 1_000,
      })),
      schedule: [],
      overrides: [],
    },
    mix: defaultMix,
    weights: { capabilityWeight: 0.6, densityWeight: 0.4 },
    caches: [],
    density: new Map(
      Array.from({ length: SUBDOMAINS }, (_, i) => [
        `s${i}`,
        { bytesPerUserPerSecond: 1e4 * (1 + (i % 100)), ageSeconds: 0 },
      ]),
    ),
    densityFreshnessSeconds: 3_600,
    capability: new Map(),
  });
  return { topology: topology.data, cost: cost.table };
}

/** No network of the operator's own, no data: every peer is as good as another. */
export function noPolicy(): { topology: TopologyData; cost: CostTable } {
  const topology = compileTopology({
    version: 1,
    operator: { networks: [], subdomains: [], caches: [] },
    databases: [],
    groups: new GroupRegistry(memoryGroupStore()),
  });
  const cost = compileCostTable({
    version: 1,
    nowMs: NOW_MS,
    groups: topology.groups,
    ownAsns: [],
    billing: { currency: 'EUR', defaultRatePerGigabyte: 0, neighbours: [], schedule: [], overrides: [] },
    mix: defaultMix,
    weights: { capabilityWeight: 0.6, densityWeight: 0.4 },
    caches: [],
    density: new Map(),
    densityFreshnessSeconds: 3_600,
    capability: new Map(),
  });
  return { topology: topology.data, cost: cost.table };
}
