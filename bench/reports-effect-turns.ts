/**
 * Loaded into the server of `reports-effect.ts` before anything else, there and in its worker threads: times what the data
 * plane does between batches, and its garbage collections. When asked over a BroadcastChannel, it sends what it has measured
 * since it was last asked.
 */
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import { EventLoop } from '../src/transport/linux/event-loop.js';
import { UdpListener } from '../src/transport/linux/udp-listener.js';

/** What was measured of one kind of work. */
export interface TimesSummary {
  readonly count: number;
  readonly totalMs: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  readonly over100Us: number;
  readonly over500Us: number;
}

export type WatchedWork = 'between' | 'batches' | 'nodeTurns' | 'collections';
export type WatchedTimes = Readonly<Record<WatchedWork, TimesSummary>>;

function watch(): void {
  const between = new Times();
  const batches = new Times();
  const nodeTurns = new Times();
  const collections = new Times();
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) collections.add(entry.duration);
  }).observe({ entryTypes: ['gc'] });

  const { run } = EventLoop.prototype;
  EventLoop.prototype.run = function (running, betweenBatches, tickMs): Promise<void> {
    const timed = (): void => {
      const begun = performance.now();
      betweenBatches();
      between.add(performance.now() - begun);
    };
    return run.call(this, running, timed, tickMs);
  };
  const { onReady } = UdpListener.prototype;
  UdpListener.prototype.onReady = function (): void {
    const begun = performance.now();
    onReady.call(this);
    batches.add(performance.now() - begun);
  };
  const plain = globalThis.setImmediate;
  const timedSetImmediate = <Args extends unknown[]>(
    callback: (...args: Args) => void,
    ...args: Args
  ): NodeJS.Immediate => {
    const begun = performance.now();
    return plain(() => {
      nodeTurns.add(performance.now() - begun);
      callback(...args);
    });
  };
  globalThis.setImmediate = Object.assign(timedSetImmediate, { __promisify__: plain.__promisify__ });

  const channel = new BroadcastChannel('reports-effect');
  channel.onmessage = (event) => {
    if ((event as { readonly data: unknown }).data !== 'ask') return;
    const times: WatchedTimes = {
      between: between.take(),
      batches: batches.take(),
      nodeTurns: nodeTurns.take(),
      collections: collections.take(),
    };
    channel.postMessage(times);
  };
  channel.unref();
}

/** Times in milliseconds, in memory that is reserved at the start, so that measuring makes no garbage. */
class Times {
  #count = 0;
  #values = new Float64Array(2 ** 18);

  add(ms: number): void {
    if (this.#count < this.#values.length) this.#values[this.#count++] = ms;
  }

  /** @returns what was added since the last call, and forgets it */
  take(): TimesSummary {
    const sorted = this.#values.slice(0, this.#count).sort();
    this.#count = 0;
    const at = (q: number): number =>
      Math.round(1_000 * (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0));
    const over = (us: number): number => sorted.filter((ms) => ms * 1_000 >= us).length;
    return {
      count: sorted.length,
      totalMs: Math.round(sorted.reduce((sum, ms) => sum + ms, 0) * 10) / 10,
      p99Us: at(0.99),
      p999Us: at(0.999),
      maxUs: at(1),
      over100Us: over(100),
      over500Us: over(500),
    };
  }
}

if (!isMainThread) watch();
