/**
 * Reports on disk: what the intake writes, and what it reads again after a restart. Every write belongs to a
 * transaction that the caller opens with {@link ReportsStore.commit}, so that many reports share one fsync.
 * `reports-history` reads the history, `reports-pruning` deletes old rows.
 */
import type { Statement } from 'better-sqlite3';
import type { SqliteDatabase } from './database.js';
import { type HistoryQuery, type HistoryRow, readHistory } from './reports-history.js';

/** Replaces the name in the large tables. */
export type ProbeKey = number;

export interface StoredProbe {
  readonly probeKey: ProbeKey;
  readonly name: string;
  readonly highestSequence: number;
  readonly lastReceivedMs: number;
  readonly lastPeriodSeconds: number;
  readonly delaysMs: readonly number[];
  /** Sub-domain values applied or stored as late; values quarantined; reports sent again. */
  readonly accepted: number;
  readonly duplicates: number;
  readonly quarantined: number;
}

export interface StoredCapability {
  readonly address: string;
  readonly port: number | undefined;
  readonly cpuUtilisation: number | undefined;
  readonly memoryUtilisation: number | undefined;
  readonly availableUplinkBps: number | undefined;
  readonly role: 'cache' | 'peer';
  readonly receivedMs: number;
}

export interface NewReport {
  readonly probeKey: ProbeKey;
  readonly sequence: number;
  readonly periodStartMs: number;
  readonly periodSeconds: number;
  readonly receivedMs: number;
}

export interface NewSample {
  readonly subdomainId: string;
  readonly bytes: number;
  readonly users: number | null;
  readonly quarantineReason: string | null;
}

export interface RollUpShare {
  readonly bucketStartSeconds: number;
  readonly coveredSeconds: number;
}

type Row = Record<string, string | number | null>;

