import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Health } from '../../../src/app/health.js';
import { Supervisor } from '../../../src/app/supervision/supervisor.js';
import { alarmLine } from '../../../src/domain/alarm.js';
import { createLogger } from '../../../src/logging/logger.js';
import { boundToPart, currentPart, runAs } from '../../../src/part/current-part.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function supervised() {
  const log: string[] = [];
  const clock = { nowMs: () => Date.now() };
  const health = new Health();
  const logger = createLogger('info', { destination: { write: (line) => void log.push(JSON.parse(line).msg) } });
  const supervisor = new Supervisor({ clock, logger, health });
  /** A part whose context can be entered again, as a callback of it would. */
  const runs: { fail: (thrown: unknown) => void; previous: unknown; stopped: boolean }[] = [];
  const start = (previous: unknown) => {
    const inPart = AsyncLocalStorage.snapshot();
    const run = {
      fail: (thrown: unknown) => inPart(() => supervisor.takeUncaughtError(thrown)),
      previous,
      stopped: false,
    };
    runs.push(run);
    return {
      stop: () => {
        run.stopped = true;
      },
    };
  };
  const metric = (name: string) =>
    supervisor
      .metrics()
      .filter((family) => family.name === `alias_tracker_${name}`)
      .flatMap((family) => [...family.read()].map(({ labels, value }) => [labels.part, value]));
  return { supervisor, health, log, runs, start, metric };
}

test('a part prepares for the end of the program, not for its restart', async () => {
  const { supervisor, runs, start } = supervised();
  const calls: string[] = [];
  const part = await supervisor.run('mirror site', (previous) => ({
    ...start(previous),
    beforeExit: () => void calls.push('beforeExit'),
    stop: () => void calls.push('stop'),
  }));
  runs[0]!.fail(new Error('planted'));
  await vi.advanceTimersByTimeAsync(250);
  expect(calls).toEqual(['stop']);
  await part.stop();
  expect(calls).toEqual(['stop', 'beforeExit', 'stop']);
});

