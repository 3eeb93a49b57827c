import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sourceFiles, trackedFiles } from './source-files.js';

const texts = trackedFiles().filter((path) => /\.(ts|mjs|js|md|ya?ml|json|sql|html|css|sh)$|^\.ci\//.test(path));
const ours = texts.filter((path) => path !== 'package-lock.json' && !path.startsWith('test/repo/'));

function linesWith(pattern: RegExp, paths: readonly string[]): string[] {
  return paths.flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 100)}`] : [])),
  );
}

describe('what no file says', () => {
  test('nothing is left for later', () => {
    expect(linesWith(/\b(TODO|FIXME|XXX|HACK)\b|not (yet )?implemented/, ours)).toEqual([]);
  });

  test('no path of a particular machine', () => {
    expect(linesWith(/(^|[\s"'`(])(\.\.\/)+shared\b|\/work\/|\/home\/[a-z]+\/|\/root\/|\/farm\//, ours)).toEqual([]);
  });

  test('no check is switched off', () => {
    const code = ours.filter((path) => /\.(ts|mjs|js)$/.test(path));
    expect(linesWith(/@ts-(ignore|nocheck|expect-error)|biome-ignore|eslint-disable|\bas any\b/, code)).toEqual([]);
  });

  test('no test is left out, but where a real program is missing', () => {
    const tests = ours.filter((path) => path.endsWith('.test.ts') || path.endsWith('.contract.ts'));
    expect(linesWith(/\b(test|it|describe)\.(only|todo|fails)\b/, tests)).toEqual([]);
    const unconditional = linesWith(/\b(test|it|describe)\.skip\(/, tests);
    expect(unconditional).toEqual([]);
    // What guards a test: a program or facility of the machine, or a property of the driver under test.
    const guards = /real-program\.js|\b(operator|own)Network\(|process\.platform|\bsubject\./;
    const without = tests.filter((path) => {
      const text = readFileSync(path, 'utf8');
      return /\b(test|it|describe)\.(skipIf|runIf)\(/.test(text) && !guards.test(text);
    });
    expect(without).toEqual([]);
  });
});

describe('what is written in one place', () => {
  test('a time limit beside a signal: Node.js 20 may collect that of AbortSignal.any before it fires', () => {
    expect(linesWith(/AbortSignal\.any\(/, [...sourceFiles('src', '.ts'), ...sourceFiles('bench', '.ts')])).toEqual([]);
  });

  test('a number with its noun: counted() knows the singular', () => {
    const nouns = 'announces|swarms|nodes|datagrams|requests|failures|flows|seeds|leechers|reports|days|items';
    // A constant in capitals is a limit, and never 1.
    const number = new RegExp(`\\$\\{[a-z][^}]*\\} (?:${nouns})\\b`);
    expect(linesWith(number, sourceFiles('src', '.ts'))).toEqual([]);
  });

  test('an address with its port: brackets around IPv6 are easily forgotten', () => {
    const modules = sourceFiles('src', '.ts').filter((path) => path !== 'src/net/endpoint.ts');
    expect(linesWith(/[hH]ost\}(:| port )\$\{|\[\$\{[a-zA-Z.]*([hH]ost|[aA]ddress|reachable)\}\]/, modules)).toEqual(
      [],
    );
  });
});

/** Lines of a module. */
const LONGEST_MODULE = 420;
const LONGER_MODULES: Readonly<Record<string, number>> = { 'src/tracker/swarm/swarm-store.ts': 461 };

describe('modules', () => {
  const modules = sourceFiles('src', '.ts');

  test('each begins by saying what it is for', () => {
    const silent = modules.filter((path) => !/^(#!.*\n)?\/\*\*/.test(readFileSync(path, 'utf8')));
    expect(silent).toEqual([]);
  });

  test('each has a name that says something', () => {
    const vague = /^(utils?|types?|common|helpers?|misc|index|shared|stuff)\.ts$/;
    expect(modules.filter((path) => vague.test(basename(path)))).toEqual([]);
    expect(modules.filter((path) => !/^[a-z0-9.-]+\.ts$/.test(basename(path)))).toEqual([]);
  });

  test('none is long', () => {
    const linesOf = (path: string): number => readFileSync(path, 'utf8').split('\n').length;
    const long = modules.filter((path) => linesOf(path) > (LONGER_MODULES[path] ?? LONGEST_MODULE));
    expect(long).toEqual([]);
    // A module that has become shorter leaves the list, so the bounds only get tighter.
    expect(Object.keys(LONGER_MODULES).filter((path) => linesOf(path) <= LONGEST_MODULE)).toEqual([]);
  });
});
