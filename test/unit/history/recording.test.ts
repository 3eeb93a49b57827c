/** What is recorded when everything goes well, and when clock, disk or process do not. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { HistoryFixture, START_MS } from './history-fixture.js';

const MINUTE = 60_000;

let history: HistoryFixture;
beforeEach(async () => {
  history = new HistoryFixture();
  await history.measureOnly();
});
afterEach(() => history.close());

const announces = (fromMinute: number, toMinute: number) =>
  history.values('announces', START_MS + fromMinute * MINUTE, START_MS + toMinute * MINUTE).columns[0];
const sum = (values: readonly (number | null)[] | undefined) =>
  (values ?? []).reduce<number>((total, value) => total + (value ?? 0), 0);

test('a counter is its growth in a minute, a gauge its value at the end of it', async () => {
  await history.minute(10, 5);
  await history.minute(20, 7);
  expect(announces(0, 2)).toEqual([10, 20]);
  expect(history.values('peers', START_MS, START_MS + 2 * MINUTE).columns[0]).toEqual([5, 7]);
});

test('what was counted before the start is not counted', async () => {
  const other = new HistoryFixture();
  other.announces = 1_000;
  await other.measureOnly();
  await other.minute(3);
  expect(other.values('announces', START_MS, START_MS + MINUTE).columns[0]).toEqual([3]);
  await other.close();
});

test('a restart within a minute loses and doubles nothing', async () => {
  history.passes(20);
  history.announces = 7;
  await history.restart();
  history.passes(40);
  history.announces = 5;
  await history.running.tick();
  expect(announces(0, 1)).toEqual([12]);
});

test('minutes in which the process did not run are gaps, not zeros', async () => {
  await history.minute(1);
  await history.running.stop();
  history.nowMs += 10 * MINUTE;
  await history.restart();
  await history.minute(2);
  expect(announces(0, 12)).toEqual([1, ...Array(10).fill(null), 2]);
});

test('a counter that was reset counts from zero', async () => {
  await history.minute(100);
  history.announces = 0;
  await history.minute(4);
  expect(announces(0, 2)).toEqual([100, 4]);
});

describe('the clock', () => {
  test('is set back: the counts of a minute that is recorded twice add up', async () => {
    for (let i = 0; i < 5; i++) await history.minute(10);
    history.nowMs -= 3 * MINUTE;
    for (let i = 0; i < 5; i++) await history.minute(10);
    expect(announces(0, 7)).toEqual([10, 10, 20, 20, 20, 10, 10]);
  });

  test('is set back into a time that was compacted: the counts still add up', async () => {
    for (let i = 0; i < 250; i++) await history.minute(1);
    while (history.running.compactChunk()) {}
    expect(history.running.store.isComplete(60, START_MS / 1_000 / 14_400)).toBe(true);
    history.nowMs -= 100 * MINUTE;
    for (let i = 0; i < 120; i++) await history.minute(1);
    while (history.running.compactChunk()) {}
    expect(sum(announces(0, 300))).toBe(370);
    expect(announces(160, 161)).toEqual([2]);
  });

  test('is set forward: a gap, and nothing is spread over it', async () => {
    await history.minute(10);
    history.nowMs += 30 * MINUTE;
    await history.minute(10);
    const values = announces(0, 32)!;
    expect(values.slice(0, 2)).toEqual([10, null]);
    expect(values[31]).toBe(10);
    expect(sum(values)).toBe(20);
  });

  test('went on while the thread was stuck: counts are spread over these minutes, gauges are gaps', async () => {
    await history.minute(10, 1);
    history.passes(120);
    await history.minute(30, 2);
    expect(announces(0, 4)).toEqual([10, 10, 10, 10]);
    expect(history.values('peers', START_MS, START_MS + 4 * MINUTE).columns[0]).toEqual([1, null, null, 2]);
  });
});

describe('a database that refuses', () => {
  test('is reported once, and the points are written later', async () => {
    await history.minute(1);
    const other = openDatabase(history.file);
    other.exec('BEGIN EXCLUSIVE');
    for (let i = 0; i < 3; i++) await history.minute(1);
    expect(announces(0, 4)).toEqual([1, null, null, null]);
    other.exec('ROLLBACK');
    other.close();
    await history.minute(1);
    expect(announces(0, 5)).toEqual([1, 1, 1, 1, 1]);
    expect(history.messages).toEqual([
      expect.stringContaining('cannot be written, points wait in memory: database is locked'),
      'history: the time series are written again; minutes lost: 0',
    ]);
  });

  test('for hours loses the oldest points only, and says how many', async () => {
    await history.minute(1);
    const pages = history.database.prepare('PRAGMA page_count').pluck().get() as number;
    history.database.exec(`PRAGMA max_page_count = ${pages}; CREATE TEMP TABLE full (x)`);
    history.database.exec(
      "CREATE TEMP TRIGGER refuse BEFORE INSERT ON main.history_slice BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END",
    );
    for (let i = 0; i < 70; i++) await history.minute(1);
    history.database.exec('DROP TRIGGER refuse; PRAGMA max_page_count = 1073741823');
    await history.minute(1);
    expect(sum(announces(0, 72))).toBe(61);
    expect(history.messages.filter((each) => each.includes('cannot be written'))).toHaveLength(1);
    expect(history.messages.at(-1)).toBe('history: the time series are written again; minutes lost: 11');
  });
});

test('a metric that throws is reported once, and costs the other series nothing', async () => {
  const broken = history.families();
  history.families = () => [
    ...broken.filter(({ name }) => name !== 'alias_tracker_peers'),
    {
      ...broken[1]!,
      read: () => {
        throw new Error('not now');
      },
    },
  ];
  await history.minute(1);
  await history.minute(2);
  expect(announces(0, 2)).toEqual([1, 2]);
  expect(history.messages).toEqual(['history: the series peers cannot be read: not now']);
});

test('events become marks', async () => {
  const other = new HistoryFixture();
  let restarts = 0;
  other.markSources.push({
    kind: 'restart',
    read: () => new Map([['tracker', restarts]]),
    describe: (part) => `${part} restarted`,
  });
  await other.measureOnly();
  await other.minute();
  restarts = 1;
  await other.minute();
  await other.minute();
  expect(other.running.marks(START_MS, other.nowMs + 1)).toEqual([
    { atMs: START_MS + 2 * MINUTE, kind: 'restart', text: 'tracker restarted' },
  ]);
  await other.close();
});
