/**
 * The topology of a running tracker: the operator's prefixes from the configuration, everybody else's from its data files,
 * compiled together and compiled again when one of them changes. What cannot be used leaves the old tables in force.
 */
import { join } from 'node:path';
import type { Config } from '../config/config-schema.js';
import type { AsRelationships } from '../domain/as-relationships.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import type { Apply } from '../part/part.js';
import type { CompiledTopology } from '../topology/compile-topology.js';
import type { GroupRegistry } from '../topology/group-registry.js';
import type { SubdomainPrefixes } from '../topology/operator-network.js';
import { type SourceStatus, type TopologyFilePaths, TopologySources } from '../topology/topology-sources.js';
import type { Logger } from './logger.js';
import { OneAtATime } from './one-at-a-time.js';
import { TopologyState, type TopologyView } from './topology-state.js';

export interface PreparedTopology {
  readonly view: TopologyView;
  readonly apply: Apply;
}

export class TopologySource implements TopologyView {
  readonly #groups: GroupRegistry;
  readonly #logger: Logger;
  readonly #importDirectory: string;
  readonly #turns: OneAtATime;
  readonly #dependants = new Set<(view: TopologyView) => readonly Apply[]>();
  #state: TopologyState;
  #files: TopologySources;
  #version = 1;
  #timer: NodeJS.Timeout | undefined;

  private constructor(state: TopologyState, groups: GroupRegistry, logger: Logger, turns: OneAtATime) {
    this.#state = state;
    this.#files = state.files;
    this.#importDirectory = topologyImportDirectory(state.config);
    this.#groups = groups;
    this.#logger = logger;
    this.#turns = turns;
  }

  /**
   * @param turns runs the checks of the files; whoever reloads takes a turn of its own
   * @throws OperatorError that names the file and line that cannot be used
   */
  static async open(
    config: Config,
    groups: GroupRegistry,
    logger: Logger,
    turns = new OneAtATime(),
  ): Promise<TopologySource> {
    const files = await TopologySources.open(topologyFilesOf(config, topologyImportDirectory(config)));
    return new TopologySource(new TopologyState(config, files, groups, 1), groups, logger, turns);
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

  /** The data files in force, with their age and what is wrong with their newer versions. */
  status(): SourceStatus[] {
    return this.#files.status();
  }

  /** Checks the files from time to time until `stop`. May be started again. */
  start(): void {
    this.stop();
    const everyMs = this.#state.config.topology.reloadEveryMs;
    this.#timer = setInterval(() => void this.#turns.run(() => this.check()), everyMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Asks `prepare` before a changed file counts: what it throws keeps the old tables in force everywhere, what it returns
   * is called once the new ones are in force. @returns unsubscribe
   */
  beforeChange(prepare: (view: TopologyView) => readonly Apply[]): () => void {
    this.#dependants.add(prepare);
    return () => void this.#dependants.delete(prepare);
  }

  /** Takes what has changed on disk. Never throws. Must not run between `prepare` and its `apply`. */
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
   * Reads the files that `config` names and compiles them with it; nothing of it counts before `apply`.
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
    return { view: state, apply: () => this.#put(state, draft) };
  }

  #put(state: TopologyState, draft: GroupRegistry): void {
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

/** Where `topology import` keeps its files. */
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
