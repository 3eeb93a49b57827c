import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Tests that replace modules, count what happens once in a process, or start programs: each file has its own process. */
export const ALONE = [
  'test/contract/**/*.test.ts',
  'test/e2e/**/*.test.ts',
  'test/fuzz/**/*.test.ts',
  'test/repo/**/*.test.ts',
  'test/unit/app/**/*.test.ts',
  'test/unit/control-api/metrics.test.ts',
  'test/unit/crawler/crawler-parts.test.ts',
];

export default defineConfig({
  test: {
    // These only end a test that hangs: longer than `eventually` waits (test/support/eventually.ts).
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 120_000, interval: 10 } },
    pool: 'forks',
    // More than processors: many e2e tests wait for real clients, or for a thread to count as stuck.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    projects: [
      {
        extends: true,
        // Starting a process and loading the modules again for each file would take longer than most of these tests.
        test: { name: 'together', isolate: false, include: ['test/**/*.test.ts'], exclude: ALONE },
      },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
  },
});
