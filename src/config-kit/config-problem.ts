/** What is wrong with a configuration: every problem with its place, told at once. */
import { OperatorError } from '../domain/errors.js';

export interface ConfigProblem {
  /** 1-based, in the YAML file. */
  readonly line: number;
  readonly column: number;
  /** `tracker.listen[0]`; empty for the file as a whole. */
  readonly path: string;
  /** What is wrong, and what would be right. */
  readonly message: string;
}

/** One line per problem: `file:line:column: path: what is wrong, what would be right`. */
export class ConfigError extends OperatorError {
  readonly file: string;
  readonly problems: readonly ConfigProblem[];
  constructor(file: string, problems: readonly ConfigProblem[]) {
    const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
    super(sorted.map((problem) => formatProblem(file, problem)).join('\n'), { code: 'invalid-configuration' });
    this.name = 'ConfigError';
    this.file = file;
    this.problems = sorted;
  }
}

function formatProblem(file: string, problem: ConfigProblem): string {
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `${file}:${problem.line}:${problem.column}: ${path}${problem.message}`;
}

/** `['tracker', 'listen', 0]` → `tracker.listen[0]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? String(step) : `.${String(step)}`;
  }
  return text;
}
