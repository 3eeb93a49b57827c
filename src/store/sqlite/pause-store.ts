/** What an operator has paused, so that a restart does not end it. */
import type { SqliteDatabase } from './database.js';

export interface StoredPause {
  readonly what: string;
  readonly sinceMs: number;
  /** Null: until resumed. */
  readonly untilMs: number | null;
  /** Who paused it. */
  readonly actor: string;
}

export interface PauseStore {
  all(): StoredPause[];
  put(pause: StoredPause): void;
  remove(what: string): void;
}

interface Row {
  what: string;
  since_ms: number;
  until_ms: number | null;
  actor: string;
}

export function pauseStore(database: SqliteDatabase): PauseStore {
  return {
    all: () =>
      database
        .prepare<[], Row>('SELECT * FROM operation_pause')
        .all()
        .map((row) => ({ what: row.what, sinceMs: row.since_ms, untilMs: row.until_ms, actor: row.actor })),
    put: ({ what, sinceMs, untilMs, actor }) => {
      database.prepare('INSERT OR REPLACE INTO operation_pause VALUES (?, ?, ?, ?)').run(what, sinceMs, untilMs, actor);
    },
    remove: (what) => {
      database.prepare('DELETE FROM operation_pause WHERE what = ?').run(what);
    },
  };
}
