/**
 * Which part the running code belongs to. Timers, listeners and promises that a part creates inherit it. So an error that
 * nothing caught has a part: Node.js keeps this context while it calls the handlers of `uncaughtException` and
 * `unhandledRejection`.
 */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** One start of a part. */
export interface PartRun {
  readonly part: string;
  /** Reports that the part failed in this run. Absent if the part is not restarted. */
  readonly failed?: (reason: unknown) => void;
}

const current = new AsyncLocalStorage<PartRun>();

export function runAs<T>(run: PartRun, work: () => T): T {
  return current.run(run, work);
}

/** Undefined for code that does not belong to a part. */
export function currentPart(): PartRun | undefined {
  return current.getStore();
}

/** For a callback that another part calls: it runs in the context of the part that created it. */
export function boundToPart<Arguments extends unknown[]>(
  callback: (...args: Arguments) => void,
): (...args: Arguments) => void {
  return AsyncResource.bind(callback);
}
