/** What a process has used, as Linux tells it under /proc. */
import { readFileSync } from 'node:fs';

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
