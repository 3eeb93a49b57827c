/** Reads the roll-ups of the reports: five-minute buckets for short ranges, hours for longer ones. */
import type { SqliteDatabase } from './database.js';

export interface HistoryQuery {
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly subdomain?: string | undefined;
  readonly rowsMax: number;
}

export interface HistoryRow {
  readonly subdomain: string;
  readonly startMs: number;
  /** Length of the bucket. */
  readonly seconds: number;
  readonly bytesPerSecond: number;
  readonly users: number | null;
  readonly bytesPerUserPerSecond: number | null;
}

/** Ranges that reach further back read hours. */
const FIVE_MINUTES_REACH_MS = 2 * 24 * 3_600_000;

/** Ordered by time, then sub-domain. Several detection points of a sub-domain are summed. */
export function readHistory(database: SqliteDatabase, query: HistoryQuery): HistoryRow[] {
  const short = query.nowMs - query.sinceMs <= FIVE_MINUTES_REACH_MS;
  const [table, seconds] = short ? (['density_five_minutes', 300] as const) : (['density_hour', 3600] as const);
  const rows = database
    .prepare(
      `SELECT name, bucket_start_seconds AS start, sum(bytes / covered_seconds) AS rate,
         sum(user_seconds / nullif(user_covered_seconds, 0)) AS users, min(user_covered_seconds > 0) AS counted
       FROM ${table} JOIN reporting_subdomain USING (subdomain_key)
       WHERE bucket_start_seconds > ? AND (? IS NULL OR name = ?)
       GROUP BY subdomain_key, bucket_start_seconds ORDER BY start, name LIMIT ?`,
    )
    .all(query.sinceMs / 1000 - seconds, query.subdomain ?? null, query.subdomain ?? null, query.rowsMax) as {
    name: string;
    start: number;
    rate: number;
    users: number | null;
    counted: number;
  }[];
  return rows.map(({ name, start, rate, users, counted }) => {
    const known = counted === 1 ? users : null;
    return {
      subdomain: name,
      startMs: start * 1000,
      seconds: seconds,
      bytesPerSecond: rate,
      users: known,
      bytesPerUserPerSecond: known === null || known === 0 ? null : rate / known,
    };
  });
}
