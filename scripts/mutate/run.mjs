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
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { defectsIn, spreadEvenly, withDefect } from './defects.mjs';
import { ImportGraph } from './imports.mjs';
import { TypeChecker } from './types.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** The composition root, what configuration is made of, and what each part declares and starts. */
const WIRING =
  '^src/(app|config|config-kit|part)/|^src/[a-z-]+/(part|section|check-section|configured-[a-z-]+|examine-[a-z-]+|running-[a-z-]+)\\.ts$';
/** Of the application, and of the wiring of parts that is tested in their own folder. */
const TESTS =
  '^test/unit/(app|config|config-kit)/|^test/unit/[a-z-]+/(crawler-parts|configured-[a-z-]+|running-[a-z-]+)\\.test\\.ts$';
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
/** A defect that makes a test wait for ever is noticed, too. */
const RUN_TIMEOUT_MS = 300_000;

const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
const present = tracked.filter((path) => existsSync(join(root, path)));
const sources = present.filter((path) => path.startsWith('src/') && new RegExp(values.files).test(path));
const testFiles = present.filter((path) => path.endsWith('.test.ts') && new RegExp(values.tests).test(path));
const all = sources.flatMap((path) => defectsIn(root, path));
const defects = values.sample === undefined ? all : spreadEvenly(all, Number(values.sample), Number(values.seed));

const graph = new ImportGraph(root);
const closures = new Map(testFiles.map((test) => [test, graph.closure(test)]));
const typed = present.filter((path) => path.endsWith('.ts'));
/** How often each test file noticed a defect of a file, and how long it takes without one. */
const noticed = new Map();
const durations = new Map();

/** The tests that import the file: first those that noticed most, then the near ones, then the quick ones. */
function testsFor(path) {
  const rank = (test) => [
    -(noticed.get(`${test} ${path}`) ?? 0),
    closures.get(test).get(path),
    durations.get(test) ?? 0,
  ];
  const compare = (a, b) => a.find((value, i) => value !== b[i]) - b.find((value, i) => value !== a[i]) || 0;
  return testFiles.filter((test) => closures.get(test).has(path)).sort((a, b) => compare(rank(a), rank(b)));
}

/** A copy: whoever works in the checkout is not disturbed, and an interrupted run leaves no defect behind. */
class Copy {
  #directory = mkdtempSync(join(tmpdir(), 'alias-tracker-mutate-'));
  #runner = null;

  constructor() {
    for (const path of present) cpSync(join(root, path), join(this.#directory, path));
    cpSync(join(root, 'dist'), join(this.#directory, 'dist'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(this.#directory, 'node_modules'));
  }

  /** @returns what test-runner.mjs answers */
  async test(defect, tests) {
    this.#runner ??= await this.#start();
    const file = defect && join(this.#directory, defect.path);
    const text = defect && readFileSync(file, 'utf8');
    if (defect) writeFileSync(file, withDefect(text, defect));
    const timer = setTimeout(() => this.#kill(), RUN_TIMEOUT_MS);
    const stop = new AbortController();
    try {
      const answered = Promise.race([
        once(this.#runner, 'message', { signal: stop.signal }),
        once(this.#runner, 'exit', { signal: stop.signal }),
      ]);
      this.#runner.send({ changed: file, tests: tests.map((test) => join(this.#directory, test)) });
      const [answer] = await answered;
      if (answer?.durations !== undefined) return this.#relative(answer);
      this.#runner = null;
      return { failed: 'the time limit', durations: {} };
    } finally {
      stop.abort();
      clearTimeout(timer);
      if (defect) writeFileSync(file, text);
    }
  }

  async #start() {
    const runner = fork(join(this.#directory, 'scripts/mutate/test-runner.mjs'), {
      cwd: this.#directory,
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // What a defect keeps from happening is not waited for as long as elsewhere.
      env: { ...process.env, TEST_PATIENCE_MS: '10000' },
    });
    await once(runner, 'message');
    return runner;
  }

  #relative({ failed, why, durations }) {
    const short = (path) => path?.replace(`${this.#directory}/`, '') ?? null;
    return {
      failed: short(failed),
      why,
      durations: Object.fromEntries(Object.entries(durations).map(([test, ms]) => [short(test), ms])),
    };
  }

  /** Its whole process group, as a test may be in an endless loop. */
  #kill() {
    try {
      if (this.#runner?.pid !== undefined) process.kill(-this.#runner.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }

  close() {
    this.#kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

const copies = Array.from({ length: Math.max(1, Number(values.jobs)) }, () => new Copy());
process.on('exit', () => {
  for (const copy of copies) copy.close();
});
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

/** Gives each item to the next copy that is free. */
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
  durations.set(test, taken[test]);
});

const checker = new TypeChecker(root);
const results = [];
await spread(defects, async (defect, copy) => {
  const startedMs = performance.now();
  const { path } = defect;
  const text = withDefect(readFileSync(join(root, path), 'utf8'), defect);
  let by = '';
  let noticedBy = 'types';
  if (!checker.refuses(path, text, graph.importers(path, typed))) {
    const { failed } = await copy.test(defect, testsFor(path));
    noticedBy = failed === null ? 'nobody' : 'tests';
    by = failed ?? '';
    if (failed !== null) noticed.set(`${failed} ${path}`, (noticed.get(`${failed} ${path}`) ?? 0) + 1);
  }
  results.push({ ...defect, noticedBy, by });
  const place = `${path}:${defect.line}`;
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  console.error(`${results.length}/${defects.length} ${noticedBy.padEnd(6)} ${place} ${by} ${seconds} s`);
  if (noticedBy === 'nobody') {
    console.log(`${place}: ${JSON.stringify(defect.original.trim())} → ${JSON.stringify(defect.replacement.trim())}`);
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 1)}\n`);
});
checker.close();
const count = (who) => results.filter((result) => result.noticedBy === who).length;
const valid = results.length - count('types');
console.log(
  `${count('tests')} of ${valid} defects that compile were noticed by tests (${valid === 0 ? 0 : Math.round((100 * count('tests')) / valid)} %); ${count('types')} more by types`,
);
process.exit(0);
