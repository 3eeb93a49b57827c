/** The topology of one configuration and its data files. Immutable: the next one is compiled whole before it is in force. */
import type { AsRelationships } from '../domain/as-relationships.js';
import { FilesError } from '../domain/errors.js';
import { subdomainProblems } from './check-subdomains.js';
import { type CompiledTopology, compileTopology } from './compile-topology.js';
import type { GroupRegistry } from './group-registry.js';
import type { SubdomainPrefixes } from './operator-network.js';
import type { TopologyConfig } from './section.js';
import type { TopologySources } from './topology-sources.js';

/** The topology as the policy, the reports and the checks see it. */
export interface TopologyView {
  readonly compiled: CompiledTopology;
  /** The operator's AS: those of the configuration in order, then siblings by organisation. */
  readonly ownAsns: readonly number[];
  readonly relationships: AsRelationships | undefined;
  /** Of the configuration and of its files. One that spans several AS or plans has several entries. */
  readonly subdomains: readonly SubdomainPrefixes[];
  readonly subdomainIds: ReadonlySet<string>;
}

export class TopologyState<Whole extends TopologyConfig> implements TopologyView {
  readonly config: Whole;
  readonly files: TopologySources;
  readonly ownAsns: readonly number[];
  readonly subdomains: readonly SubdomainPrefixes[];
  readonly subdomainIds: ReadonlySet<string>;
  readonly compiled: CompiledTopology;

  /**
   * @param groups gets numbers for groups that have none
   * @throws OperatorError if the address plan does not fit the network, or has more groups than there are numbers
   */
  constructor(config: Whole, files: TopologySources, groups: GroupRegistry, version: number) {
    const { networks, subdomains, caches } = config.operator;
    const { neighbours, overrides } = config.billing;
    this.config = config;
    this.files = files;
    this.ownAsns = files.withSiblings(networks.map((network) => network.asn));
    this.subdomains = 'file' in subdomains ? files.subdomains : [...subdomains, ...files.subdomains];
    this.subdomainIds = new Set(this.subdomains.map((subdomain) => subdomain.id));
    const problems = subdomainProblems(this.subdomains, networks, this.ownAsns);
    if (problems.length > 0) throw new FilesError(problems);
    const overridden = overrides
      .flatMap(({ requester, peer }) => [requester, peer])
      .flatMap((side) => /^AS(\d+)$/i.exec(side)?.[1] ?? []);
    this.compiled = compileTopology({
      version,
      operator: { networks, subdomains: this.subdomains, caches },
      databases: files.databases,
      siblingAsns: this.ownAsns,
      importantAsns: [...neighbours.flatMap((neighbour) => neighbour.asns), ...overridden.map(Number)],
      organisationOf: (asn) => files.organisationOf(asn),
      groups,
    });
  }

  get relationships(): AsRelationships | undefined {
    return this.files.relationships;
  }
}
