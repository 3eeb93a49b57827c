/**
 * Watches every thread of the process by its vitals: shows the delay of its event loop, and ends a stuck thread, which is
 * then restarted. A restart of the main thread would end announces, so a small thread only reports when it is stuck.
 */

import { stderr } from 'node:process';
import { Worker } from 'node:worker_threads';
import type { MetricFamily } from '../../control-api/metrics.js';
import { type Alarm, alarm } from '../../domain/alarm.js';
import { messageOf } from '../../domain/errors.js';
import { currentPart } from '../../part/current-part.js';
import { startBeating } from '../../threads/beat.js';
import { threadModule } from '../../threads/start-thread.js';
import { StuckDetector } from '../../threads/stuck-detector.js';
import { beatsOf, createVitals, worstDelayMs } from '../../threads/thread-vitals.js';
import type { Watch } from '../watch.js';
import type { MainWatchdogStart } from './main-watchdog-worker.js';
import type { SupervisionContext } from './restarts.js';

export interface WatchedThread {
  /** In metrics and messages: `tracker`, `dns`, `main`. */
  readonly name: string;
  readonly vitals: SharedArrayBuffer;
  /** Absent: it cannot be restarted. */
  readonly supervision?: {
    /** False while it restarts. Then it is not watched. */
    readonly isUp: boolean;
    /** Ends it. Another one is started. */
    abandon(reason: Error): void;
  };
}

const CHECK_EVERY_MS = 1_000;
/** Users notice such a delay of DNS, pages and the API. Stub resolvers retry after 1 to 5 s. */
export const ALARM_DELAY_MS = 500;
/** Half of the time after which a thread is stuck. A load balancer should stop sending traffic here. */
export const UNREADY_DELAY_MS = 5_000;
/** How long after the last such delay the program is not ready. */
const UNREADY_SECONDS = 10;

export class ThreadWatch implements Watch {
  readonly name = 'thread watch';
  /** Of the main thread. It writes them between `start` and `stop`. */
  readonly mainVitals = createVitals();
  readonly #context: SupervisionContext;
  readonly #threads: { readonly thread: WatchedThread; readonly detector: StuckDetector }[] = [];
  readonly #measured = new Map<string, SharedArrayBuffer>();
  #running: { stop(): void } | undefined;

  constructor(context: SupervisionContext) {
    this.#context = context;
    this.add({ name: 'main', vitals: this.mainVitals });
  }

  /**
   * For a thread with long work that has a deadline of its own: its delay is only a metric.
   * @returns where the thread of this name, and each one that replaces it, writes its vitals
   */
  measure(name: string): SharedArrayBuffer {
    const vitals = this.#measured.get(name) ?? createVitals();
    this.#measured.set(name, vitals);
    return vitals;
  }

  add(thread: WatchedThread): void {
    this.#threads.push({ thread, detector: new StuckDetector(thread.vitals, this.#context.clock) });
  }

  /**
   * Differs from the last reading if the thread, or one of several of this name with a number, has run since; undefined if there
   * is none.
   */
  beats(name: string): number | undefined {
    const threads = this.#threads.filter(({ thread }) => thread.name.replace(/-\d+$/, '') === name);
    return threads.length === 0 ? undefined : threads.reduce((sum, { thread }) => sum + beatsOf(thread.vitals), 0);
  }

  start(): void {
    const stopBeating = startBeating(this.mainVitals, this.#context.clock);
    const timer = setInterval(() => this.#check(), CHECK_EVERY_MS).unref();
    const watchdog = this.#startWatchdog();
    this.#running = {
      stop: () => {
        stopBeating();
        clearInterval(timer);
        watchdog.stop();
      },
    };
  }

  stop(): void {
    this.#running?.stop();
    this.#running = undefined;
  }

  alarms(): Alarm[] {
    return this.#threads.flatMap(({ thread }) => {
      const delayMs = worstDelayMs(thread.vitals, this.#nowSeconds());
      const text = `thread ${thread.name}: requests waited up to ${delayMs / 1_000} s within the last minute`;
      return delayMs < ALARM_DELAY_MS ? [] : [alarm('thread-slow', { subject: thread.name, text })];
    });
  }

  metrics(): MetricFamily[] {
    return [
      {
        name: 'alias_tracker_thread_delay_seconds',
        help: 'Longest delay of a thread within the last minute',
        type: 'gauge',
        labelNames: ['thread'],
        read: () =>
          [...this.#threads.map(({ thread: { name, vitals } }) => [name, vitals] as const), ...this.#measured].map(
            ([name, vitals]) => ({
              labels: { thread: name },
              value: worstDelayMs(vitals, this.#nowSeconds()) / 1_000,
            }),
          ),
      },
    ];
  }

  #nowSeconds(): number {
    return this.#context.clock.nowMs() / 1_000;
  }

  #check(): void {
    const { health, logger } = this.#context;
    for (const { thread, detector } of this.#threads) {
      const delayMs = worstDelayMs(thread.vitals, this.#nowSeconds(), UNREADY_SECONDS);
      const reason = `requests waited for ${delayMs / 1_000} s`;
      health.report(`thread ${thread.name}`, delayMs >= UNREADY_DELAY_MS ? reason : undefined);
      detector.check();
      if (thread.supervision?.isUp === false) detector.reset();
      if (!detector.isStuck || thread.supervision === undefined) continue;
      const stuck = `the thread ${thread.name} has not run for ${Math.round(detector.stuckMs / 1_000)} s and was ended`;
      logger.error(stuck);
      detector.reset();
      thread.supervision.abandon(new Error(stuck));
    }
  }

  #startWatchdog(): { stop(): void } {
    const { logger } = this.#context;
    const workerData: MainWatchdogStart = {
      vitals: this.mainVitals,
      level: logger.isLevelEnabled('error') ? 'error' : 'silent',
      readable: stderr.isTTY === true,
    };
    const module = threadModule(import.meta.url, 'main-watchdog-worker.js');
    const worker = new Worker(module, { workerData, name: 'main-watchdog' });
    worker.unref();
    const run = currentPart();
    let stopped = false;
    let failure: unknown = new Error('the thread that watches the main thread has ended');
    worker.on('error', (error) => {
      failure = error;
    });
    worker.on('exit', () => {
      if (stopped) return;
      if (run?.failed) run.failed(failure);
      else logger.error({ err: failure }, `the watchdog of the main thread does not run: ${messageOf(failure)}`);
    });
    return {
      stop: () => {
        stopped = true;
        void worker.terminate();
      },
    };
  }
}
