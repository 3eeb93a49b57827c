import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These only end a test that hangs: longer than `eventually` waits (test/support/eventually.ts).
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 120_000, interval: 10 } },
    // Two projects' worth of patience, one runner: e2e tests start whole applications and real clients.
    pool: 'forks',
    maxWorkers: 2,
  },
});