export class ReportsStore {
  readonly #database: SqliteDatabase;
  readonly #subdomainKeys = new Map<string, number>();
  readonly #statements: ReturnType<typeof prepareStatements>;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#statements = prepareStatements(database);
  }

  /** Runs `work` in one transaction; durable on return. An exception rolls all of it back. */
  commit<T>(work: () => T): T {
    try {
      return this.#database.transaction(work).immediate();
    } catch (thrown) {
      // Keys created in a transaction that was rolled back must not be used again.
      this.#subdomainKeys.clear();
      throw thrown;
    }
  }

  loadProbes(): StoredProbe[] {
    return (this.#database.prepare('SELECT * FROM probe').all() as Row[]).map((row) => ({
      probeKey: Number(row.probe_key),
      name: String(row.name),
      highestSequence: Number(row.highest_sequence),
      lastReceivedMs: Number(row.last_received_ms),
      lastPeriodSeconds: Number(row.last_period_seconds),
      delaysMs: JSON.parse(String(row.delays_ms)) as number[],
      accepted: Number(row.accepted),
      duplicates: Number(row.duplicates),
      quarantined: Number(row.quarantined),
    }));
  }

  /** Creates the row of a probe at its first report. */
  addProbe(name: string, nowMs: number): ProbeKey {
    return Number(this.#statements.addProbe.run(name, nowMs).lastInsertRowid);
  }

  saveProbe(probe: StoredProbe): void {
    this.#statements.saveProbe.run(
      probe.highestSequence,
      probe.lastReceivedMs,
      probe.lastPeriodSeconds,
      JSON.stringify(probe.delaysMs),
      probe.accepted,
      probe.duplicates,
      probe.quarantined,
      probe.probeKey,
    );
  }

  /** True if a report with this number is stored (for a day, see `reports-pruning`). */
  hasSequence(probeKey: ProbeKey, sequence: number): boolean {
    return this.#statements.hasSequence.get(probeKey, sequence) !== undefined;
  }

  addReport(report: NewReport, samples: readonly NewSample[]): void {
    const { addReport, addSample } = this.#statements;
    const reportId = addReport.run(
      report.probeKey,
      report.sequence,
      report.periodStartMs,
      report.periodSeconds,
      report.receivedMs,
    ).lastInsertRowid;
    for (const sample of samples) {
      const key = this.#subdomainKey(sample.subdomainId);
      addSample.run(reportId, key, sample.bytes, sample.users, sample.quarantineReason);
    }
  }

  /** @param reading JSON text, opaque here */
  saveLatest(probeKey: ProbeKey, subdomainId: string, reading: string): void {
    this.#statements.saveLatest.run(probeKey, this.#subdomainKey(subdomainId), reading);
  }

  loadLatest(): { probeKey: ProbeKey; subdomainId: string; reading: string }[] {
    const sql = `SELECT probe_key, name, reading FROM density_latest JOIN reporting_subdomain USING (subdomain_key)`;
    return (this.#database.prepare(sql).all() as Row[]).map((row) => ({
      probeKey: Number(row.probe_key),
      subdomainId: String(row.name),
      reading: String(row.reading),
    }));
  }

  forgetLatest(probeKey: ProbeKey): void {
    this.#database.prepare('DELETE FROM density_latest WHERE probe_key = ?').run(probeKey);
  }

  /** Adds the shares of one value to both roll-ups. @param bytesPerSecond over the value's whole period */
  addToRollUps(
    probeKey: ProbeKey,
    subdomainId: string,
    value: { bytesPerSecond: number; users: number | null },
    shares: { fiveMinutes: readonly RollUpShare[]; hours: readonly RollUpShare[] },
  ): void {
    const key = this.#subdomainKey(subdomainId);
    const add = (statement: Statement, share: RollUpShare): void => {
      const seconds = share.coveredSeconds;
      const userSeconds = (value.users ?? 0) * seconds;
      const userCovered = value.users === null ? 0 : seconds;
      const bytes = value.bytesPerSecond * seconds;
      statement.run(key, share.bucketStartSeconds, probeKey, bytes, seconds, userSeconds, userCovered);
    };
    for (const share of shares.fiveMinutes) add(this.#statements.addFiveMinutes, share);
    for (const share of shares.hours) add(this.#statements.addHour, share);
  }

  saveUsers(subdomainId: string, users: number, receivedMs: number): void {
    this.#statements.saveUsers.run(this.#subdomainKey(subdomainId), users, receivedMs);
  }

  loadUsers(): { subdomainId: string; users: number; receivedMs: number }[] {
    const sql = 'SELECT name, users, received_ms FROM subdomain_users JOIN reporting_subdomain USING (subdomain_key)';
    return (this.#database.prepare(sql).all() as Row[]).map((row) => ({
      subdomainId: String(row.name),
      users: Number(row.users),
      receivedMs: Number(row.received_ms),
    }));
  }

  saveCapability(reading: StoredCapability): void {
    this.#statements.saveCapability.run(
      reading.address,
      reading.port ?? null,
      reading.cpuUtilisation ?? null,
      reading.memoryUtilisation ?? null,
      reading.availableUplinkBps ?? null,
      reading.role,
      reading.receivedMs,
    );
  }

  loadCapability(sinceMs: number): StoredCapability[] {
    const rows = this.#database.prepare('SELECT * FROM capability WHERE received_ms > ?').all(sinceMs) as Row[];
    return rows.map((row) => ({
      address: String(row.address),
      port: optional(row.port),
      cpuUtilisation: optional(row.cpu_utilisation),
      memoryUtilisation: optional(row.memory_utilisation),
      availableUplinkBps: optional(row.available_uplink_bps),
      role: row.role === 'cache' ? 'cache' : 'peer',
      receivedMs: Number(row.received_ms),
    }));
  }

  history(query: HistoryQuery): HistoryRow[] {
    return readHistory(this.#database, query);
  }

  #subdomainKey(name: string): number {
    const known = this.#subdomainKeys.get(name);
    if (known !== undefined) return known;
    this.#statements.addSubdomain.run(name);
    const key = Number((this.#statements.subdomainKey.get(name) as Row).subdomain_key);
    this.#subdomainKeys.set(name, key);
    return key;
  }
}

function optional(value: string | number | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}

function prepareStatements(database: SqliteDatabase) {
  const rollUp = (table: string): Statement =>
    database.prepare(
      `INSERT INTO ${table} VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
         bytes = bytes + excluded.bytes, covered_seconds = covered_seconds + excluded.covered_seconds,
         user_seconds = user_seconds + excluded.user_seconds,
         user_covered_seconds = user_covered_seconds + excluded.user_covered_seconds`,
    );
  return {
    addProbe: database.prepare(`INSERT INTO probe VALUES (NULL, ?, -1, ?, 0, '[]', 0, 0, 0)`),
    saveProbe: database.prepare(
      `UPDATE probe SET highest_sequence = ?, last_received_ms = ?, last_period_seconds = ?, delays_ms = ?,
         accepted = ?, duplicates = ?, quarantined = ? WHERE probe_key = ?`,
    ),
    hasSequence: database.prepare('SELECT 1 FROM density_report WHERE probe_key = ? AND sequence = ?'),
    addReport: database.prepare('INSERT INTO density_report VALUES (NULL, ?, ?, ?, ?, ?)'),
    addSample: database.prepare('INSERT INTO density_sample VALUES (?, ?, ?, ?, ?)'),
    saveLatest: database.prepare(
      'INSERT INTO density_latest VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET reading = excluded.reading',
    ),
    addFiveMinutes: rollUp('density_five_minutes'),
    addHour: rollUp('density_hour'),
    addSubdomain: database.prepare('INSERT INTO reporting_subdomain (name) VALUES (?) ON CONFLICT DO NOTHING'),
    subdomainKey: database.prepare('SELECT subdomain_key FROM reporting_subdomain WHERE name = ?'),
    saveUsers: database.prepare(
      `INSERT INTO subdomain_users VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET users = excluded.users, received_ms = excluded.received_ms`,
    ),
    saveCapability: database.prepare(
      `INSERT INTO capability VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET port = excluded.port,
         cpu_utilisation = excluded.cpu_utilisation, memory_utilisation = excluded.memory_utilisation,
         available_uplink_bps = excluded.available_uplink_bps, role = excluded.role, received_ms = excluded.received_ms`,
    ),
  };
}
