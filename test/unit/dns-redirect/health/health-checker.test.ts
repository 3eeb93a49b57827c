/** When the checks run: handshakes are spread, and every check is repeated. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HealthChecker } from '../../../../src/dns-redirect/health/health-checker.js';
import type { HealthCheck } from '../../../../src/dns-redirect/health/health-plan.js';
import { HealthTable } from '../../../../src/dns-redirect/health/health-table.js';
import { parseIp } from '../../../../src/domain/ip-address.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const checksOf = (protocol: HealthCheck['protocol'], count: number): HealthCheck[] =>
  Array.from({ length: count }, (_, i) => ({
    target: 'mirror',
    protocol,
    address: parseIp('203.0.113.20'),
    port: 443,
    certificateFor: `site${i}.example`,
  }));

function startChecker(checks: readonly HealthCheck[]) {
  const startedAtMs: number[] = [];
  const triedNames = new Map<string, number>();
  let failure: string | undefined;
  const checker = new HealthChecker({
    clock: { nowMs: () => Date.now() },
    tryConnection: async ({ certificateFor = '' }) => {
      startedAtMs.push(Date.now());
      triedNames.set(certificateFor, (triedNames.get(certificateFor) ?? 0) + 1);
      return failure;
    },
    onChange: () => {},
  });
  const beginMs = Date.now();
  checker.follow({ checks, table: HealthTable.memoryFor(checks.length) });
  return {
    checker,
    triedNames,
    fail: (reason: string | undefined) => {
      failure = reason;
    },
    /** The most attempts in one tenth of a second, between two times since the start. */
    mostPerTenth: (fromMs: number, toMs: number): number => {
      const tenths = new Map<number, number>();
      for (const atMs of startedAtMs) {
        const since = atMs - beginMs;
        if (since < fromMs || since >= toMs) continue;
        const tenth = Math.floor(since / 100);
        tenths.set(tenth, (tenths.get(tenth) ?? 0) + 1);
      }
      return Math.max(...tenths.values());
    },
  };
}

describe('400 checks over HTTPS', () => {
  // 20 a second are 2 in a tenth of a second. More than 20 by chance have a probability below 10^-13.
  const MOST = 20;

  test('never begin all at the same moment, and each is repeated within 20 s', async () => {
    const { checker, triedNames, mostPerTenth } = startChecker(checksOf('https', 400));
    await vi.advanceTimersByTimeAsync(61_000);
    expect(mostPerTenth(0, 100)).toBeLessThanOrEqual(2 * MOST);
    expect(mostPerTenth(100, 61_000)).toBeLessThanOrEqual(MOST);
    expect(triedNames.size).toBe(400);
    expect(Math.min(...triedNames.values())).toBeGreaterThanOrEqual(3);
    checker.stop();
  });

  test('are spread again after all of them have failed', async () => {
    const { checker, mostPerTenth, fail } = startChecker(checksOf('https', 400));
    await vi.advanceTimersByTimeAsync(41_000);
    fail('no answer');
    await vi.advanceTimersByTimeAsync(21_000);
    fail(undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(mostPerTenth(90_000, 122_000)).toBeLessThanOrEqual(MOST);
    checker.stop();
  });
});

test('up to 20 checks over HTTPS, and all others, have their first result at once', async () => {
  const checks = [...checksOf('https', 20), ...checksOf('http', 100)];
  const { checker, triedNames } = startChecker(checks);
  await checker.triedAll();
  expect(triedNames.size).toBe(100);
  expect(triedNames.get('site0.example')).toBe(2);
  checker.stop();
});
