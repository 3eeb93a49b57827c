/**
 * The YAML text of a configuration: values with `${NAME}` replaced from the environment, and the place of each in the
 * file. Substitution happens in parsed strings, so that no variable can add structure. `$${` stands for a literal `${`.
 */
import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { messageOf } from '../domain/errors.js';
import { ConfigError, type ConfigProblem, formatPath } from './config-problem.js';
import { suggestName } from './suggest-name.js';

export type Environment = Readonly<Record<string, string | undefined>>;
export type ConfigPath = readonly PropertyKey[];

/** No configuration is near this; it bounds what alias expansion and error texts can cost. */
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
/** Aliases of aliases multiply. */
const MAX_ALIAS_COUNT = 100;

export interface YamlSource {
  readonly value: unknown;
  /** Variables that are not set. */
  readonly problems: readonly ConfigProblem[];
  /** The problem placed at the value of that path, or at the nearest thing above it that is written. */
  problemAt(path: ConfigPath, message: string): ConfigProblem;
  /** The problem placed at the key itself. */
  problemAtKey(path: ConfigPath, key: string, message: string): ConfigProblem;
}

/** @throws ConfigError if the text is not YAML */
export function readYaml(text: string, file: string, environment: Environment): YamlSource {
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES) {
    throw new ConfigError(file, [
      { line: 1, column: 1, path: '', message: `longer than ${MAX_CONFIG_BYTES} bytes; no configuration is that long` },
    ]);
  }
  const lineCounter = new LineCounter();
  // Warnings would go to standard error past everything that words and places problems.
  const options = { prettyErrors: false, version: '1.2', merge: false, logLevel: 'error' } as const;
  const document = parseDocument(text, { ...options, lineCounter });
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({
      ...place(error.pos[0]),
      path: '',
      message: `not valid YAML: ${error.message}`,
    }));
    throw new ConfigError(file, problems);
  }
  const problems: ConfigProblem[] = [];
  substitute(document, environment, (node, message) => {
    problems.push({ ...place(node.range?.[0] ?? 0), path: '', message });
  });
  return {
    value: plainValue(document, file),
    problems,
    problemAt: (path, message) => ({ ...place(offsetOf(document, path)), path: formatPath(path), message }),
    problemAtKey: (path, key, message) => ({
      ...place(offsetOfKey(document, path, key)),
      path: formatPath([...path, key]),
      message,
    }),
  };
}

function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIAS_COUNT }) ?? {};
  } catch (thrown) {
    const message = `not valid YAML: ${messageOf(thrown)}; write it out without so many aliases`;
    throw new ConfigError(file, [{ line: 1, column: 1, path: '', message }]);
  }
}

function substitute(document: Document, environment: Environment, report: (node: Node, message: string) => void): void {
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string') return;
      node.value = node.value.replace(/\$\$\{|\$\{([^}]*)\}/g, (whole, name: string | undefined) => {
        if (name === undefined) return '${';
        const value = environment[name];
        if (value !== undefined && value !== '') return value;
        report(node, missingVariable(name, value, environment));
        return whole;
      });
    },
  });
}

function missingVariable(name: string, value: string | undefined, environment: Environment): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return `"\${${name}}" is not a variable; write \${NAME}, or $\${ for a literal \${`;
  if (value === '') return `the environment variable ${name} is empty; set it before starting`;
  const near = suggestName(name, Object.keys(environment));
  const hint = near === undefined ? '' : ` (there is ${near})`;
  return `the environment variable ${name} is not set${hint}; set it before starting, e.g. ${name}=… alias-tracker serve`;
}

function offsetOf(document: Document, path: ConfigPath): number {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function offsetOfKey(document: Document, path: ConfigPath, key: string): number {
  const map = path.length === 0 ? document.contents : document.getIn(path);
  if (isMap(map)) {
    for (const pair of map.items) {
      if (isScalar(pair.key) && String(pair.key.value) === key && pair.key.range) return pair.key.range[0];
    }
  }
  return offsetOf(document, path);
}
