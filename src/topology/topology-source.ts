/**
 * The topology of a running tracker: the operator's prefixes from the configuration and everybody else's from data files,
 * compiled together, and compiled again when one of them changes. If a file cannot be used, the old tables stay in force.
 */
import { join } from 'node:path';
import type { AsRelationships } from '../domain/as-relationships.js';
import { FilesError, messageOf } from '../domain/errors.js';
import type { Logger } from '../logging/logger.js';
import type { Apply, RunningPart } from '../part/part.js';
import type { CompiledTopology } from './compile-topology.js';
import type { GroupRegistry } from './group-registry.js';
import type { SubdomainPrefixes } from './operator-network.js';
import type { TopologyConfig } from './section.js';
import { type SourceStatus, type TopologyFilePaths, TopologySources } from './topology-sources.js';
import { TopologyState, type TopologyView } from './topology-state.js';

/** Runs work one piece after another, so that a check of files never interleaves with a reload. */
export interface Turns {
  run<T>(work: () => Promise<T> | T): Promise<T>;
}

export interface TopologyOptions<Whole> {
  readonly groups: GroupRegistry;
  readonly log: Logger;
  /** Looks at a topology before it is in force. @throws OperatorError if it does not fit the configuration */
  readonly check?: (config: Whole, view: TopologyView) => void;
}

/** @typeParam Whole what those who depend on the topology are handed with it */
export class TopologySource<Whole extends TopologyConfig> implements TopologyView, RunningPart<Whole> {
  readonly listeners = [];
  readonly #options: TopologyOptions<Whole>;
  readonly #importDirectory: string;
  readonly #dependants = new Set<(config: Whole, view: TopologyView) => readonly Apply[]>();
  #state: TopologyState<Whole>;
  #files: TopologySources;
  #version = 1;
  #timer: NodeJS.Timeout | undefined;
  #turns: Turns | undefined;

  private constructor(state: TopologyState<Whole>, options: TopologyOptions<Whole>) {
    this.#state = state;
    this.#files = state.files;
    this.#importDirectory = topologyImportDirectory(state.config);
    this.#options = options;
  }

  /** @throws OperatorError that names the file and line that cannot be used */
  static async open<Whole extends TopologyConfig>(
    config: Whole,
    options: TopologyOptions<Whole>,
  ): Promise<TopologySource<Whole>> {
    const files = await TopologySources.open(topologyFilesOf(config, topologyImportDirectory(config)));
    const state = new TopologyState(config, files, options.groups, 1);
    options.check?.(config, state);
    return new TopologySource(state, options);
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
  start(turns: Turns): void {
    this.stop();
    this.#turns = turns;
    const everyMs = this.#state.config.topology.reloadEveryMs;
    this.#timer = setInterval(() => void turns.run(() => this.check()), everyMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Calls `prepare` before a new configuration or a changed file is put in force. If it throws, the old tables and the old
   * configuration stay in force everywhere. What it returns is called once the new tables are in force.
   */
  beforeChange(prepare: (config: Whole, view: TopologyView) => readonly Apply[]): void {
    this.#dependants.add(prepare);
  }

  /** Puts changed files in force. Never throws. Must not run between `prepare` and its `apply`. */
  async check(): Promise<void> {
    try {
      const { sources, changed, problems } = await this.#files.refresh();
      for (const { message } of problems) this.#options.log.warn(message);
      if (!changed) {
        this.#files = sources;
        return;
      }
      this.#prepareFiles(sources)();
      const { ipv4, ipv6 } = this.compiled.segmentCount;
      this.#options.log.info(`topology replaced: ${ipv4} IPv4 and ${ipv6} IPv6 segments`);
    } catch (thrown) {
      this.#options.log.error({ err: thrown }, `the old topology stays in force: ${messageOf(thrown)}`);
    }
  }

  /**
   * Reads the files that `config` names and compiles them with it; those who depend on the topology prepare as well.
   * @throws OperatorError that names the file and line that cannot be used
   */
  async prepare(config: Whole): Promise<Apply> {
    const { sources } = await this.#files.refresh(topologyFilesOf(config, this.#importDirectory));
    if (sources.problems.length > 0) throw new FilesError(sources.problems);
    return this.#compile(config, sources);
  }

  #prepareFiles(sources: TopologySources): Apply {
    try {
      return this.#compile(this.#state.config, sources);
    } catch (thrown) {
      this.#files = this.#files.refusing(sources, messageOf(thrown));
      throw thrown;
    }
  }

  #compile(config: Whole, files: TopologySources): Apply {
    const { groups, check } = this.#options;
    const draft = groups.draft();
    const state = new TopologyState(config, files, draft, ++this.#version);
    check?.(config, state);
    const applies = [...this.#dependants].flatMap((prepare) => prepare(config, state));
    return () => {
      this.#adopt(state, draft);
      for (const apply of applies) apply();
    };
  }

  #adopt(state: TopologyState<Whole>, draft: GroupRegistry): void {
    this.#options.groups.adopt(draft);
    try {
      this.#options.groups.save();
    } catch (thrown) {
      this.#options.log.error({ err: thrown }, `the numbers of new groups cannot be saved yet: ${messageOf(thrown)}`);
    }
    this.#state = state;
    this.#files = state.files;
    if (this.#timer !== undefined && this.#turns !== undefined) this.start(this.#turns);
  }
}

/** The directory of the files that `topology import` writes. */
export function topologyImportDirectory(config: Pick<TopologyConfig, 'storage'>): string {
  return join(config.storage.directory, 'topology');
}

export function topologyFilesOf(config: TopologyConfig, importDirectory: string): TopologyFilePaths {
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
