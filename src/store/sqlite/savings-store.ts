/** Stores what the savings estimate needs (migration 0021): bytes by hour, by day and name, and by five minutes. */
import type { SqliteDatabase } from './database.js';

export interface SavingsHour {
  readonly hourMs: number;
  /** Of the billing schedule; empty outside of all periods. */
  readonly period: string;
  /** Class × replicate × measure. */
  readonly bytes: readonly number[];
  readonly localisedBytes: number;
  readonly randomCost: number;
  readonly localisedShare: number;
  readonly localisedCost: number;
}

export type SavingsKind = 'subdomain' | 'source' | 'torrent';

export interface SavingsRow {
  readonly name: string;
  readonly downloaded: number;
  readonly foreignByShare: number;
}

export interface SavingsRate {
  readonly atMs: number;
  readonly foreignBytes: number;
  readonly baselineBytes: number | null;
}

interface HourColumns extends Omit<SavingsHour, 'bytes'> {
  readonly bytes: Buffer;
}

const HOUR_COLUMNS = `hour_ms AS hourMs, period, bytes, localised_bytes AS localisedBytes, random_cost AS randomCost,
  localised_share AS localisedShare, localised_cost AS localisedCost`;

export class SavingsStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** In one transaction: replaces an hour, and adds rows to their day. */
  save(
    hour: SavingsHour,
    dayMs: number,
    rows: ReadonlyMap<SavingsKind, readonly SavingsRow[]>,
    rate: SavingsRate | undefined,
  ): void {
    const saveHour = this.#database.prepare('INSERT OR REPLACE INTO savings_hour VALUES (?, ?, ?, ?, ?, ?, ?)');
    const addRow = this.#database.prepare(
      `INSERT INTO savings_day VALUES (?, ?, ?, ?, ?) ON CONFLICT (day_ms, kind, name) DO UPDATE SET
        downloaded = downloaded + excluded.downloaded, foreign_by_share = foreign_by_share + excluded.foreign_by_share`,
    );
    const saveRate = this.#database.prepare('INSERT OR REPLACE INTO savings_five_minutes VALUES (?, ?, ?)');
    this.#database.transaction(() => {
      const { hourMs, period, bytes, localisedBytes, randomCost, localisedShare, localisedCost } = hour;
      saveHour.run(hourMs, period, packed(bytes), localisedBytes, randomCost, localisedShare, localisedCost);
      for (const [kind, list] of rows)
        for (const { name, downloaded, foreignByShare } of list)
          addRow.run(dayMs, kind, name, downloaded, foreignByShare);
      if (rate !== undefined) saveRate.run(rate.atMs, rate.foreignBytes, rate.baselineBytes);
    })();
  }

  hour(hourMs: number, period: string): SavingsHour | undefined {
    const sql = `SELECT ${HOUR_COLUMNS} FROM savings_hour WHERE hour_ms = ? AND period = ?`;
    const row = this.#database.prepare<[number, string], HourColumns>(sql).get(hourMs, period);
    return row && unpacked(row);
  }

  /** Hours that begin in [from, to), in order. */
  hours(fromMs: number, toMs: number): SavingsHour[] {
    const sql = `SELECT ${HOUR_COLUMNS} FROM savings_hour WHERE hour_ms >= ? AND hour_ms < ? ORDER BY hour_ms`;
    return this.#database.prepare<[number, number], HourColumns>(sql).all(fromMs, toMs).map(unpacked);
  }

  /** The rows of one kind over the days that begin in [from, to), the largest first. */
  rows(kind: SavingsKind, fromMs: number, toMs: number, limit: number): SavingsRow[] {
    const sql = `SELECT name, sum(downloaded) AS downloaded, sum(foreign_by_share) AS foreignByShare FROM savings_day
      WHERE day_ms >= ? AND day_ms < ? AND kind = ? GROUP BY name ORDER BY downloaded DESC LIMIT ?`;
    return this.#database.prepare<[number, number, string, number], SavingsRow>(sql).all(fromMs, toMs, kind, limit);
  }

  /** Five minutes that begin in [from, to). */
  rates(fromMs: number, toMs: number): SavingsRate[] {
    const sql = `SELECT at_ms AS atMs, foreign_bytes AS foreignBytes, baseline_bytes AS baselineBytes
      FROM savings_five_minutes WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms`;
    return this.#database.prepare<[number, number], SavingsRate>(sql).all(fromMs, toMs);
  }

  /** Deletes what is older, and of a day that has ended all but the largest `limit` rows of a kind. */
  prune(hoursBeforeMs: number, ratesBeforeMs: number, endedDayMs: number, limit: number): void {
    this.#database.transaction(() => {
      this.#database.prepare('DELETE FROM savings_hour WHERE hour_ms < ?').run(hoursBeforeMs);
      this.#database.prepare('DELETE FROM savings_day WHERE day_ms < ?').run(hoursBeforeMs);
      this.#database.prepare('DELETE FROM savings_five_minutes WHERE at_ms < ?').run(ratesBeforeMs);
      for (const kind of ['source', 'torrent'] satisfies SavingsKind[]) this.pruneDay(endedDayMs, kind, limit);
    })();
  }

  /** Deletes all but the largest `limit` rows of a kind. */
  pruneDay(dayMs: number, kind: SavingsKind, limit: number): void {
    this.#database
      .prepare(
        `DELETE FROM savings_day WHERE day_ms = @day AND kind = @kind AND name NOT IN (SELECT name FROM savings_day
          WHERE day_ms = @day AND kind = @kind ORDER BY downloaded DESC LIMIT @limit)`,
      )
      .run({ day: dayMs, kind, limit });
  }
}

function packed(values: readonly number[]): Buffer {
  const floats = Float32Array.from(values);
  return Buffer.from(floats.buffer);
}

function unpacked({ bytes, ...rest }: HourColumns): SavingsHour {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { ...rest, bytes: Array.from({ length: bytes.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true)) };
}
