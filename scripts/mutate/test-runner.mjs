// @ts-check
// A vitest that stays, in a process of its own: it transforms the sources once, and runs what it is asked to. Started by run.mjs
// in a copy of the checkout; messages: `{ changed, tests }` in, `{ failed, durations }` out.
import { createVitest } from 'vitest/node';

const TEST_TIMEOUT_MS = 45_000;

const vitest = await createVitest('test', {
  root: process.cwd(),
  watch: false,
  bail: 1,
  maxWorkers: 1,
  testTimeout: TEST_TIMEOUT_MS,
  hookTimeout: TEST_TIMEOUT_MS,
  reporters: [{}],
});
await vitest.standalone();
/** @type {string | undefined} */
let changedBefore;
const specifications = new Map((await vitest.globTestSpecifications()).map((each) => [each.moduleId, each]));

/**
 * @typedef {{ failed: string | null, why?: string, durations: Record<string, number> }} Answer
 * One test file after another, so that nothing more is started after the first failure.
 * @param {{ changed?: string, tests: string[] }} order
 * @returns {Promise<Answer>}
 */
async function run({ changed, tests }) {
  // The one before, too: its defect was removed since.
  for (const file of [changedBefore, changed]) if (file !== undefined) vitest.invalidateFile(file);
  changedBefore = changed;
  /** @type {Record<string, number>} */
  const durations = {};
  for (const test of tests) {
    const startedMs = performance.now();
    const specification = specifications.get(test);
    if (specification === undefined) throw new Error(`${test} is not a test`);
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications([specification]);
    durations[test] = performance.now() - startedMs;
    // The results hold those of earlier runs, too.
    const module = testModules.find(({ moduleId }) => moduleId === test);
    if (!module?.ok() || unhandledErrors.length > 0) {
      const failures = module === undefined ? [] : [...module.children.allTests('failed')];
      const errors = [...(module?.errors() ?? []), ...failures.flatMap((failed) => failed.result().errors ?? [])];
      const [first] = [...errors, ...unhandledErrors];
      return { failed: test, why: first === undefined ? 'no test ran' : messageOf(first), durations };
    }
  }
  return { failed: null, durations };
}

/** @param {unknown} thrown */
function messageOf(thrown) {
  return String(/** @type {{ message?: string }} */ (thrown).message ?? thrown);
}

process.on('message', async (message) => {
  try {
    process.send?.(await run(/** @type {Parameters<typeof run>[0]} */ (message)));
  } catch (thrown) {
    process.send?.({ failed: 'vitest', why: String(thrown), durations: {} });
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
