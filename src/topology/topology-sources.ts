/**
 * All data files of the topology, as they were at one moment. `refresh` reads the changed files into a new object and
 * changes nothing, so the caller decides what is in force. If a file becomes unreadable or invalid, or shrinks to less than
 * half, the new object keeps its old content and reports the problem. This module compiles nothing.
 */
import { stat } from 'node:fs/promises';
import type { AsRelationships } from '../domain/as-relationships.js';
import { type FileProblem, FilesError, messageOf, OperatorError } from '../domain/errors.js';
import type { AsOrganisations } from './as-organisations.js';
import type { AsnDatabase } from './asn-database.js';
import { importedFiles } from './import-topology-file.js';
import {
  type LoadedTopologyFile,
  loadTopologyFile,
  type TopologyFileContent,
  type TopologyFileKind,
} from './load-topology-file.js';
import type { SubdomainPrefixes } from './operator-network.js';
import { planImport } from './plan-import.js';

export interface TopologyFilePaths {
  /** MMDB or CSV. */
  readonly asnDatabase?: string | undefined;
  readonly prefixToAs?: string | undefined;
  readonly asRelationships?: string | undefined;
  readonly asOrganisations?: string | undefined;
  readonly subdomains?: string | undefined;
  /**
   * Directory of imported files; it may be missing. Imported relationships, organisations and sub-domains replace the
   * configured file; imported addresses take precedence over it.
   */
  readonly importDirectory?: string | undefined;
}

export interface SourceStatus {
  readonly kind: TopologyFileKind;
  readonly path: string;
  /** Modification time of the content in force. */
  readonly modifiedAtMs: number;
  /** Why the current file is not in force. */
  readonly problem?: string;
}

export interface RefreshResult {
  /** With what the files say now. */
  readonly sources: TopologySources;
  /** Whether the content changed. */
  readonly changed: boolean;
  /** New problems, one line each with the file name. The old content of these files is kept. */
  readonly problems: readonly FileProblem[];
}

interface Source {
  readonly loaded: LoadedTopologyFile;
  readonly fingerprint: string;
  readonly problem?: string;
}

export class TopologySources {
  readonly #paths: TopologyFilePaths;
  readonly #sources: ReadonlyMap<string, Source>;

  private constructor(paths: TopologyFilePaths, sources: ReadonlyMap<string, Source>) {
    this.#paths = paths;
    this.#sources = sources;
  }

  /** @throws OperatorError with file and line if a file cannot be used */
  static async open(paths: TopologyFilePaths): Promise<TopologySources> {
    const { sources, problems } = await new TopologySources(paths, new Map()).refresh();
    if (problems.length > 0) throw new FilesError(problems);
    return sources;
  }

  /** In ascending order of precedence, as `compileTopology` expects. */
  get databases(): AsnDatabase[] {
    return this.#contents('addresses').map((content) => content.database);
  }

  get relationships(): AsRelationships | undefined {
    return this.#contents('relationships')[0]?.relationships;
  }

  get organisations(): AsOrganisations | undefined {
    return this.#contents('organisations')[0]?.organisations;
  }

  get subdomains(): readonly SubdomainPrefixes[] {
    return this.#contents('subdomains').flatMap((content) => content.subdomains);
  }

  /** The name of an AS, from as2org or else from the address databases. */
  organisationOf(asn: number): string | undefined {
    const known = this.organisations?.organisationOf(asn);
    if (known !== undefined) return known;
    return this.databases.map((database) => database.organisations.get(asn)).find((name) => name !== undefined);
  }

  /** `asns`, followed by the other AS of their organisations. */
  withSiblings(asns: readonly number[]): number[] {
    return [...new Set([...asns, ...asns.flatMap((asn) => this.organisations?.siblingsOf(asn) ?? [])])];
  }

