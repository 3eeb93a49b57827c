/**
 * A time limit together with a signal of the caller. It replaces `AbortSignal.any` with `AbortSignal.timeout`: Node.js 20 collects the
 * timeout as garbage if nothing else refers to it, and then it never fires (nodejs/node#54614).
 */

export interface Deadline {
  /** Aborts when the time is over (reason: a `TimeoutError`) or the caller's signal does (with its reason). */
  readonly signal: AbortSignal;
  readonly isOver: boolean;
  /** Ends the timer, and stops listening to the caller. */
  end(): void;
}

/** @param outer the caller's signal */
export function startDeadline(ms: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    controller.abort(new DOMException(`it took longer than ${ms} ms`, 'TimeoutError'));
  }, ms);
  // What waits for the signal keeps the process alive, not the timer.
  timer.unref();
  const onAbort = (): void => controller.abort(outer?.reason);
  if (outer?.aborted) onAbort();
  else outer?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    get isOver() {
      return isOver;
    },
    end: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', onAbort);
    },
  };
}

/** Runs `work` with a signal that aborts after `ms` or when `outer` does. */
export async function withinTime<Result>(
  ms: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const deadline = startDeadline(ms, outer);
  try {
    return await work(deadline.signal);
  } finally {
    deadline.end();
  }
}
