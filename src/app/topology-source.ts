/**
 * The topology of a running tracker: the operator's prefixes from the configuration, everybody else's from its data files,
 * compiled together and compiled again when one of them changes. A file that cannot be used leaves the old tables in force.
 */
import { join } from 'node:path';
import type { Config } from '../config/config-schema.js';
import type { AsRelationships } from '../domain/as-relationships.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import { type CompiledTopology, compileTopology } from '../topology/compile-topology.js';
import type { GroupRegistry } from '../topology/group-registry.js';
import type { SubdomainPrefixes } from '../topology/operator-network.js';
import { type SourceStatus, type TopologyFilePaths, TopologySources } from '../topology/topology-sources.js';
import type { Logger } from './logger.js';

export class TopologySource {
  readonly #files: TopologySources;
  readonly #groups: GroupRegistry;
  readonly #logger: Logger;
  readonly #listeners = new Set<() => void>();
  #config: Config;
  #version = 0;
  #compiled: CompiledTopology;
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;

  private constructor(config: Config, files: TopologySources, groups: GroupRegistry, logger: Logger) {
    this.#config = config;
    this.#files = files;
    this.#groups = groups;
    this.#logger = logger;
    this.#compiled = this.#compile();
  }

  /** @throws OperatorError that names the file and line that cannot be used */
  static async open(config: Config, groups: GroupRegistry, logger: Logger): Promise<TopologySource> {
    return new TopologySource(config, await TopologySources.open(pathsOf(config)), groups, logger);
  }

  get compiled(): CompiledTopology {
    return this.#compiled;
  }

  /** The operator's AS: those of the configuration in order, then siblings by organisation. */
  get ownAsns(): readonly number[] {
    return this.#files.withSiblings(this.#config.operator.networks.map((network) => network.asn));
  }

  get relationships(): AsRelationships | undefined {
    return this.#files.relationships;
  }

  /** Of the configuration and of its files; one that spans several AS or plans is there more than once. */
  get subdomains(): readonly SubdomainPrefixes[] {
    return subdomainsOf(this.#config, this.#files);
  }

  get subdomainIds(): ReadonlySet<string> {
    return new Set(this.subdomains.map((subdomain) => subdomain.id));
  }

  /** The data files in force, with their age and what is wrong with their newer versions. */
  status(): SourceStatus[] {
    return this.#files.status();
  }

  /** Checks the files again and again until `stop`. May be started again. */
  start(): void {
    this.stop();
    this.#timer = setInterval(() => void this.check(), this.#config.topology.reloadEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Called after the tables have been replaced because a file changed. @returns unsubscribe */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Takes what has changed on disk. Never throws. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  /** @throws OperatorError, with the old tables still in force */
  async reload(config: Config): Promise<void> {
    const old = this.#config;
    this.#config = config;
    try {
      const { problems } = await this.#files.refresh(pathsOf(config));
      if (problems.length > 0) throw new OperatorError(problems.join('; '));
      this.#compiled = this.#compile();
    } catch (thrown) {
      this.#config = old;
      await this.#files.refresh(pathsOf(old));
      throw thrown;
    }
  }

  async #check(): Promise<void> {
    try {
      const { changed, problems } = await this.#files.refresh();
      for (const problem of problems) this.#logger.warn(problem);
      if (!changed) return;
      this.#compiled = this.#compile();
      const { ipv4, ipv6 } = this.#compiled.segmentCount;
      this.#logger.info(`topology replaced: ${ipv4} IPv4 and ${ipv6} IPv6 segments`);
      for (const listener of this.#listeners) listener();
    } catch (thrown) {
      this.#logger.error({ err: thrown }, `the old topology stays in force: ${messageOf(thrown)}`);
    }
  }

  #compile(): CompiledTopology {
    const { networks, caches } = this.#config.operator;
    const { neighbours, overrides } = this.#config.billing;
    const files = this.#files;
    const overridden = overrides
      .flatMap(({ requester, peer }) => [requester, peer])
      .flatMap((side) => /^AS(\d+)$/i.exec(side)?.[1] ?? []);
    return compileTopology({
      version: ++this.#version,
      operator: { networks, subdomains: subdomainsOf(this.#config, files), caches },
      databases: files.databases,
      siblingAsns: this.ownAsns,
      importantAsns: [...neighbours.flatMap((neighbour) => neighbour.asns), ...overridden.map(Number)],
      organisationOf: (asn) => files.organisationOf(asn),
      groups: this.#groups,
    });
  }
}

function subdomainsOf(config: Config, files: TopologySources): readonly SubdomainPrefixes[] {
  const { subdomains } = config.operator;
  return 'file' in subdomains ? files.subdomains : [...subdomains, ...files.subdomains];
}

function pathsOf(config: Config): TopologyFilePaths {
  const { asnDatabase, prefixToAs, asRelationships, asOrganisations } = config.topology;
  const { subdomains } = config.operator;
  return {
    asnDatabase,
    prefixToAs,
    asRelationships,
    asOrganisations,
    subdomains: 'file' in subdomains ? subdomains.file : undefined,
    importDirectory: join(config.storage.directory, 'topology'),
  };
}
