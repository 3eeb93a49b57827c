/**
 * The topology of a running tracker: the operator's prefixes from the configuration and everybody else's from data files,
 * compiled together, and compiled again when one of them changes. If a file cannot be used, the old tables stay in force.
 */
import { join } from 'node:path';
import type { Config } from '../../config/config-schema.js';
import type { AsRelationships } from '../../domain/as-relationships.js';
import { messageOf, OperatorError } from '../../domain/errors.js';
import type { Logger } from '../../logging/logger.js';
import type { Apply } from '../../part/part.js';
import type { CompiledTopology } from '../../topology/compile-topology.js';
import type { GroupRegistry } from '../../topology/group-registry.js';
import type { SubdomainPrefixes } from '../../topology/operator-network.js';
import { type SourceStatus, type TopologyFilePaths, TopologySources } from '../../topology/topology-sources.js';
import { OneAtATime } from '../one-at-a-time.js';
import { TopologyState, type TopologyView } from './topology-state.js';

export interface PreparedTopology {
  readonly view: TopologyView;
  readonly apply: Apply;
}

export class TopologySource implements TopologyView {
  readonly #groups: GroupRegistry;
  readonly #logger: Logger;
  readonly #importDirectory: string;
  readonly #queue: OneAtATime;
  readonly #dependants = new Set<(view: TopologyView) => readonly Apply[]>();
  #state: TopologyState;
  #files: TopologySources;
  #version = 1;
  #timer: NodeJS.Timeout | undefined;

  private constructor(state: TopologyState, groups: GroupRegistry, logger: Logger, queue: OneAtATime) {
    this.#state = state;
    this.#files = state.files;
    this.#importDirectory = topologyImportDirectory(state.config);
    this.#groups = groups;
    this.#logger = logger;
    this.#queue = queue;
  }

  /**
   * @param queue runs the checks of the files one at a time with reloads
   * @throws OperatorError that names the file and line that cannot be used
   */
  static async open(
    config: Config,
    groups: GroupRegistry,
    logger: Logger,
    queue = new OneAtATime(),
  ): Promise<TopologySource> {
    const files = await TopologySources.open(topologyFilesOf(config, topologyImportDirectory(config)));
    return new TopologySource(new TopologyState(config, files, groups, 1), groups, logger, queue);
  }

  get compiled(): CompiledTopology {
    return this.#state.compiled;
  }

  get ownAsns(): readonly number[] {
    return this.#state.ownAsns;
  }

  get relationships(): AsRelationships | undefined {
    return this.#state.relationships;
  }

  get subdomains(): readonly SubdomainPrefixes[] {
    return this.#state.subdomains;
  }

  get subdomainIds(): ReadonlySet<string> {
    return this.#state.subdomainIds;
  }

  /** The data files in force, with their age and the problems of newer versions. */
  status(): SourceStatus[] {
    return this.#files.status();
  }

  /** Checks the files every `topology.reloadEvery` until `stop`. May be called again. */
  start(): void {
    this.stop();
    const everyMs = this.#state.config.topology.reloadEveryMs;
    this.#timer = setInterval(() => void this.#queue.run(() => this.check()), everyMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Calls `prepare` before a changed file is put in force. If it throws, the old tables stay in force everywhere. What it
   * returns is called once the new tables are in force. @returns unsubscribe
   */
  beforeChange(prepare: (view: TopologyView) => readonly Apply[]): () => void {
    this.#dependants.add(prepare);
    return () => void this.#dependants.delete(prepare);
  }

  /** Puts changed files in force. Never throws. Must not run between `prepare` and its `apply`. */
  async check(): Promise<void> {
    try {
      const { sources, changed, problems } = await this.#files.refresh();
      for (const problem of problems) this.#logger.warn(problem);
      if (!changed) {
        this.#files = sources;
        return;
      }
      for (const apply of this.#prepareAll(sources)) apply();
      const { ipv4, ipv6 } = this.compiled.segmentCount;
      this.#logger.info(`topology replaced: ${ipv4} IPv4 and ${ipv6} IPv6 segments`);
    } catch (thrown) {
      this.#logger.error({ err: thrown }, `the old topology stays in force: ${messageOf(thrown)}`);
    }
  }

  /**
   * Reads the files that `config` names and compiles them with it. Changes nothing before `apply`.
   * @throws OperatorError that names the file and line that cannot be used
   */
  async prepare(config: Config): Promise<PreparedTopology> {
    const { sources } = await this.#files.refresh(topologyFilesOf(config, this.#importDirectory));
    if (sources.problems.length > 0) throw new OperatorError(sources.problems.join('\n'));
    return this.#compile(config, sources);
  }

  #prepareAll(sources: TopologySources): Apply[] {
    try {
      const { view, apply } = this.#compile(this.#state.config, sources);
      return [apply, ...[...this.#dependants].flatMap((prepare) => prepare(view))];
    } catch (thrown) {
      this.#files = this.#files.refusing(sources, messageOf(thrown));
      throw thrown;
    }
  }

  #compile(config: Config, files: TopologySources): PreparedTopology {
    const draft = this.#groups.draft();
    const state = new TopologyState(config, files, draft, ++this.#version);
    return { view: state, apply: () => this.#adopt(state, draft) };
  }

  #adopt(state: TopologyState, draft: GroupRegistry): void {
    this.#groups.adopt(draft);
    try {
      this.#groups.save();
    } catch (thrown) {
      this.#logger.error({ err: thrown }, `the numbers of new groups cannot be saved yet: ${messageOf(thrown)}`);
    }
    this.#state = state;
    this.#files = state.files;
    if (this.#timer !== undefined) this.start();
  }
}

/** The directory of the files that `topology import` writes. */
export function topologyImportDirectory(config: Pick<Config, 'storage'>): string {
  return join(config.storage.directory, 'topology');
}

export function topologyFilesOf(config: Config, importDirectory: string): TopologyFilePaths {
  const { asnDatabase, prefixToAs, asRelationships, asOrganisations } = config.topology;
  const { subdomains } = config.operator;
  return {
    asnDatabase,
    prefixToAs,
    asRelationships,
    asOrganisations,
    subdomains: 'file' in subdomains ? subdomains.file : undefined,
    importDirectory,
  };
}
