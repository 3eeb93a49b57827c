/** What the load generator is told over its channel, and what it answers. */
import type { WorkloadShape } from '../workload.js';

export interface LoadTarget {
  readonly protocol: 'udp' | 'http';
  readonly host: string;
  readonly port: number;
  /** The server's process, whose CPU time is measured. */
  readonly pid: number;
  /** One of those that were prepared. */
  readonly shape: WorkloadShape;
  /** UDP: as many unanswered requests for each of them as for a single one. Default: one. */
  readonly workers?: number;
}

export interface LoadProfile {
  readonly numWant: number;
  /** Of a hundred requests. */
  readonly scrapePercent: number;
  /** HTTP: one connection for many requests. */
  readonly keepAlive: boolean;
  /** UDP: not more than this many requests a second. Default: as many as are answered. */
  readonly requestsPerSecond?: number;
}

export type LoadCommand =
  | { readonly kind: 'prepare'; readonly shapes: readonly WorkloadShape[] }
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
  /** What the server used in its own program, and in the kernel. */
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** Requests that got no answer in time. */
  readonly lost: number;
  /** Answers that refused. */
  readonly errors: number;
  /** Of all answers. */
  readonly answerBytes: number;
  readonly peers: number;
  /** UDP: the longest time without any answer. */
  readonly longestGapMs: number;
  /** UDP: how often there was none for longer than {@link LONG_GAP_MS}. */
  readonly longGaps: number;
  /** UDP: the longest, without the time that server or load generator waited for a processor. */
  readonly longestOwnGapMs: number;
  /** The server's memory afterwards. */
  readonly residentBytes: number;
}

/** The goal for the longest stall. */
export const LONG_GAP_MS = 20;
