/**
 * YAML text → configuration, in three steps: each value by itself, values against each other, values against this
 * machine (files). A step runs only when the one before it found nothing, but tells everything it finds. Nothing is
 * repaired, and the result is frozen.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { checkFiles, withAbsolutePaths } from '../config-kit/config-files.js';
import { ConfigError, type ConfigProblem } from '../config-kit/config-problem.js';
import { describeIssues, expectedKind } from '../config-kit/describe-issue.js';
import { type ConfigPath, type Environment, readYaml } from '../config-kit/yaml-source.js';
import { errorCodeOf, messageOf, OperatorError } from '../domain/errors.js';
import { type Config, configSchema } from './config-schema.js';
import { checkAcrossFields } from './cross-field-checks.js';
import { withOperatorCaches } from './operator-caches.js';

/** @throws OperatorError if the file cannot be read; ConfigError (one line per problem) if it is invalid */
export function loadConfig(file: string, environment: Environment): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    const missing = errorCodeOf(thrown) === 'ENOENT';
    const advice = 'begin with: alias-tracker print-config > alias-tracker.yaml';
    throw new OperatorError(
      missing
        ? `there is no configuration ${file}; name one with --config, or ${advice}`
        : `cannot read ${file}: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
  return parseConfig(text, { file, environment, baseDirectory: dirname(resolve(file)) });
}

/** What was found wrong with a configuration after it was read, with its places in the file. */
export function placedError(
  file: string,
  environment: Environment,
  findings: readonly { readonly path: ConfigPath; readonly message: string }[],
): ConfigError {
  const source = readYaml(readFileSync(file, 'utf8'), file, environment);
  return new ConfigError(
    file,
    findings.map(({ path, message }) => source.problemAt(path, message)),
  );
}

export interface ParseConfigOptions {
  /** How errors name the text. */
  readonly file?: string;
  readonly environment?: Environment;
  /** Where relative paths count from. */
  readonly baseDirectory?: string;
}

/** @throws ConfigError */
export function parseConfig(text: string, options: ParseConfigOptions = {}): Config {
  const file = options.file ?? 'config';
  const source = readYaml(text, file, options.environment ?? {});
  const result = configSchema.safeParse(source.value, { reportInput: true, error: expectedKind });
  const valueProblems = [...source.problems, ...(result.success ? [] : describeIssues(source, result.error.issues))];
  // A missing variable leaves `${NAME}` in the value, which then fails for a second reason on the same line.
  if (!result.success || valueProblems.length > 0)
    throw new ConfigError(file, withoutEchoes(valueProblems, source.problems));

  const config = result.data;
  const problems: ConfigProblem[] = [];
  checkAcrossFields(config, (path, message) => problems.push(source.problemAt(path, message)));
  if (problems.length > 0) throw new ConfigError(file, problems);

  const absolute = withAbsolutePaths(configSchema, config, options.baseDirectory ?? process.cwd());
  checkFiles(configSchema, absolute, (path, message) => problems.push(source.problemAt(path, message)));
  if (problems.length > 0) throw new ConfigError(file, problems);
  return deepFreeze(withOperatorCaches(absolute as Config)) as Config;
}

function withoutEchoes(all: readonly ConfigProblem[], variables: readonly ConfigProblem[]): ConfigProblem[] {
  return all.filter(
    (problem) =>
      variables.includes(problem) ||
      !variables.some((variable) => variable.line === problem.line && variable.column === problem.column),
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}