describe('an error that escapes a part', () => {
  test('stops that part and starts it again, with the earlier one at hand; others run on', async () => {
    const { supervisor, health, log, runs, start, metric } = supervised();
    const site = await supervisor.run('mirror site', start);
    await supervisor.run('crawler', () => ({ stop: () => expect.fail('the crawler was stopped') }));
    const first = site.running;
    runs[0]!.fail(new Error('planted'));
    expect(health.reasons()).toEqual(['mirror site: planted']);
    expect(health.isHealthy('mirror site')).toBe(false);
    expect(metric('part_up')).toEqual([
      ['mirror site', 0],
      ['crawler', 1],
    ]);
    await vi.advanceTimersByTimeAsync(250);
    expect(runs.map(({ previous, stopped }) => [previous, stopped])).toEqual([
      [undefined, true],
      [first, false],
    ]);
    expect(health.reasons()).toEqual([]);
    expect(health.isHealthy('mirror site')).toBe(true);
    expect(metric('part_restarts_total')).toEqual([
      ['mirror site', 1],
      ['crawler', 0],
    ]);
    expect(metric('uncaught_errors_total')).toEqual([['mirror site', 1]]);
    const failedAt = new Date(Date.now() - 250).toISOString();
    expect(supervisor.alarms().map(alarmLine)).toEqual([
      'mirror site: 1 unexpected error; report it as a defect, with the stack from the log',
      `mirror site: failed and was restarted, 1 time since the start, last at ${failedAt}; no action is needed if it happened once; otherwise report it with the log`,
    ]);
    expect(log).toEqual([
      'mirror site: an error that nothing caught: planted',
      'mirror site: planted; it restarts in 0.25 s',
      'mirror site: restarted',
    ]);
    const hourIsOverInMs = 3_600_000 - 250;
    await vi.advanceTimersByTimeAsync(hourIsOverInMs - 1);
    expect(supervisor.alarms()).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(supervisor.alarms().map(alarmLine)).toEqual([]);
  });

  test('from an earlier run is counted, but does not end the present one', async () => {
    const { supervisor, runs, start, metric } = supervised();
    await supervisor.run('mirror site', start);
    runs[0]!.fail(new Error('one'));
    await vi.advanceTimersByTimeAsync(250);
    runs[0]!.fail(new Error('late'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(runs).toHaveLength(2);
    expect(metric('uncaught_errors_total')).toEqual([['mirror site', 2]]);
  });

  test('again and again is waited for longer each time, up to a minute; a steady run is forgiven', async () => {
    const { supervisor, log, runs, start } = supervised();
    await supervisor.run('mirror site', start);
    const waits = async (): Promise<string> => {
      runs.at(-1)!.fail(new Error('again'));
      const wait = /in ([\d.]+) s$/.exec(log.at(-1)!)![1]!;
      await vi.advanceTimersByTimeAsync(Number(wait) * 1_000);
      return wait;
    };
    const seen: string[] = [];
    for (let i = 0; i < 10; i++) seen.push(await waits());
    expect(seen).toEqual(['0.25', '0.5', '1', '2', '4', '8', '16', '32', '60', '60']);
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(await waits()).toBe('0.25');
  });

  test('while the part cannot restart it is tried again, but never after it was stopped', async () => {
    const { supervisor, health, runs, start } = supervised();
    let works = true;
    let attempts = 0;
    const part = await supervisor.run('control API', (previous) => {
      attempts++;
      if (!works) throw new Error('the port is taken');
      return start(previous);
    });
    works = false;
    runs[0]!.fail(new Error('planted'));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(attempts).toBe(4);
    expect(health.reasons()).toEqual(['control API: the port is taken']);
    works = true;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(health.reasons()).toEqual([]);
    runs.at(-1)!.fail(new Error('planted'));
    await part.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(attempts).toBe(5);
    expect(runs.at(-1)!.stopped).toBe(true);
  });

  test('a part that does not stop cleanly is restarted', async () => {
    const { supervisor, log, runs, start } = supervised();
    await supervisor.run('mirror site', (previous) => ({
      ...start(previous),
      stop: () => Promise.reject(new Error('no')),
    }));
    runs[0]!.fail(new Error('planted'));
    await vi.advanceTimersByTimeAsync(250);
    expect(runs).toHaveLength(2);
    expect(log).toContain('mirror site did not stop cleanly: no');
  });
});

test('an error of no part is logged once a second, counted each time, and ends nothing', async () => {
  const { supervisor, log, metric } = supervised();
  for (let i = 0; i < 5; i++) supervisor.takeUncaughtError(new Error(`stray ${i}`));
  supervisor.takeUncaughtError('not even an error');
  expect(log).toEqual(['an error of no known part that nothing caught: stray 0']);
  expect(metric('uncaught_errors_total')).toEqual([['none', 6]]);
  expect(supervisor.alarms().map(alarmLine)).toEqual([
    '6 unexpected errors outside every part; report it as a defect, with the stack from the log',
  ]);
});

test('whatever is thrown is taken, and nothing is thrown in return', async () => {
  const { supervisor, runs, start, metric } = supervised();
  await supervisor.run('mirror site', start);
  const hostile = {
    get message() {
      throw new Error('no message');
    },
    toString() {
      throw new Error('no text');
    },
  };
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  for (const thrown of [undefined, null, Symbol('s'), 1n, Object.create(null), hostile, circular]) {
    supervisor.takeUncaughtError(thrown);
    runs.at(-1)!.fail(thrown);
    await vi.advanceTimersByTimeAsync(60_000);
  }
  expect(metric('uncaught_errors_total')).toEqual([
    ['none', 7],
    ['mirror site', 7],
  ]);
  expect(metric('part_restarts_total')).toEqual([['mirror site', 7]]);
});

test('an error in what the main thread does for the tracker is counted; its thread is not restarted', () => {
  const { supervisor, log, metric } = supervised();
  runAs({ part: 'tracker' }, () => supervisor.takeUncaughtError(new Error('planted')));
  expect(log).toEqual(['tracker: an error that nothing caught: planted']);
  expect(metric('uncaught_errors_total')).toEqual([['tracker', 1]]);
});

test('what a part starts belongs to it: timers, promises, and callbacks that another part calls', async () => {
  vi.useRealTimers();
  const seen: (string | undefined)[] = [];
  const note = (): void => void seen.push(currentPart()?.part);
  let callback: () => void = () => {};
  await runAs({ part: 'a' }, async () => {
    callback = boundToPart(note);
    await sleep(1);
    note();
    await new Promise<void>((done) => {
      setTimeout(() => {
        note();
        done();
      }, 1);
    });
  });
  runAs({ part: 'b' }, () => callback());
  note();
  expect(seen).toEqual(['a', 'a', 'a', undefined]);
});

test('an error that escapes during a restart counts: the part restarts once more', async () => {
  const { supervisor, runs, start, metric } = supervised();
  let errorsAtStart = 0;
  await supervisor.run('mirror site', async (previous) => {
    const running = start(previous);
    await Promise.resolve();
    if (previous !== undefined && errorsAtStart++ === 0) runs.at(-1)!.fail(new Error('too early'));
    return running;
  });
  runs[0]!.fail(new Error('planted'));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(runs).toHaveLength(3);
  expect(metric('part_up')).toEqual([['mirror site', 1]]);
  expect(metric('uncaught_errors_total')).toEqual([['mirror site', 2]]);
});
