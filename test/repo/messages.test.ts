/** What messages, help texts and documentation of the API name exists: options, commands, configuration keys, calls, files. */
import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createProgram } from '../../src/cli/program.js';
import { configSchema } from '../../src/config/config-schema.js';
import { testContext } from './command-line-context.js';
import { sourceFiles } from './source-files.js';

interface Literal {
  readonly where: string;
  readonly text: string;
}

/** String and template literals without what is put into them; comments and imports are not messages. */
function literalsOf(file: string): Literal[] {
  const code = readFileSync(file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/^(import|export) [^;]*? from '[^']*';/gm, (line) => line.replace(/[^\n]/g, ' '));
  const found = code.matchAll(/^\s*\/\/.*$|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/gm);
  return [...found]
    .filter(([match]) => /^['`]/.test(match))
    .map((match) => ({
      where: `${file}:${code.slice(0, match.index).split('\n').length}`,
      text: match[0].replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…'),
    }));
}

/** The script of a page is a program of its own. */
const SCRIPTS = ['src/dashboard/refresh-script.ts'];
const literals = sourceFiles('src', '.ts')
  .filter((file) => !SCRIPTS.includes(file))
  .flatMap(literalsOf);
const missing = (pattern: RegExp, exists: (name: string, literal: Literal) => boolean): string[] =>
  literals.flatMap((literal) =>
    [...literal.text.matchAll(pattern)]
      .map((match) => match[1]!)
      .filter((name) => !exists(name, literal))
      .map((name) => `${literal.where}: ${name}`),
  );

const commands = (parent: Command): Command[] => [parent, ...parent.commands.flatMap(commands)];
const program = createProgram(testContext(), '0.0.0');

/** Those of other programs, which are started or suggested, are in the lines that name these. */
const OTHER_PROGRAMS =
  /aria2c|curl|transmission|npm run experiment|src\/lab\/|src\/cli\/experiment-main|src\/tracker\/inlining/;

describe('what a message names exists', () => {
  test('options', () => {
    const known = new Set(commands(program).flatMap((command) => command.options.map((option) => option.long)));
    known.add('--help').add('--version');
    const isStyle = ({ text }: Literal): boolean => /:root|var\(--/.test(text);
    const unknown = missing(/(?<![\w-])(--[a-z][a-z0-9-]+)/g, (name, literal) => {
      return known.has(name) || isStyle(literal) || OTHER_PROGRAMS.test(`${literal.where} ${literal.text}`);
    });
    expect(unknown).toEqual([]);
  });

  test('commands', () => {
    const known = new Set(program.commands.map((command) => command.name()));
    expect(missing(/alias-tracker ([a-z][a-z-]+)(?=[ `"'…\n])/g, (name) => known.has(name) || PROSE.has(name))).toEqual(
      [],
    );
  });

  test('keys of the configuration', () => {
    const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Schema;
    const sections = Object.keys(schema.properties ?? {}).join('|');
    const key = new RegExp(`(?<![\\w./@-])((?:${sections})(?:\\.[a-zA-Z][a-zA-Z0-9]*|\\[\\d*…?\\])+)(?![\\w/@-])`, 'g');
    const notKeys = /\.(ts|js|md|json|yaml|example|lab|log|sqlite|snapshot)$|\.example\./;
    const unknown = missing(key, (name) => notKeys.test(name) || hasKey(schema, name.replace(/\[[^\]]*\]/g, '')));
    expect(unknown).toEqual([]);
  });

  test('calls of the control API', () => {
    const routes = new Set(literals.map(({ text }) => text.slice(1, -1)).filter((text) => text.startsWith('/api/v1/')));
    const unknown = missing(/(?:GET|POST) (\/api\/v1\/[a-z/{}A-Z]+)/g, (path) => routes.has(path));
    expect(unknown).toEqual([]);
  });

  test('files of the repository', () => {
    expect(missing(/(?<![\w/])((?:docs|examples|scripts)\/[\w./-]+\.\w+)/g, (file) => existsSync(file))).toEqual([]);
  });
});

/** Words that follow the program's name in a sentence. */
const PROSE = new Set(['serves', 'needs', 'or']);

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
}

function hasKey(schema: Schema, path: string): boolean {
  const [head, ...rest] = path.split('.') as [string, ...string[]];
  const inside = [schema, ...(schema.anyOf ?? [])].flatMap((each) => (each.items ? [each, each.items] : [each]));
  return inside.some((each) => {
    const next = each.properties?.[head];
    return next !== undefined && (rest.length === 0 || hasKey(next, rest.join('.')));
  });
}
