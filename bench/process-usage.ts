/** What a process has used, as Linux tells it under /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks of /proc/PID/stat in a second; USER_HZ is 100 on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;

/** Time of all threads in their program and in the kernel, in seconds, in steps of 10 ms. */
export interface CpuSeconds {
  readonly user: number;
  readonly system: number;
}

export function cpuSeconds(pid: number): CpuSeconds {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]) / TICKS_PER_SECOND, system: Number(fields[12]) / TICKS_PER_SECOND };
}

export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return match === null ? 0 : Number(match[1]) * 1024;
}

/**
 * How long threads of a process waited for a processor that ran something else, in ms; of all of them together. A thread that has
 * ended counts no more.
 */
export function waitedForProcessorMs(threads: readonly string[]): number {
  let nanoseconds = 0;
  for (const path of threads) {
    try {
      nanoseconds += Number(readFileSync(path, 'utf8').split(' ')[1]);
    } catch (error) {
      if (!isEnded(error)) throw error;
    }
  }
  return nanoseconds / 1e6;
}

/** ESRCH: it ended after its file was opened. */
function isEnded(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
}

/** The thread that used most processor time so far: the one that answers. @returns what {@link waitedForProcessorMs} reads */
export function busiestThread(pid: number): string {
  const directory = `/proc/${pid}/task`;
  const paths = readdirSync(directory).map((thread) => `${directory}/${thread}/schedstat`);
  const used = paths.map((path) => Number(readFileSync(path, 'utf8').split(' ')[0]));
  return paths[used.indexOf(Math.max(...used))]!;
}
