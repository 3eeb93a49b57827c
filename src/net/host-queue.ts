/** One request at a time to each host, with a pause between two. */
import { MAX_REMEMBERED_HOSTS } from './limits.js';

export interface HostQueue {
  /**
   * Runs `work` after all earlier work for the host has ended. Pauses first, unless the host was not asked before.
   * @returns what `work` returns. If it throws, this rejects and the next work for the host still runs
   */
  run<T>(host: string, pauseMs: number, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** @param sleep rejects with the signal's reason once the signal is aborted */
export function createHostQueue(sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>): HostQueue {
  // A Map keeps the order of insertion. A host that is asked moves to the end.
  const hosts = new Map<string, { last: Promise<unknown>; unfinished: number }>();

  const forgetIdle = (): void => {
    for (const [host, { unfinished }] of hosts) {
      if (hosts.size <= MAX_REMEMBERED_HOSTS) return;
      if (unfinished === 0) hosts.delete(host);
    }
  };

  return {
    run: (host, pauseMs, work, signal) => {
      const known = hosts.get(host);
      const queue = known ?? { last: Promise.resolve(), unfinished: 0 };
      const done = queue.last.then(async () => {
        if (known !== undefined && pauseMs > 0) await sleep(pauseMs, signal);
        signal?.throwIfAborted();
        return work();
      });
      const ended = (): void => void queue.unfinished--;
      queue.unfinished++;
      queue.last = done.then(ended, ended);
      hosts.delete(host);
      hosts.set(host, queue);
      forgetIdle();
      return done;
    },
  };
}
