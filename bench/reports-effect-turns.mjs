// Loaded into the server of `reports-effect.mjs` before anything else, there and in its worker threads: times what the data
// plane does between batches, and its garbage collection. Says over a BroadcastChannel what it saw since it was last asked.
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';
import { EventLoop } from '../dist/transport/linux/event-loop.js';
import { UdpListener } from '../dist/transport/linux/udp-listener.js';

function watch() {
  const between = new Times();
  const batches = new Times();
  const nodeTurns = new Times();
  const collections = new Times();
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) collections.add(entry.duration);
  }).observe({ entryTypes: ['gc'] });

  const { run } = EventLoop.prototype;
  EventLoop.prototype.run = function (running, betweenBatches, tickMs) {
    const timed = () => {
      const begun = performance.now();
      betweenBatches();
      between.add(performance.now() - begun);
    };
    return run.call(this, running, timed, tickMs);
  };
  const { onReady } = UdpListener.prototype;
  UdpListener.prototype.onReady = function (token, nowMs) {
    const begun = performance.now();
    onReady.call(this, token, nowMs);
    batches.add(performance.now() - begun);
  };
  const plain = globalThis.setImmediate;
  globalThis.setImmediate = (callback, ...args) => {
    const begun = performance.now();
    return plain(() => {
      nodeTurns.add(performance.now() - begun);
      callback(...args);
    });
  };

  const channel = new BroadcastChannel('reports-effect');
  channel.onmessage = ({ data }) => {
    if (data !== 'ask') return;
    const summary = {};
    for (const [name, values] of Object.entries({ between, batches, nodeTurns, collections })) {
      summary[name] = values.summary();
      values.count = 0;
    }
    channel.postMessage(summary);
  };
  channel.unref();
}

/** Times in milliseconds, in memory that is there from the beginning: to watch must not make garbage. */
class Times {
  count = 0;
  #values = new Float64Array(2 ** 18);

  add(ms) {
    if (this.count < this.#values.length) this.#values[this.count++] = ms;
  }

  /** How many, milliseconds in all, and microseconds at quantiles. */
  summary() {
    const sorted = this.#values.slice(0, this.count).sort();
    const at = (q) => Math.round(1_000 * (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0));
    const over = (us) => sorted.filter((ms) => ms * 1_000 >= us).length;
    return {
      count: this.count,
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
