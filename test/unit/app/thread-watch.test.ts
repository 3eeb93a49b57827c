import { once } from 'node:events';
import type { Worker, WorkerOptions } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Health } from '../../../src/app/health.js';
import { ThreadWatch } from '../../../src/app/supervision/thread-watch.js';
import { alarmLine } from '../../../src/domain/alarm.js';
import { createLogger } from '../../../src/logging/logger.js';
import { STUCK_AFTER_MS } from '../../../src/threads/stuck-detector.js';
import { createVitals, VitalsWriter } from '../../../src/threads/thread-vitals.js';

/** What the watchdogs of the main thread were given, the last one at the end. */
const given: unknown[] = [];
vi.mock('node:worker_threads', async (original) => {
  const threads = await original<typeof import('node:worker_threads')>();
  class Noted extends threads.Worker {
    constructor(file: string | URL, options?: WorkerOptions) {
      super(file, options);
      given.push(options?.workerData);
    }
  }
  return { ...threads, Worker: Noted };
});

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] }));
const { isTTY } = process.stderr;
afterEach(() => {
  vi.useRealTimers();
  process.stderr.isTTY = isTTY;
});

function watched() {
  const log: string[] = [];
  const health = new Health();
  const logger = createLogger('info', { destination: { write: (line) => void log.push(JSON.parse(line).msg) } });
  const watch = new ThreadWatch({ clock: { nowMs: () => Date.now() }, logger, health });
  const vitals = createVitals();
  const writer = new VitalsWriter(vitals);
  const abandoned: string[] = [];
  const supervision = { isUp: true, abandon: (reason: Error) => void abandoned.push(reason.message) };
  watch.add({ name: 'dns', vitals, supervision });
  watch.start();
  const beat = (delayMs: number): void => writer.beat(Date.now() / 1_000, delayMs);
  const pass = (seconds: number, alive = true): void => {
    for (let i = 0; i < seconds; i++) {
      vi.advanceTimersByTime(1_000);
      if (alive) beat(0);
    }
  };
  const metric = (): unknown => [...watch.metrics()[0]!.read()].find(({ labels }) => labels.thread === 'dns')?.value;
  return { watch, health, log, abandoned, supervision, beat, pass, metric };
}

test('a thread whose requests had to wait is an alarm for a minute, and not ready for ten seconds if it was long', () => {
  const { watch, health, beat, pass, metric, log } = watched();
  pass(2);
  expect(watch.alarms().map(alarmLine)).toEqual([]);
  beat(499);
  expect(watch.alarms().map(alarmLine)).toEqual([]);
  beat(1_234);
  pass(1);
  expect(watch.alarms().map(alarmLine)).toEqual([
    'thread dns: requests waited up to 1.234 s within the last minute; check whether this machine is overloaded, swaps, or was suspended',
  ]);
  expect(metric()).toBe(1.234);
  expect(health.reasons()).toEqual([]);
  beat(5_000);
  pass(1);
  expect(health.reasons()).toEqual(['thread dns: requests waited for 5 s']);
  // The names of what it serves stay redirected: a slow answer is better than none.
  expect(health.isHealthy('DNS redirection')).toBe(true);
  pass(10);
  expect(health.reasons()).toEqual([]);
  expect(watch.alarms()).toHaveLength(1);
  pass(60);
  expect(watch.alarms().map(alarmLine)).toEqual([]);
  expect(metric()).toBe(0);
  expect(log).toEqual([]);
  watch.stop();
});

test('a stuck thread is ended once, and its successor gets its time', () => {
  const { watch, abandoned, supervision, pass, log } = watched();
  pass(60);
  pass(STUCK_AFTER_MS / 1_000 + 1, false);
  const stuck = 'the thread dns has not run for 10 s and was ended';
  expect(abandoned).toEqual([stuck]);
  expect(log).toEqual([stuck]);
  supervision.isUp = false;
  pass(300, false);
  expect(abandoned).toHaveLength(1);
  supervision.isUp = true;
  pass(STUCK_AFTER_MS / 1_000 - 1, false);
  expect(abandoned).toHaveLength(1);
  pass(1, false);
  expect(abandoned).toHaveLength(2);
  watch.stop();
});

test('after `stop` nothing is watched, and `start` works again', () => {
  const { watch, abandoned, pass } = watched();
  watch.stop();
  pass(60, false);
  expect(abandoned).toEqual([]);
  watch.start();
  pass(60, false);
  expect(abandoned.length).toBeGreaterThan(0);
  watch.stop();
});

test('the watchdog that ends by `stop` is not reported as one that does not run', async () => {
  const started = once(process, 'worker') as Promise<[Worker]>;
  const { watch, log } = watched();
  const [watchdog] = await started;
  const ended = once(watchdog, 'exit');
  watch.stop();
  await ended;
  expect(log).toEqual([]);
});

test('a watchdog that ends by itself is reported', async () => {
  const started = once(process, 'worker') as Promise<[Worker]>;
  const { watch, log } = watched();
  const [watchdog] = await started;
  await watchdog.terminate();
  expect(log).toEqual([expect.stringContaining('the watchdog of the main thread does not run')]);
  watch.stop();
});

test.each([
  { at: 'a terminal', terminal: true },
  { at: 'a file or a pipe', terminal: false },
])('at $at, the watchdog writes its lines as the program does', ({ terminal }) => {
  process.stderr.isTTY = terminal;
  const { watch } = watched();
  expect(given.at(-1)).toMatchObject({ readable: terminal, level: 'error', vitals: watch.mainVitals });
  watch.stop();
});
