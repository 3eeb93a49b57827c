/**
 * Deletes expired rows in small chunks, so that no report waits long for the database. Raw reports are numbered in
 * order of arrival, so the lowest numbers are the oldest.
 */
import type { SqliteDatabase } from './database.js';

export interface PruneBefore {
  /** Deletes raw reports received before this. */
  readonly rawMs: number;
  /** Deletes roll-up buckets that started before this. */
  readonly rollUpsMs: number;
  readonly capabilityMs: number;
  /** Deletes signatures that expired before this. */
  readonly signaturesMs: number;
}

/** Rows of roll-ups and capability deleted per chunk; each is a look-up in a tree. */
const CHUNK_ROWS = 2_000;

export class ReportsPruning {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** One transaction. @returns true if more rows remain to be deleted */
  pruneChunk(before: PruneBefore, chunkReports: number): boolean {
    return this.#database
      .transaction(() => {
        const raw = this.#pruneRaw(before.rawMs, chunkReports);
        const fine = this.#pruneRollUp('density_five_minutes', before.rollUpsMs);
        const coarse = this.#pruneRollUp('density_hour', before.rollUpsMs);
        const capability = this.#database
          .prepare(
            `DELETE FROM capability WHERE address IN
               (SELECT address FROM capability WHERE received_ms < ? LIMIT ${CHUNK_ROWS})`,
          )
          .run(before.capabilityMs).changes;
        const signatures = this.#database
          .prepare(
            `DELETE FROM used_signature WHERE signature IN
               (SELECT signature FROM used_signature WHERE expires_ms < ? LIMIT ${CHUNK_ROWS})`,
          )
          .run(before.signaturesMs).changes;
        return raw || fine || coarse || capability === CHUNK_ROWS || signatures === CHUNK_ROWS;
      })
      .immediate();
  }

  #pruneRaw(beforeMs: number, chunkReports: number): boolean {
    const oldest = this.#database
      .prepare('SELECT report_id, received_ms FROM density_report ORDER BY report_id LIMIT ?')
      .all(chunkReports) as { report_id: number; received_ms: number }[];
    const end = oldest.findIndex((row) => row.received_ms >= beforeMs);
    const gone = end < 0 ? oldest : oldest.slice(0, end);
    if (gone.length === 0) return false;
    const last = gone.at(-1)!.report_id;
    this.#database.prepare('DELETE FROM density_sample WHERE report_id <= ?').run(last);
    this.#database.prepare('DELETE FROM density_report WHERE report_id <= ?').run(last);
    return gone.length === chunkReports;
  }

  /** Deletes by sub-domain, which is the order of the table. */
  #pruneRollUp(table: 'density_five_minutes' | 'density_hour', beforeMs: number): boolean {
    const statement = this.#database.prepare(
      `DELETE FROM ${table} WHERE subdomain_key = ? AND bucket_start_seconds < ?`,
    );
    const keys = this.#database.prepare('SELECT subdomain_key FROM reporting_subdomain').pluck().all() as number[];
    let deleted = 0;
    for (const key of keys) {
      deleted += statement.run(key, Math.floor(beforeMs / 1000)).changes;
      if (deleted >= CHUNK_ROWS) return true;
    }
    return false;
  }
}
