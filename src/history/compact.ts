/**
 * Turns what is finished into blocks, and deletes what is older than it is kept: a little in each call, in one short
 * transaction, so that others may write in between. A crash in between loses and doubles nothing: the transaction that
 * completes a period marks its slices, nobody reads them from then on, and an incomplete period is made again.
 */
import type { HistoryStore } from '../store/sqlite/history-store.js';
import { decodeBlock, encodeBlock } from './block-codec.js';
import { type Columns, emptyColumns, isEmpty, merged } from './columns.js';
import {
  CHUNK_BYTES,
  CHUNK_ROWS,
  CHUNK_SERIES,
  coarserThan,
  FIVE_MINUTES,
  finerThan,
  HOURS,
  type Kept,
  LEVELS,
  type Level,
  MINUTE,
} from './levels.js';
import { SeriesReader } from './read-series.js';
import { precisionOf, type SeriesDefinition, valueKind } from './series-definition.js';
import { sliceValue } from './slice.js';

export interface KnownSeries {
  readonly key: number;
  readonly definition: SeriesDefinition;
}

export interface CompactOptions {
  readonly store: HistoryStore;
  readonly kept: Kept;
  /** Of all series that a definition still describes. */
  readonly series: () => readonly KnownSeries[];
}

/** A minute may still be written for a moment after it has ended. */
const GRACE_SECONDS = 120;

interface Job {
  readonly level: Level;
  readonly period: number;
  /** Reads slices and periods once for all chunks. */
  readonly reader: SeriesReader;
  /** How many series are done. */
  readonly next: number;
}

export class Compactor {
  readonly #options: CompactOptions;
  #job: Job | undefined;

  constructor(options: CompactOptions) {
    this.#options = options;
  }

  /** Writes one chunk of blocks, or deletes some of the slices that are in blocks. @returns true if more is to be done */
  compact(nowSeconds: number): boolean {
    const { store } = this.#options;
    if (this.#job === undefined && store.hasCompacted()) {
      store.commit(() => store.deleteCompacted(CHUNK_BYTES));
      return true;
    }
    const job = this.#job ?? this.#nextJob(nowSeconds);
    if (job === undefined) return false;
    if (job.level === MINUTE && store.isComplete(60, job.period)) {
      this.#mergeLate(job.period, nowSeconds);
      return true;
    }
    const series = this.#options.series();
    const isLast = job.next + CHUNK_SERIES >= series.length;
    // After a failure the whole period is made again.
    this.#job = undefined;
    store.commit(() => {
      for (const each of series.slice(job.next, job.next + CHUNK_SERIES)) this.#writeBlock(job, each);
      if (isLast) this.#complete(job);
    });
    if (!isLast) this.#job = { ...job, next: job.next + CHUNK_SERIES };
    return true;
  }

  /** Deletes one chunk of what is too old. @returns true if more is to be deleted */
  prune(nowSeconds: number): boolean {
    const { store, kept } = this.#options;
    for (const level of LEVELS) {
      const { stepSeconds: step, blockSeconds } = level;
      const period = store.oldestPeriod(step);
      if (period === undefined || (period + 1) * blockSeconds > nowSeconds - kept[step]) continue;
      const coarser = coarserThan(level);
      const parent = coarser && Math.floor((period * blockSeconds) / coarser.blockSeconds);
      if (coarser !== undefined && !store.isComplete(coarser.stepSeconds, parent!)) continue;
      store.commit(() => {
        if (store.deleteBlocks(step, period, CHUNK_ROWS) < CHUNK_ROWS) store.unmark(step, period);
      });
      return true;
    }
    return store.commit(() => store.deleteMarks((nowSeconds - kept[3600]) * 1_000, CHUNK_ROWS)) === CHUNK_ROWS;
  }

  /** The first period that has ended and is not complete, from fine to coarse. */
  #nextJob(nowSeconds: number): Job | undefined {
    const { store } = this.#options;
    const oldest = store.oldestSlice();
    if (oldest !== undefined) {
      const period = Math.floor(oldest / MINUTE.blockSeconds);
      if (hasEnded(MINUTE, period, nowSeconds)) return this.#begin(MINUTE, period);
    }
    for (const level of [FIVE_MINUTES, HOURS]) {
      const finer = finerThan(level)!;
      const complete = new Set(store.completePeriods(level.stepSeconds));
      for (const part of store.completePeriods(finer.stepSeconds)) {
        const period = Math.floor((part * finer.blockSeconds) / level.blockSeconds);
        if (!complete.has(period) && hasEnded(level, period, nowSeconds)) return this.#begin(level, period);
      }
    }
    return undefined;
  }

  #begin(level: Level, period: number): Job {
    return { level, period, next: 0, reader: new SeriesReader(this.#options.store) };
  }

  #writeBlock({ level, period, reader }: Job, { key, definition }: KnownSeries): void {
    const kind = valueKind(definition);
    const start = period * level.blockSeconds;
    const columns = reader.read(level, key, kind, start, start + level.blockSeconds);
    if (isEmpty(columns)) return;
    const precision = precisionOf(definition);
    // A minute is one value, and of rough series only the mean is kept.
    const kept: Columns = level === MINUTE || precision === 'rough' ? columns.slice(0, 1) : columns;
    this.#options.store.saveBlock(level.stepSeconds, period, key, encodeBlock(kept, precision));
  }

  #complete({ level, period }: Job): void {
    const { store } = this.#options;
    store.markComplete(level.stepSeconds, period);
    const start = period * level.blockSeconds;
    if (level === MINUTE) store.markCompacted(start, start + level.blockSeconds);
  }

  /**
   * Minutes of a period that is complete: the clock was set back. They are added to its blocks, in one transaction, because a part
   * of it could be added twice after a crash.
   */
  #mergeLate(period: number, nowSeconds: number): void {
    const { store } = this.#options;
    const start = period * MINUTE.blockSeconds;
    const count = MINUTE.blockSeconds / MINUTE.stepSeconds;
    store.commit(() => {
      const slices = store.slices(start, start + MINUTE.blockSeconds);
      for (const { key, definition } of this.#options.series()) {
        const kind = valueKind(definition);
        const block = store.block(60, period, key);
        const before = block && decodeBlock(block, count)[0];
        const values = before ?? emptyColumns(kind, count)[0]!;
        for (const { atSeconds, data } of slices) {
          const i = (atSeconds - start) / MINUTE.stepSeconds;
          values[i] = merged(kind, values[i]!, sliceValue(data, key));
        }
        if (!isEmpty([values])) store.saveBlock(60, period, key, encodeBlock([values], precisionOf(definition)));
      }
      store.markCompacted(start, start + MINUTE.blockSeconds);
      this.#unmarkCoarser(start, nowSeconds);
    });
  }

  /** Coarser periods are made again, if the finer values of all of their time still exist. */
  #unmarkCoarser(start: number, nowSeconds: number): void {
    const { store, kept } = this.#options;
    for (const level of [FIVE_MINUTES, HOURS]) {
      const period = Math.floor(start / level.blockSeconds);
      if (period * level.blockSeconds < nowSeconds - kept[finerThan(level)!.stepSeconds]) return;
      store.unmark(level.stepSeconds, period);
    }
  }
}

function hasEnded({ blockSeconds }: Level, period: number, nowSeconds: number): boolean {
  return (period + 1) * blockSeconds + GRACE_SECONDS <= nowSeconds;
}
