/** Blocks: nothing changes by compacting, what is old is deleted, and two years of 2,000 sub-domains fit into 200 MB. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRandom } from '../../../src/domain/random.js';
import { decodeBlock, encodeBlock } from '../../../src/history/block-codec.js';
import { Compactor } from '../../../src/history/compact.js';
import { FIVE_MINUTES, LEVELS, MINUTE } from '../../../src/history/levels.js';
import { SERIES } from '../../../src/history/series-list.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { HistoryStore } from '../../../src/store/sqlite/history-store.js';
import { HistoryFixture, KEPT, START_MS } from './history-fixture.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('the encoding of blocks', () => {
  test('keeps exact values to seven digits, and gaps', () => {
    const values = Float64Array.of(0, 1, 1_234_567, 0.125, Number.NaN, -3);
    expect(decodeBlock(encodeBlock([values, values], 'exact'), 6)).toEqual([values, values]);
  });

  test('keeps rough values within one per cent, integers below 95 and gaps exactly', () => {
    const random = createRandom(1);
    const values = Float64Array.from({ length: 500 }, (_, i) =>
      i % 50 === 0 ? Number.NaN : i < 95 ? i : 2 ** ((random.nextUint32() / 2 ** 32) * 60 - 15),
    );
    const [restored] = decodeBlock(encodeBlock([values], 'rough'), values.length);
    for (const [i, value] of values.entries()) {
      if (Number.isNaN(value) || i < 95) expect(restored![i]).toBe(value);
      else expect(Math.abs(restored![i]! / value - 1)).toBeLessThan(0.01);
    }
  });

  test('keeps rough values that seldom change in a few bytes', () => {
    const values = Float64Array.from({ length: 384 }, (_, i) => 1 + Math.floor(i / 50));
    const block = encodeBlock([values], 'rough');
    expect(block.length).toBeLessThan(60);
    expect(decodeBlock(block, values.length)).toEqual([values]);
  });

  test('of damaged bytes reads as nothing, without an error', () => {
    const block = encodeBlock([Float64Array.of(1, 2, 3)], 'exact');
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.of(9, 1, 2),
      block.subarray(0, 5),
      Buffer.concat([block.subarray(0, 2), block]),
    ]) {
      expect(decodeBlock(bytes, 3)).toEqual([]);
    }
    expect(decodeBlock(block, 400)).toEqual([]);
  });
});

describe('a history of days', () => {
  let history: HistoryFixture;
  beforeEach(async () => {
    history = new HistoryFixture();
    history.density.set('north', 100);
    await history.measureOnly();
  });
  afterEach(() => history.close());

  /** Without a query for each minute, which would take long. */
  const record = async (minutes: number): Promise<void> => {
    for (let i = 0; i < minutes; i++) {
      history.density.set('north', 100 + (i % 50));
      await history.minute(i % 7, 1_000 + (i % 100));
    }
  };
  const work = (): void => {
    while (history.running.compactChunk()) {}
  };

  test('reads the same before and after its periods are compacted', async () => {
    history.running.compactChunk = () => false;
    await record(26 * 60);
    const ask = () =>
      ['announces', 'peers', 'density'].flatMap((name) => [
        history.values(name, START_MS, START_MS + 20 * HOUR, 2_000),
        history.values(name, START_MS, START_MS + 26 * HOUR, 320),
        history.values(name, START_MS, START_MS + 26 * HOUR, 30),
      ]);
    const before = ask();
    expect(before.map(({ step }) => step)).toEqual(Array(3).fill([60, 300, 3_600]).flat());
    Reflect.deleteProperty(history.running, 'compactChunk');
    // The process ends in the middle of a period: it is made again.
    const compactor = (): Compactor =>
      new Compactor({
        store: history.running.store,
        kept: { 60: KEPT.minutesMs / 1_000, 300: KEPT.fiveMinutesMs / 1_000, 3600: KEPT.hoursMs / 1_000 },
        series: () => history.running.series(),
      });
    compactor().compact(history.nowMs / 1_000);
    work();
    expect(history.running.store.completePeriods(60)).toHaveLength(6);
    expect(history.running.store.completePeriods(300)).toHaveLength(1);
    const after = ask();
    for (const [i, { columns }] of after.entries()) {
      // Of sub-domains minimum and maximum are those of rough means.
      const isRough = i >= 6;
      expect(columns[0]!.length).toBe(before[i]!.columns[0]!.length);
      for (const [c, column] of columns.slice(0, isRough ? 1 : 3).entries()) {
        for (const [at, value] of column.entries()) {
          const earlier = before[i]!.columns[c]![at]!;
          if (isRough) expect(Math.abs(value! / earlier - 1)).toBeLessThan(0.01);
          else expect(value).toBeCloseTo(earlier, 2);
        }
      }
    }
    expect(after[2]!.columns.flat().reduce<number>((sum, value) => sum + (value ?? 0), 0)).toBe(
      Array.from({ length: 26 * 60 }, (_, i) => i % 7).reduce((a, b) => a + b, 0),
    );
  });

  test('deletes minutes after two days, but nothing while the clock may be wrong', async () => {
    await record(24 * 60 + 10);
    work();
    // Somebody sets the clock a year ahead, and back.
    history.nowMs += 365 * DAY;
    await history.minute();
    work();
    expect(history.running.store.oldestPeriod(60)).toBe(START_MS / 1_000 / MINUTE.blockSeconds);
    history.nowMs -= 365 * DAY;
    await history.minute();
    // Two days without the program.
    history.passes(2 * 86_400);
    await history.restart();
    await record(70);
    work();
    expect(history.running.store.oldestPeriod(60)).toBeGreaterThan(START_MS / 1_000 / MINUTE.blockSeconds);
    expect(history.running.store.oldestPeriod(300)).toBe(START_MS / 1_000 / FIVE_MINUTES.blockSeconds);
    // Read from the five minutes, because the minutes are no longer there.
    expect(history.values('peers', START_MS, START_MS + HOUR).step).toBe(300);
  });
});

