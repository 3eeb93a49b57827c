/** Zod's issues → problems with a place in the file; one for each unknown key, and for a union the branch that was meant. */
import type { z } from 'zod';
import type { ConfigProblem } from './config-problem.js';
import type { ConfigPath, YamlSource } from './yaml-source.js';

type Issue = z.core.$ZodIssue;

/** @param issues of a parse with {@link expectedKind} */
export function describeIssues(source: YamlSource, issues: readonly Issue[]): ConfigProblem[] {
  return issues.flatMap((issue) => describe(source, issue, []));
}

function describe(source: YamlSource, issue: Issue, base: ConfigPath): ConfigProblem[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n');
    return issue.keys.map((key, i) => source.problemAtKey(path, key, messages[i] ?? 'unknown key'));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The branch whose kind of value fits is the one that was meant; its problems lie deeper than the value itself.
    const meant = issue.errors.find((branch) => !branch.some((each) => isWrongKind(each)));
    if (meant) return meant.flatMap((each) => describe(source, each, path));
  }
  const { message } = issue;
  return [source.problemAt(path, isMissing(issue) ? `is missing; ${message}` : message)];
}

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list, e.g. [a, b]',
  boolean: 'true or false',
  number: 'a number',
  object: 'keys with values',
  string: 'text',
};

/** For a value of another kind where the schema has no words of its own: Zod's speak of types. */
export function expectedKind(issue: z.core.$ZodRawIssue): string | undefined {
  return issue.code === 'invalid_type' ? `expected ${KINDS[issue.expected] ?? issue.expected}` : undefined;
}

function isWrongKind(issue: Issue): boolean {
  return issue.path.length === 0 && issue.code === 'invalid_type';
}

function isMissing(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.input === undefined;
}
