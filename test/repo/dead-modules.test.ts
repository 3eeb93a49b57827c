import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { importsOf, sourceFiles } from './source-files.js';

/** Programs; everything else is there because one of them imports it. */
const ENTRY_POINTS = ['src/cli/main.ts', 'src/cli/experiment-main.ts'];

/** Entry points of threads, named without a path beside the module that starts them: `'data-plane-worker.js'`. */
function threadsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/'([a-z-]+)\.js'/g)]
    .map(([, name]) => normalize(join(dirname(file), `${name}.ts`)))
    .filter((path) => existsSync(path));
}

test('every module is reached from a program: a module that only tests import is dead', () => {
  const modules = sourceFiles('src', '.ts').filter((path) => !path.endsWith('.d.ts'));
  expect(ENTRY_POINTS.filter((path) => !modules.includes(path))).toEqual([]);
  const reached = new Set<string>();
  const waiting = [...ENTRY_POINTS];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    waiting.push(...importsOf(path), ...threadsOf(path));
  }
  expect(modules.filter((path) => !reached.has(path))).toEqual([]);
});