describe('the slices of a period that is in blocks', () => {
  /** Of one minute: as many bytes as 8,000 series take. */
  const SLICE_BYTES = 32_000;
  const start = START_MS / 1_000;
  const database = openDatabase(':memory:');
  const store = new HistoryStore(database);
  const [definition] = SERIES.filter(({ name }) => name === 'announces');
  const kept = { 60: KEPT.minutesMs / 1_000, 300: KEPT.fiveMinutesMs / 1_000, 3600: KEPT.hoursMs / 1_000 };
  const compactor = (): Compactor =>
    new Compactor({ store, kept, series: () => [{ key: 1, definition: definition! }] });
  const bytesLeft = (): number =>
    database.prepare('SELECT coalesce(sum(length(data)), 0) FROM history_slice').pluck().get() as number;
  const sliceOf = (value: number): Buffer => {
    const data = Buffer.alloc(SLICE_BYTES);
    data.writeFloatLE(value, 0);
    return data;
  };
  const sumOfMinutes = (): number => {
    const block = decodeBlock(store.block(60, start / MINUTE.blockSeconds, 1)!, 240)[0]!;
    return block.reduce((sum, value) => sum + (Number.isNaN(value) ? 0 : value), 0);
  };

  test('are deleted a few at a time, also after a restart in the middle, and are counted once', () => {
    for (let minute = 0; minute < 240; minute++) store.saveSlice(start + minute * 60, sliceOf(1));
    const now = start + MINUTE.blockSeconds + 3_600;
    let each = compactor();
    let most = 0;
    let chunks = 0;
    const oneChunk = (): boolean => {
      const before = bytesLeft();
      const hasMore = each.compact(now);
      most = Math.max(most, before - bytesLeft());
      chunks++;
      return hasMore;
    };
    for (let i = 0; i < 10; i++) oneChunk();
    expect(bytesLeft()).toBeGreaterThan(0);
    expect(store.oldestSlice()).toBeUndefined();
    expect(sumOfMinutes()).toBe(240);
    // The process ends, and the clock of the next one is behind: a minute that is deleted, and one that is not yet.
    store.saveSlice(start, sliceOf(10));
    store.saveSlice(start + 239 * 60, sliceOf(100));
    each = compactor();
    while (oneChunk()) {}
    expect(most).toBeLessThanOrEqual(256_000);
    expect(chunks).toBeGreaterThan(30);
    expect(bytesLeft()).toBe(0);
    expect(store.hasCompacted()).toBe(false);
    expect(sumOfMinutes()).toBe(240 + 10 + 100);
  });
});

test('two years of 2,000 sub-domains, with three noisy series and a level each, take less than 200 MB', () => {
  const random = createRandom(7);
  const noise = (): number => random.nextUint32() / 2 ** 32 - 0.5;
  /** A day's curve with noise, as traffic has it. */
  const curve = (stepSeconds: number, count: number, level: number): Float64Array =>
    Float64Array.from({ length: count }, (_, i) => {
      const daily = 1 + 0.6 * Math.sin((i * stepSeconds * 2 * Math.PI) / 86_400);
      return level * daily * (1 + 0.1 * noise());
    });
  const rough = bytesOfSeries('rough', (step, count) => curve(step, count, 1_000));
  const levels = bytesOfSeries('rough', (step, count) =>
    Float64Array.from({ length: count }, (_, i) => 1 + (Math.floor((i * step) / 14_400) % 16)),
  );
  const exact = bytesOfSeries('exact', (step, count) => curve(step, count, 1e6));
  expect(SERIES.filter(({ precision }) => precision === 'rough').length).toBeLessThanOrEqual(4);
  const exactSeries = 100;
  // Minutes that are not compacted yet: a block, and an hour of delay.
  const slices = ((MINUTE.blockSeconds + 3_600) / 60) * 4 * (2_000 * 4 + exactSeries);
  const megabytes = ((rough * 3 + levels) * 2_000 + exact * exactSeries + slices) / 1e6;
  expect(megabytes).toBeLessThan(200);
});

/** @returns what one series takes of a database that was filled as long as values are kept, in the order in which it is written */
function bytesOfSeries(precision: 'exact' | 'rough', value: (step: number, count: number) => Float64Array): number {
  const series = 10;
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-size-'));
  const database = openDatabase(join(directory, 'db.sqlite'));
  const store = new HistoryStore(database);
  const kept = { 60: KEPT.minutesMs / 1_000, 300: KEPT.fiveMinutesMs / 1_000, 3600: KEPT.hoursMs / 1_000 };
  const before = store.databaseBytes();
  store.commit(() => {
    for (const level of LEVELS) {
      const { stepSeconds: step, blockSeconds } = level;
      const count = blockSeconds / step;
      // One period more than is kept, because it is deleted as a whole.
      for (let period = 0; period <= Math.ceil(kept[step] / blockSeconds); period++) {
        for (let key = 1; key <= series; key++) {
          const columns = [value(step, count)];
          if (precision === 'exact' && level !== MINUTE) columns.push(value(step, count), value(step, count));
          store.saveBlock(step, period, key, encodeBlock(columns, precision));
        }
      }
    }
  });
  const bytes = store.databaseBytes() - before;
  database.close();
  rmSync(directory, { recursive: true, force: true });
  return bytes / series;
}
