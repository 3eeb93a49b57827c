/** What a server of the benchmark is started with, as one JSON argument; it says `ready` on its output when it listens. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkloadShape } from '../workload.js';

export interface ServerOptions {
  readonly protocol: 'udp' | 'http';
  readonly host: string;
  readonly port: number;
  readonly numWant: number;
  readonly keepAlive: boolean;
  readonly shape: WorkloadShape;
  /** Ours: false chooses at random, with no policy loaded. */
  readonly ranking: boolean;
  /** Ours: how many workers share the swarms. */
  readonly workers: number;
  /** Ours: how often it writes its swarms to a file; 0: never. */
  readonly snapshotEverySeconds: number;
}

export const READY = 'ready';
/** Where ours writes its swarms. */
export const SNAPSHOT_FILE = join(tmpdir(), 'alias-tracker-bench-snapshot', 'swarms.snapshot');
/** Ours: ends its first worker, as by a defect. The worker restarts. */
export const END_A_WORKER = 'SIGUSR2';

export function readOptions(): ServerOptions {
  return JSON.parse(process.argv[2] ?? '{}') as ServerOptions;
}

export function announceReady(): void {
  process.stdout.write(`${READY}\n`);
}
