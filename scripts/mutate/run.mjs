// @ts-check
// Plants one small defect after another in the wiring and runs the tests that are to notice it. A defect that no test notices
// is printed with its place. Plain JavaScript, as it works on sources and not with them.
//
//   npm run mutate                           every file below
//   npm run mutate -- --files REGEX          sources whose path matches
//   npm run mutate -- --sample N             N defects, spread evenly (the score is then an estimate)
//   npm run mutate -- --seed N               other ones
//   npm run mutate -- --tests REGEX          test files whose path matches; of them, those that import the changed file run
//   npm run mutate -- --jobs N               so many at a time
//   npm run mutate -- --json FILE            the result of each defect
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Copy } from './copy.mjs';
import { defectsIn, spreadEvenly, withDefect } from './defects.mjs';
import { ImportGraph } from './imports.mjs';
import { TypeChecker } from './types.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** The composition root, what configuration is made of, and what each part declares and starts. */
const WIRING =
  '^src/(app|config|config-kit|part)/|^src/[a-z-]+/(part|section|check-section|configured-[a-z-]+|examine-[a-z-]+|running-[a-z-]+)\\.ts$';
/** Of the application and its commands, and of the wiring of parts that is tested in their own folder. */
const TESTS =
  '^test/unit/(app|config|config-kit|cli)/|^test/unit/[a-z-]+/(crawler-parts|configured-[a-z-]+|running-[a-z-]+)\\.test\\.ts$';
const { values } = parseArgs({
  options: {
    files: { type: 'string', default: WIRING },
    tests: { type: 'string', default: TESTS },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    json: { type: 'string' },
  },
});

const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
const present = tracked.filter((path) => existsSync(join(root, path)));
// Threads run the build, also in tests: a defect in the source of one changes nothing.
const sources = present.filter(
  (path) => path.startsWith('src/') && new RegExp(values.files).test(path) && !/-(worker|thread)\.ts$/.test(path),
);
const testFiles = present.filter((path) => path.endsWith('.test.ts') && new RegExp(values.tests).test(path));
const all = sources.flatMap((path) => defectsIn(root, path));
const defects = values.sample === undefined ? all : spreadEvenly(all, Number(values.sample), Number(values.seed));

const graph = new ImportGraph(root);
const closures = new Map(testFiles.map((test) => [test, graph.closure(test)]));
const typed = present.filter((path) => path.endsWith('.ts'));
/**
 * How often a test file noticed a defect of a source file.
 * @type {Map<string, number>}
 */
const noticed = new Map();
/**
 * What each test file takes without a defect, in milliseconds.
 * @type {Map<string, number>}
 */
const durations = new Map();

/**
 * The tests that import the file: first those that noticed most, then the near ones, then the quick ones.
 * @param {string} path
 */
function testsFor(path) {
  return testFiles
    .map((test) => ({
      test,
      count: noticed.get(`${test} ${path}`) ?? 0,
      distance: closures.get(test)?.get(path),
      ms: durations.get(test) ?? 0,
    }))
    .filter((each) => each.distance !== undefined)
    .sort((a, b) => b.count - a.count || (a.distance ?? 0) - (b.distance ?? 0) || a.ms - b.ms)
    .map(({ test }) => test);
}

const copies = Array.from({ length: Math.max(1, Number(values.jobs)) }, () => new Copy(root, present));
process.on('exit', () => {
  for (const copy of copies) copy.close();
});
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

/**
 * Gives each item to the next copy that is free.
 * @template T
 * @param {T[]} items @param {(item: T, copy: Copy) => Promise<void>} work
 */
async function spread(items, work) {
  const rest = [...items];
  await Promise.all(
    copies.map(async (copy) => {
      for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item, copy);
    }),
  );
}

console.error(`${defects.length} of ${all.length} defects in ${sources.length} files; ${testFiles.length} test files`);
await spread(testFiles, async (test, copy) => {
  const { failed, why, durations: taken } = await copy.test(undefined, [test]);
  if (failed !== null) {
    console.error(`${test} fails without a defect (${why}): repair it first`);
    process.exit(1);
  }
  durations.set(test, taken[test] ?? 0);
});

const checker = new TypeChecker(root);
/** @type {(import('./defects.mjs').Defect & { noticedBy: 'types' | 'tests' | 'nobody', by: string })[]} */
const results = [];
await spread(defects, async (defect, copy) => {
  const startedMs = performance.now();
  const { path } = defect;
  const text = withDefect(readFileSync(join(root, path), 'utf8'), defect);
  let by = '';
  /** @type {'types' | 'tests' | 'nobody'} */
  let noticedBy = 'types';
  if (!checker.refuses(path, text, graph.importers(path, typed))) {
    const { failed, why = '' } = await copy.test(defect, testsFor(path));
    if (failed !== null) {
      noticedBy = 'tests';
      by = `${failed}: ${why}`;
      noticed.set(`${failed} ${path}`, (noticed.get(`${failed} ${path}`) ?? 0) + 1);
    } else if (!checker.refuses(path, text, typed)) {
      noticedBy = 'nobody';
    }
  }
  results.push({ ...defect, noticedBy, by });
  const place = `${path}:${defect.line}`;
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  console.error(
    `${results.length}/${defects.length} ${noticedBy.padEnd(6)} ${place} ${by.split(': ', 1)} ${seconds} s`,
  );
  if (noticedBy === 'nobody') {
    console.log(`${place}: ${JSON.stringify(defect.original.trim())} → ${JSON.stringify(defect.replacement.trim())}`);
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 1)}\n`);
});
checker.close();
/** @param {'types' | 'tests' | 'nobody'} who */
const count = (who) => results.filter((result) => result.noticedBy === who).length;
const valid = results.length - count('types');
console.log(
  `${count('tests')} of ${valid} defects that compile were noticed by tests (${valid === 0 ? 0 : Math.round((100 * count('tests')) / valid)} %); ${count('types')} more by types`,
);
process.exit(0);
