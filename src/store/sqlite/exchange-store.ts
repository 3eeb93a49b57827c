/** Stores what the exchange knows of original trackers, and when each torrent may be asked for again (migration 0014). */
import type { SqliteDatabase } from './database.js';

/** Times in milliseconds since the epoch; 0: never. */
export interface StoredOriginal {
  /** Protocol, host and port, `udp://tracker.example:6969`. */
  readonly name: string;
  readonly askedMs: number;
  readonly answeredMs: number;
  /** The last that it stated. */
  readonly intervalSeconds: number | null;
  /** Consecutive ones. */
  readonly failures: number;
  /** When it may be asked again after its failures. */
  readonly retryMs: number;
  readonly failure: string | null;
  readonly budgetStartMs: number;
  readonly budgetUsed: number;
}

export interface StoredDueTime {
  /** The original, the torrent and the address family. */
  readonly pair: string;
  readonly dueMs: number;
}

const COLUMNS = `name, asked_ms AS askedMs, answered_ms AS answeredMs, interval_seconds AS intervalSeconds, failures,
  retry_ms AS retryMs, failure, budget_start_ms AS budgetStartMs, budget_used AS budgetUsed`;

export class ExchangeStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** Those that were asked last, the most recent last. */
  originals(limit: number): StoredOriginal[] {
    const sql = `SELECT ${COLUMNS} FROM upstream_original ORDER BY asked_ms DESC LIMIT ?`;
    return this.#database.prepare<[number], StoredOriginal>(sql).all(limit).reverse();
  }

  /** Those that are not due yet. */
  dueTimes(nowMs: number, limit: number): StoredDueTime[] {
    const sql = 'SELECT pair, due_ms AS dueMs FROM upstream_due WHERE due_ms > ? ORDER BY due_ms LIMIT ?';
    return this.#database.prepare<[number, number], StoredDueTime>(sql).all(nowMs, limit);
  }

  /** In one transaction. */
  save(originals: readonly StoredOriginal[], dueTimes: readonly StoredDueTime[]): void {
    const original = this.#database.prepare(
      `INSERT OR REPLACE INTO upstream_original VALUES
        (@name, @askedMs, @answeredMs, @intervalSeconds, @failures, @retryMs, @failure, @budgetStartMs, @budgetUsed)`,
    );
    const due = this.#database.prepare('INSERT OR REPLACE INTO upstream_due VALUES (?, ?)');
    this.#database.transaction(() => {
      for (const each of originals) original.run(each);
      for (const { pair, dueMs } of dueTimes) due.run(pair, dueMs);
    })();
  }

  /** Deletes what is due, and originals that were last asked before `unusedSinceMs`. */
  prune(nowMs: number, unusedSinceMs: number): void {
    this.#database.transaction(() => {
      this.#database.prepare('DELETE FROM upstream_due WHERE due_ms <= ?').run(nowMs);
      this.#database.prepare('DELETE FROM upstream_original WHERE asked_ms < ?').run(unusedSinceMs);
    })();
  }
}
