/** A small policy on loopback: the home AS is 127.1.0.0/16 with two sub-domains, a sibling 127.2.0.0/16, the rest foreign. */
import { parsePrefix } from '../../src/domain/ip-address.js';
import { type CompiledCost, compileCostTable } from '../../src/selection/compile-cost-table.js';
import type { CostTable } from '../../src/selection/cost-table.js';
import { type CompiledTopology, compileTopology } from '../../src/topology/compile-topology.js';
import { GroupRegistry, memoryGroupStore } from '../../src/topology/group-registry.js';
import type { TopologyData } from '../../src/topology/topology-table.js';

export interface LabPolicy {
  readonly topology: TopologyData;
  readonly cost: CostTable;
  readonly compiledTopology: CompiledTopology;
  readonly compiledCost: CompiledCost;
}

export const HOME_ASN = 64_500;
export const SIBLING_ASN = 64_501;

export function labPolicy(version = 1): LabPolicy {
  const topology = compileTopology({
    version,
    operator: {
      networks: [
        { asn: HOME_ASN, prefixes: ['127.1.0.0/16', 'fd00:1::/32'].map(parsePrefix) },
        { asn: SIBLING_ASN, prefixes: ['127.2.0.0/16', 'fd00:2::/32'].map(parsePrefix) },
      ],
      subdomains: [
        { id: 'north', prefixes: [parsePrefix('127.1.0.0/17')] },
        { id: 'south', prefixes: [parsePrefix('127.1.128.0/17')] },
      ],
      caches: [],
    },
    databases: [],
    groups: new GroupRegistry(memoryGroupStore()),
  });
  const cost = compileCostTable({
    version,
    nowMs: 0,
    groups: topology.groups,
    ownAsns: [HOME_ASN, SIBLING_ASN],
    billing: { currency: 'EUR', defaultRatePerGigabyte: 0.02, neighbours: [], schedule: [], overrides: [] },
    mix: {
      enoughInnerPeers: 200,
      foreignPeersMin: 0,
      foreignPeersMax: 200,
      foreignPeersWhenNoInnerSeed: 200,
      gatewaysMax: 0,
      grain: 'as',
    },
    weights: { capabilityWeight: 0.6, densityWeight: 0.4 },
    caches: [],
    density: new Map(),
    densityFreshnessSeconds: 600,
    capability: new Map(),
  });
  return { topology: topology.data, cost: cost.table, compiledTopology: topology, compiledCost: cost };
}
