/**
 * Reads one series at one resolution. A period whose blocks are complete is read from them, any other from the finer level, down
 * to the slices. So a reader sees every minute once, whatever has been compacted.
 */
import type { HistoryStore } from '../store/sqlite/history-store.js';
import { decodeBlock } from './block-codec.js';
import { aggregate, type Columns, emptyColumns, withRange } from './columns.js';
import { finerThan, type Level, MINUTE } from './levels.js';
import type { ValueKind } from './series-definition.js';
import { sliceValue } from './slice.js';

export type ReadableStore = Pick<HistoryStore, 'block' | 'isComplete' | 'slices' | 'oldestPeriod' | 'oldestSlice'>;

/** For one answer: slices and complete periods are read once, for all of its series. */
export class SeriesReader {
  readonly #store: ReadableStore;
  readonly #slices = new Map<number, ReturnType<ReadableStore['slices']>>();
  readonly #complete = new Map<string, boolean>();
  readonly #oldest = new Map<Level, number>();

  constructor(store: ReadableStore) {
    this.#store = store;
  }

  /** @param from and `to`: seconds, multiples of the level's step */
  read(level: Level, key: number, kind: ValueKind, from: number, to: number): Columns {
    const { stepSeconds: step, blockSeconds } = level;
    const result = emptyColumns(kind, Math.max(0, (to - from) / step));
    for (let start = from; start < to; ) {
      const period = Math.floor(start / blockSeconds);
      const end = Math.min(to, (period + 1) * blockSeconds);
      // Otherwise years without any value would be read minute by minute.
      if (end > this.#oldestOf(level)) {
        const part = this.#isComplete(level, period)
          ? this.#ofBlock(level, period, key, kind, start, end)
          : this.#ofFiner(level, key, kind, start, end);
        for (const [c, column] of part.entries()) result[c]!.set(column, (start - from) / step);
      }
      start = end;
    }
    return result;
  }

  #ofBlock(level: Level, period: number, key: number, kind: ValueKind, start: number, end: number): Columns {
    const { stepSeconds: step, blockSeconds } = level;
    const data = this.#store.block(step, period, key);
    const columns = data === undefined ? [] : decodeBlock(data, blockSeconds / step);
    const first = (start - period * blockSeconds) / step;
    return withRange(
      kind,
      columns.map((column) => column.subarray(first, first + (end - start) / step)),
    );
  }

  #ofFiner(level: Level, key: number, kind: ValueKind, start: number, end: number): Columns {
    const finer = finerThan(level);
    if (finer !== undefined) {
      return aggregate(kind, this.read(finer, key, kind, start, end), level.stepSeconds / finer.stepSeconds);
    }
    const values = new Float64Array((end - start) / level.stepSeconds).fill(Number.NaN);
    for (const { atSeconds, data } of this.#slicesOf(level, start)) {
      if (atSeconds >= start && atSeconds < end)
        values[(atSeconds - start) / level.stepSeconds] = sliceValue(data, key);
    }
    return withRange(kind, [values]);
  }

  #slicesOf({ blockSeconds }: Level, at: number): ReturnType<ReadableStore['slices']> {
    const start = Math.floor(at / blockSeconds) * blockSeconds;
    const slices = this.#slices.get(start) ?? this.#store.slices(start, start + blockSeconds);
    this.#slices.set(start, slices);
    return slices;
  }

  /** No value of this level or a finer one is older. */
  #oldestOf(level: Level): number {
    const known = this.#oldest.get(level);
    if (known !== undefined) return known;
    const period = this.#store.oldestPeriod(level.stepSeconds) ?? Number.POSITIVE_INFINITY;
    const finer = finerThan(level);
    const ofFiner = level === MINUTE ? this.#store.oldestSlice() : finer && this.#oldestOf(finer);
    const oldest = Math.min(period * level.blockSeconds, ofFiner ?? Number.POSITIVE_INFINITY);
    this.#oldest.set(level, oldest);
    return oldest;
  }

  #isComplete({ stepSeconds }: Level, period: number): boolean {
    const key = `${stepSeconds} ${period}`;
    const complete = this.#complete.get(key) ?? this.#store.isComplete(stepSeconds, period);
    this.#complete.set(key, complete);
    return complete;
  }
}
