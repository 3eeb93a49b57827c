/** Measures when a target that an operator stops and starts has died, and when it works again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthCheck } from '../health/health-plan.js';
import { tryConnection } from '../health/try-connection.js';

export interface WatchTargetOptions {
  readonly checks: readonly HealthCheck[];
  /** How long to wait. */
  readonly patienceMs: number;
  /** Milliseconds that only rise. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

const TRY_EVERY_MS = 100;
const TRY_MS = 1_000;

/**
 * @param wanted `dead`: none of the checks succeeds. `working`: all do
 * @returns the start of the first attempt that found it; undefined: not within the time
 * @throws the reason of the signal
 */
export async function whenTarget(
  wanted: 'dead' | 'working',
  { checks, patienceMs, nowMs, signal }: WatchTargetOptions,
): Promise<number | undefined> {
  const endMs = nowMs() + patienceMs;
  for (;;) {
    const fromMs = nowMs();
    const failures = await Promise.all(checks.map((check) => tryConnection(check, TRY_MS)));
    const found = failures.every((failure) => (failure !== undefined) === (wanted === 'dead'));
    if (found) return fromMs;
    signal.throwIfAborted();
    if (fromMs > endMs) return undefined;
    await sleep(TRY_EVERY_MS);
  }
}
