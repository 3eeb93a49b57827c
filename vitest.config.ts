import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These only end a test that hangs: longer than `eventually` waits (test/support/eventually.ts).
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 120_000, interval: 10 } },
    pool: 'forks',
    // More than processors: many e2e tests wait for real clients, or for a thread to count as stuck.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
  },
});
