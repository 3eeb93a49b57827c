/**
 * The tables of the time series: opaque bytes by time and series. What they mean is in `src/history`. Every function that
 * writes runs inside the caller's transaction.
 */
import { BUSY_TIMEOUT_MS, type SqliteDatabase } from './database.js';

export interface StoredMark {
  readonly atMs: number;
  readonly kind: string;
  readonly text: string;
}

/** A minute is not worth a delay of the main thread; it is written with the next one. */
const BRIEF_TIMEOUT_MS = 50;

export interface StoredSlice {
  readonly atSeconds: number;
  readonly data: Buffer;
}

/** Slices that are in blocks are ignored until they are deleted. */
const NOT_COMPACTED = 'at_seconds NOT IN (SELECT at_seconds FROM history_slice_compacted)';

/** By the seconds between two values. */
const TABLES = { 60: 'history_minute', 300: 'history_five_minutes', 3600: 'history_hour' } as const;
export type StepSeconds = keyof typeof TABLES;

/** `block_id` is the number of the period times this, plus the key of the series. */
export const SERIES_KEYS = 2 ** 20;

/** However small they are: each deletion writes a few pages. */
const SLICES_AT_ONCE = 32;

export class HistoryStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  commit<T>(work: () => T): T {
    return this.#database.transaction(work).immediate();
  }

  /** As {@link commit}, but if another process writes for longer than 50 ms, it throws. */
  commitBriefly<T>(work: () => T): T {
    this.#database.exec(`PRAGMA busy_timeout = ${BRIEF_TIMEOUT_MS}`);
    try {
      return this.commit(work);
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    }
  }

  /** Bytes of the whole database file. */
  databaseBytes(): number {
    const pages = this.#database.prepare('PRAGMA page_count').pluck().get() as number;
    return pages * (this.#database.prepare('PRAGMA page_size').pluck().get() as number);
  }

  loadSeries(): { key: number; name: string; label: string }[] {
    const sql = 'SELECT series_key AS key, name, label FROM history_series ORDER BY series_key';
    return this.#database.prepare(sql).all() as { key: number; name: string; label: string }[];
  }

  addSeries(name: string, label: string): number {
    const sql = 'INSERT INTO history_series VALUES (NULL, ?, ?)';
    return Number(this.#database.prepare(sql).run(name, label).lastInsertRowid);
  }

  slice(atSeconds: number): Buffer | undefined {
    const sql = `SELECT data FROM history_slice WHERE at_seconds = ? AND ${NOT_COMPACTED}`;
    return this.#database.prepare(sql).pluck().get(atSeconds) as Buffer | undefined;
  }

  /** From `from` on and before `to`, in order. */
  slices(from: number, to: number): StoredSlice[] {
    const sql = `SELECT at_seconds AS atSeconds, data FROM history_slice
      WHERE at_seconds >= ? AND at_seconds < ? AND ${NOT_COMPACTED} ORDER BY at_seconds`;
    return this.#database.prepare(sql).all(from, to) as StoredSlice[];
  }

  oldestSlice(): number | undefined {
    const sql = `SELECT at_seconds FROM history_slice WHERE ${NOT_COMPACTED} ORDER BY at_seconds LIMIT 1`;
    return this.#database.prepare(sql).pluck().get() as number | undefined;
  }

  saveSlice(atSeconds: number, data: Buffer): void {
    const sql = 'INSERT INTO history_slice VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data';
    this.#database.prepare(sql).run(atSeconds, data);
    this.#database.prepare('DELETE FROM history_slice_compacted WHERE at_seconds = ?').run(atSeconds);
  }

  /** The values of these slices are in blocks. From now on nobody reads the slices; `deleteCompacted` deletes them. */
  markCompacted(from: number, to: number): void {
    const sql = `INSERT INTO history_slice_compacted
      SELECT at_seconds FROM history_slice WHERE at_seconds >= ? AND at_seconds < ? ON CONFLICT DO NOTHING`;
    this.#database.prepare(sql).run(from, to);
  }

  /** Whether {@link deleteCompacted} has something to delete. */
  hasCompacted(): boolean {
    return this.#database.prepare('SELECT 1 FROM history_slice_compacted LIMIT 1').get() !== undefined;
  }

  /** Deletes the oldest compacted slices: at least one, and others as long as they fit into `bytes`. */
  deleteCompacted(bytes: number): void {
    const sql = `SELECT at_seconds AS atSeconds, coalesce(length(data), 0) AS bytes
      FROM history_slice_compacted LEFT JOIN history_slice USING (at_seconds) ORDER BY at_seconds LIMIT ${SLICES_AT_ONCE}`;
    const oldest = this.#database.prepare(sql).all() as { atSeconds: number; bytes: number }[];
    let sum = 0;
    const few = oldest.filter((each, i) => {
      sum += each.bytes;
      return i === 0 || sum <= bytes;
    });
    for (const { atSeconds } of few) {
      for (const table of ['history_slice', 'history_slice_compacted'])
        this.#database.prepare(`DELETE FROM ${table} WHERE at_seconds = ?`).run(atSeconds);
    }
  }

  block(step: StepSeconds, period: number, key: number): Buffer | undefined {
    const sql = `SELECT data FROM ${TABLES[step]} WHERE block_id = ?`;
    return this.#database
      .prepare(sql)
      .pluck()
      .get(period * SERIES_KEYS + key) as Buffer | undefined;
  }

  saveBlock(step: StepSeconds, period: number, key: number, data: Buffer): void {
    const sql = `INSERT INTO ${TABLES[step]} VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data`;
    this.#database.prepare(sql).run(period * SERIES_KEYS + key, data);
  }

  /** The first period with a block. */
  oldestPeriod(step: StepSeconds): number | undefined {
    const id = this.#database.prepare(`SELECT min(block_id) FROM ${TABLES[step]}`).pluck().get() as number | null;
    return id === null ? undefined : Math.floor(id / SERIES_KEYS);
  }

  /** Deletes blocks of a period. @returns how many, at most `limit` */
  deleteBlocks(step: StepSeconds, period: number, limit: number): number {
    const table = TABLES[step];
    const sql = `DELETE FROM ${table} WHERE block_id IN (SELECT block_id FROM ${table} WHERE block_id >= ? AND block_id < ? LIMIT ?)`;
    return this.#database.prepare(sql).run(period * SERIES_KEYS, (period + 1) * SERIES_KEYS, limit).changes;
  }

  isComplete(step: StepSeconds, period: number): boolean {
    const sql = 'SELECT 1 FROM history_period WHERE step_seconds = ? AND period = ?';
    return this.#database.prepare(sql).get(step, period) !== undefined;
  }

  markComplete(step: StepSeconds, period: number): void {
    this.#database.prepare('INSERT INTO history_period VALUES (?, ?) ON CONFLICT DO NOTHING').run(step, period);
  }

  unmark(step: StepSeconds, period: number): void {
    this.#database.prepare('DELETE FROM history_period WHERE step_seconds = ? AND period = ?').run(step, period);
  }

  /** Complete periods of `step`, in order. */
  completePeriods(step: StepSeconds): number[] {
    const sql = 'SELECT period FROM history_period WHERE step_seconds = ? ORDER BY period';
    return this.#database.prepare(sql).pluck().all(step) as number[];
  }

  addMark({ atMs, kind, text }: StoredMark): void {
    this.#database.prepare('INSERT INTO history_mark VALUES (NULL, ?, ?, ?)').run(atMs, kind, text);
  }

  /** The newest `limit` of a span of time, the oldest first. */
  marks(fromMs: number, toMs: number, limit: number): StoredMark[] {
    const sql =
      'SELECT at_ms AS atMs, kind, text FROM history_mark WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms DESC, mark_id DESC LIMIT ?';
    return (this.#database.prepare(sql).all(fromMs, toMs, limit) as StoredMark[]).reverse();
  }

  /** @returns how many were deleted, at most `limit` */
  deleteMarks(beforeMs: number, limit: number): number {
    const sql =
      'DELETE FROM history_mark WHERE mark_id IN (SELECT mark_id FROM history_mark WHERE at_ms < ? ORDER BY at_ms LIMIT ?)';
    return this.#database.prepare(sql).run(beforeMs, limit).changes;
  }
}
