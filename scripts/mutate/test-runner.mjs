// A vitest that stays, in a process of its own: it transforms the sources once, and runs what it is asked to. Started by run.mjs
// in a copy of the checkout; messages: `{ changed, tests }` in, `{ failed, durations }` out.
import { createVitest } from 'vitest/node';

const TEST_TIMEOUT_MS = 20_000;

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
const specifications = new Map((await vitest.globTestSpecifications()).map((each) => [each.moduleId, each]));

/** One test file after another, so that nothing more is started after the first failure. */
async function run({ changed, tests }) {
  if (changed !== undefined) vitest.invalidateFile(changed);
  const durations = {};
  for (const test of tests) {
    const startedMs = performance.now();
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications([specifications.get(test)]);
    durations[test] = performance.now() - startedMs;
    const passed = testModules.length > 0 && testModules.every((each) => each.ok());
    if (!passed || unhandledErrors.length > 0) {
      const errors = testModules.flatMap((each) => [
        ...each.errors(),
        ...[...each.children.allTests('failed')].flatMap((failed) => failed.result().errors),
      ]);
      const [first] = [...errors, ...unhandledErrors];
      return { failed: test, why: String(first?.message ?? 'no test ran'), durations };
    }
  }
  return { failed: null, durations };
}

process.on('message', async (message) => {
  try {
    process.send(await run(message));
  } catch (thrown) {
    process.send({ failed: 'vitest', why: String(thrown), durations: {} });
  }
});
process.on('disconnect', () => process.exit(0));
process.send({ ready: true });
