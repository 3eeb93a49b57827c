/** Messages between the control plane and the thread of the health checks. */
import type { FirstWord } from '../../threads/start-thread.js';
import type { RedirectTarget } from '../redirect-policy.js';
import type { HealthCheck } from './health-plan.js';

/** Checks, and the table for their results: see `health-table.ts`. */
export interface CheckList {
  readonly checks: readonly HealthCheck[];
  readonly table: SharedArrayBuffer;
}

/** A target that counts as dead until a time: a drill. */
export interface Drill {
  readonly target: RedirectTarget;
  readonly untilMs: number;
}

export interface HealthThreadStart extends CheckList {
  readonly drills: readonly Drill[];
  readonly vitals: SharedArrayBuffer;
}

export type ToHealthThread =
  | ({ readonly type: 'checks' } & CheckList)
  | { readonly type: 'drills'; readonly drills: readonly Drill[] }
  | { readonly type: 'stop' };

/** A result that differs from the one before. */
export interface CheckChange {
  /** `keyOfCheck` */
  readonly key: string;
  readonly isUp: boolean;
  /** The last failure. */
  readonly reason: string | undefined;
  /** When the result came. */
  readonly atMs: number;
}

export type FromHealthThread =
  | { readonly type: 'ready'; readonly changes: readonly CheckChange[] }
  | Extract<FirstWord, { type: 'failed' }>
  | { readonly type: 'changed'; readonly change: CheckChange };
