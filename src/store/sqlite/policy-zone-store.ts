/** Stores response policy zones and what secondaries have of them (migration 0011). What a history holds, its user knows. */
import type { SqliteDatabase } from './database.js';

export interface StoredSerial {
  readonly zone: string;
  readonly secondary: string;
  readonly serial: number;
}

export class PolicyZoneStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  history(zone: string): string | undefined {
    const sql = 'SELECT history FROM policy_zone WHERE zone = ?';
    return this.#database.prepare<[string], { history: string }>(sql).get(zone)?.history;
  }

  setHistory(zone: string, history: string): void {
    const sql = 'INSERT INTO policy_zone VALUES (?, ?) ON CONFLICT DO UPDATE SET history = excluded.history';
    this.#database.prepare(sql).run(zone, history);
  }

  serials(): StoredSerial[] {
    const sql = 'SELECT zone, secondary, serial FROM policy_zone_secondary';
    return this.#database.prepare<[], StoredSerial>(sql).all();
  }

  setSerial({ zone, secondary, serial }: StoredSerial): void {
    const sql = 'INSERT INTO policy_zone_secondary VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET serial = excluded.serial';
    this.#database.prepare(sql).run(zone, secondary, serial);
  }
}
