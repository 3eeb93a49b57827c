/** The configuration file of a running tracker: its text, what it says, and which of the files that it names have changed. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { namedFiles } from '../config-kit/config-files.js';
import { formatPath } from '../config-kit/config-problem.js';
import { type WrittenChange, writtenChanges } from '../config-kit/written-changes.js';
import type { Environment } from '../config-kit/yaml-source.js';
import { type Config, configSchema } from './config-schema.js';
import { parseConfig } from './parse-config.js';

export interface ChangedFile {
  /** The key that names it. */
  readonly key: string;
  readonly file: string;
  readonly change: 'changed' | 'removed';
}

/** A configuration that was read, and how it differs from the one before. */
export interface NextConfig {
  readonly config: Config;
  readonly changes: readonly WrittenChange[];
  readonly files: readonly ChangedFile[];
  /** Makes it the one that the next is compared with. */
  accept(): void;
}

interface Known {
  readonly text: string;
  /** Time of change and size, by path. */
  readonly files: ReadonlyMap<string, string | undefined>;
}

export class ConfigSource {
  readonly file: string;
  readonly #environment: Environment;
  #known: Known;

  /** @param config what `file` says now */
  constructor(file: string, environment: Environment, config: Config) {
    this.file = file;
    this.#environment = environment;
    this.#known = { text: readFileSync(file, 'utf8'), files: stateOf(config) };
  }

  /** @throws ConfigError with lines if it is invalid; an Error if it cannot be read */
  read(): NextConfig {
    const { file } = this;
    const text = readFileSync(file, 'utf8');
    const config = parseConfig(text, {
      file,
      environment: this.#environment,
      baseDirectory: dirname(resolve(file)),
    });
    const files = stateOf(config);
    const before = this.#known;
    return {
      config,
      changes: writtenChanges(before.text, text, configSchema),
      files: namedFiles(configSchema, config).flatMap(({ path, file: named }) => {
        const was = before.files.get(named);
        const is = files.get(named);
        if (!before.files.has(named) || was === is) return [];
        return [{ key: formatPath(path), file: named, change: is === undefined ? 'removed' : 'changed' } as const];
      }),
      accept: () => {
        this.#known = { text, files };
      },
    };
  }
}

function stateOf(config: Config): Map<string, string | undefined> {
  return new Map(namedFiles(configSchema, config).map(({ file }) => [file, fileState(file)]));
}

function fileState(file: string): string | undefined {
  try {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return undefined;
  }
}
