/** What the load generator is told over its channel, and what it answers. */
import type { WorkloadShape } from '../workload.js';

export interface LoadTarget {
  readonly protocol: 'udp' | 'http';
  readonly host: string;
  readonly port: number;
  /** The server's process, whose CPU time is measured. */
  readonly pid: number;
}

export interface LoadProfile {
  readonly numWant: number;
  /** Of a hundred requests. */
  readonly scrapePercent: number;
  /** HTTP: one connection for many requests. */
  readonly keepAlive: boolean;
}

export type LoadCommand =
  | { readonly kind: 'prepare'; readonly shape: WorkloadShape }
  | { readonly kind: 'fill'; readonly target: LoadTarget; readonly profile: LoadProfile }
  | {
      readonly kind: 'measure';
      readonly target: LoadTarget;
      readonly profile: LoadProfile;
      readonly seconds: number;
    };

export interface LoadResult {
  readonly answers: number;
  readonly seconds: number;
  readonly serverCpuSeconds: number;
  /** Requests that got no answer in time. */
  readonly lost: number;
  /** Answers that refused. */
  readonly errors: number;
  readonly answerBytes: number;
  readonly peersPerAnswer: number;
  /** UDP: the longest time without any answer. */
  readonly longestGapMs: number;
  /** The server's memory afterwards. */
  readonly residentBytes: number;
}