  status(): SourceStatus[] {
    return [...this.#sources.values()].map(({ loaded: { kind, path, modifiedAtMs }, problem }) => ({
      kind,
      path,
      modifiedAtMs,
      ...(problem === undefined ? {} : { problem }),
    }));
  }

  /** Why files as they are now are not in force. */
  get problems(): FileProblem[] {
    return this.status().flatMap(({ path, problem }) =>
      problem === undefined ? [] : [{ file: path, message: problem }],
    );
  }

  /**
   * Loads files that are new or changed since the last check. Never throws: the result reports files that cannot be used,
   * and keeps their old content.
   * @param paths new paths, if the configuration changed
   */
  async refresh(paths: TopologyFilePaths = this.#paths): Promise<RefreshResult> {
    const before = this.#sources;
    const after = new Map<string, Source>();
    const problems: FileProblem[] = [];
    for (const { kind, path, isImported } of await wantedFiles(paths)) {
      const key = `${kind} ${path}`;
      const old = before.get(key);
      const next = await load(kind, path, isImported, old);
      if (next !== old && next.problem !== undefined) problems.push({ file: path, message: next.problem });
      if (next.loaded !== undefined) after.set(key, next as Source);
    }
    const changed =
      after.size !== before.size || [...after].some(([key, source]) => before.get(key)?.loaded !== source.loaded);
    return { sources: new TopologySources(paths, after), changed, problems };
  }

  /**
   * These contents with the files of `newer` marked as refused, so that they are looked at again only once they change.
   * What was refused is never what a later version is compared with.
   */
  refusing(newer: TopologySources, reason: string): TopologySources {
    const kept = [...this.#sources].map(([key, source]): [string, Source] => {
      const read = newer.#sources.get(key);
      if (read === undefined || read.loaded === source.loaded) return [key, read ?? source];
      return [
        key,
        { ...source, fingerprint: read.fingerprint, problem: `${read.loaded.path} is not in force: ${reason}` },
      ];
    });
    return new TopologySources(this.#paths, new Map(kept));
  }

  #contents<H extends TopologyFileContent['holds']>(holds: H): Extract<TopologyFileContent, { holds: H }>[] {
    return [...this.#sources.values()].flatMap(({ loaded: { content } }) =>
      content.holds === holds ? [content as Extract<TopologyFileContent, { holds: H }>] : [],
    );
  }
}

async function load(
  kind: TopologyFileKind,
  path: string,
  isImported: boolean,
  old: Source | undefined,
): Promise<Partial<Source> & { fingerprint: string }> {
  const fingerprint = await fingerprintOf(path);
  if (old?.fingerprint === fingerprint) return old;
  try {
    const loaded = await loadTopologyFile(kind, path);
    // An import was compared with what was in force when it was made, and forced where that was meant.
    const { refusal } = planImport(isImported ? undefined : old?.loaded.content, loaded.content);
    if (refusal !== undefined) {
      if (old === undefined) throw new OperatorError(`${path} cannot be used: ${refusal}; is it of another kind?`);
      return { ...old, fingerprint, problem: `${path} is not taken over: ${refusal}; restart if that is right` };
    }
    return { loaded, fingerprint };
  } catch (thrown) {
    return { ...(old === undefined ? {} : { loaded: old.loaded }), fingerprint, problem: messageOf(thrown) };
  }
}

/** Changes when the file is replaced or written to. */
async function fingerprintOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return 'missing';
  }
}

interface WantedFile {
  readonly kind: TopologyFileKind;
  readonly path: string;
  readonly isImported: boolean;
}

async function wantedFiles(paths: TopologyFilePaths): Promise<WantedFile[]> {
  const imported = paths.importDirectory === undefined ? [] : await importedFiles(paths.importDirectory);
  const configured = (kind: TopologyFileKind, path: string | undefined) =>
    path === undefined ? [] : [{ kind, path, isImported: false }];
  const importedOf = (kind: TopologyFileKind) =>
    imported.filter((file) => file.kind === kind).map((file) => ({ ...file, isImported: true }));
  const either = (kind: TopologyFileKind, path: string | undefined) => {
    const files = importedOf(kind);
    return files.length > 0 ? files : configured(kind, path);
  };
  return [
    ...configured('asn-database', paths.asnDatabase),
    ...importedOf('asn-csv'),
    ...configured('prefix2as', paths.prefixToAs),
    ...importedOf('prefix2as'),
    ...either('as-rel', paths.asRelationships),
    ...either('as2org', paths.asOrganisations),
    ...either('subdomains', paths.subdomains),
  ];
}
