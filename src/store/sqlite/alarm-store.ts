/** Alarms with their beginning and end, so that a restart does not begin them again, and their history. */
import type { SqliteDatabase } from './database.js';

export interface StoredAlarm {
  readonly id: string;
  /** Empty: it concerns the whole program. */
  readonly subject: string;
  readonly severity: string;
  readonly text: string;
  readonly remedy: string;
  readonly begunMs: number;
  /** Null: open. */
  readonly endedMs: number | null;
}

export interface AlarmQuery {
  readonly id?: string | undefined;
  readonly severity?: string | undefined;
  /** Only entries below this number: the next page. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface AlarmStore {
  /** @returns its number, for {@link end} */
  begin(alarm: Omit<StoredAlarm, 'endedMs'>): number;
  end(number: number, text: string, endedMs: number): void;
  open(): (StoredAlarm & { readonly number: number })[];
  /** Open and past ones, the latest first. */
  list(query: AlarmQuery): (StoredAlarm & { readonly number: number })[];
  /** Of past ones. */
  forgetBefore(beforeMs: number): void;
}

interface Row {
  alarm_id: number;
  id: string;
  subject: string;
  severity: string;
  text: string;
  remedy: string;
  begun_ms: number;
  ended_ms: number | null;
}

export function alarmStore(database: SqliteDatabase): AlarmStore {
  return {
    begin: ({ id, subject, severity, text, remedy, begunMs }) =>
      Number(
        database
          .prepare('INSERT INTO alarm (id, subject, severity, text, remedy, begun_ms) VALUES (?, ?, ?, ?, ?, ?)')
          .run(id, subject, severity, text, remedy, begunMs).lastInsertRowid,
      ),
    end: (number, text, endedMs) => {
      database.prepare('UPDATE alarm SET text = ?, ended_ms = ? WHERE alarm_id = ?').run(text, endedMs, number);
    },
    open: () => database.prepare<[], Row>('SELECT * FROM alarm WHERE ended_ms IS NULL').all().map(alarmOf),
    list: ({ id = null, severity = null, before, limit }) =>
      database
        .prepare<[Record<string, string | number | null>], Row>(
          `SELECT * FROM alarm WHERE (:id IS NULL OR id = :id) AND (:severity IS NULL OR severity = :severity)
             AND alarm_id < :before ORDER BY alarm_id DESC LIMIT :limit`,
        )
        .all({ id, severity, limit, before: before ?? Number.MAX_SAFE_INTEGER })
        .map(alarmOf),
    forgetBefore: (beforeMs) => {
      database.prepare('DELETE FROM alarm WHERE ended_ms < ?').run(beforeMs);
    },
  };
}

function alarmOf(row: Row) {
  const { id, subject, severity, text, remedy } = row;
  return { number: row.alarm_id, id, subject, severity, text, remedy, begunMs: row.begun_ms, endedMs: row.ended_ms };
}
