/** How far the clients of an experiment are, and how busy the machine was meanwhile. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 250;
const REPORT_EVERY_MS = 10_000;

export interface RunningClient {
  readonly network: number;
  readonly child: ChildProcess;
  readonly startedMs: number;
  /** Exists when its download is complete. */
  readonly doneFile: string;
}

export interface Waiting {
  readonly timeoutSeconds: number;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Returns when all are complete, or at the time limit. */
export async function waitForAll(
  clients: readonly RunningClient[],
  startedMs: number,
  { timeoutSeconds, onProgress, signal }: Waiting,
): Promise<void> {
  let reportAtMs = Date.now() + REPORT_EVERY_MS;
  for (;;) {
    const done = clients.filter((client) => existsSync(client.doneFile)).length;
    const nowMs = Date.now();
    if (nowMs >= reportAtMs || done === clients.length) {
      reportAtMs = nowMs + REPORT_EVERY_MS;
      onProgress(`${Math.round((nowMs - startedMs) / 1000)} s: ${done} of ${clients.length} complete`);
    }
    if (done === clients.length || nowMs - startedMs > 1000 * timeoutSeconds) return;
    await sleep(POLL_MS, undefined, signal ? { signal } : {});
  }
}

/** Of those that are complete, sorted. @param startedMs of all, or of each */
export function secondsOf(
  clients: readonly RunningClient[],
  startedMs: number | ((client: RunningClient) => number),
): number[] {
  return clients
    .filter((client) => existsSync(client.doneFile))
    .map((client) => {
      const from = typeof startedMs === 'number' ? startedMs : startedMs(client);
      return (statSync(client.doneFile).mtimeMs - from) / 1000;
    })
    .sort((a, b) => a - b);
}

export function medianOf(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** @returns the CPU load of the machine since this call, 0 … 1 */
export function measureLoad(): () => number {
  const before = cpuTicks();
  return () => {
    const now = cpuTicks();
    return (now.busy - before.busy) / Math.max(1, now.all - before.all);
  };
}

/**
 * Ticks of all processors since the machine started (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq,
 * steal.
 */
function cpuTicks(): { busy: number; all: number } {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.trim().split(/\s+/).slice(1, 9).map(Number);
  const all = fields.reduce((sum, ticks) => sum + ticks, 0);
  return { busy: all - (fields[3] ?? 0) - (fields[4] ?? 0), all };
}
