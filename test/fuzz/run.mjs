// `npm run fuzz [COUNT [SEED]]`: a long bounded run of test/unit/tracker/hostile-input.test.ts; COUNT of datagrams and of
// requests each, 600,000 unless told, about ten minutes on one slow core.
import { spawnSync } from 'node:child_process';

const [count = '600000', seed = '1'] = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', 'test/unit/tracker/hostile-input.test.ts', '--testTimeout=7200000'],
  { stdio: 'inherit', env: { ...process.env, FUZZ_COUNT: count, FUZZ_SEED: seed } },
);
process.exitCode = status ?? 1;
