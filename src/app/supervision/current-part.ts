/**
 * Which part the running code belongs to. Whatever a part starts while it starts (timers, listeners, promises) carries this
 * along, so that an error that nothing caught can be attributed: Node.js keeps it while it calls the handlers of
 * `uncaughtException` and `unhandledRejection`.
 */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

/** One start of a part. */
export interface PartRun {
  readonly part: string;
  /** The part has failed by an error in this run; absent where nothing is to be started again. */
  readonly failed?: (reason: unknown) => void;
}

const current = new AsyncLocalStorage<PartRun>();

export function runAs<T>(run: PartRun, work: () => T): T {
  return current.run(run, work);
}

/** Undefined for code of no part. */
export function currentPart(): PartRun | undefined {
  return current.getStore();
}

/** For a callback that another part will call: it runs as the part that made it. */
export function boundToPart<Arguments extends unknown[]>(
  callback: (...args: Arguments) => void,
): (...args: Arguments) => void {
  return AsyncResource.bind(callback);
}
