import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two projects' worth of patience, one runner: e2e tests start whole applications and real clients.
    pool: 'forks',
    maxWorkers: 2,
  },
});
