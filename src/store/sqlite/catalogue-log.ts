/**
 * The log of what the mirror site publishes: which torrent, from where, when, what was changed, and who withdrew it. Entries
 * outlive their torrents.
 */
import type { InfoHash } from '../../domain/info-hash.js';
import type { SqliteDatabase } from './database.js';

export type LogAction = 'published' | 'changed' | 'expired' | 'removed' | 'denied' | 'allowed' | 'pinned' | 'unpinned';

export interface LogEntry {
  readonly atMs: number;
  readonly infoHash: InfoHash;
  readonly name: string;
  readonly action: LogAction;
  /** `crawler`, or who used the API or the command. */
  readonly actor: string;
  readonly source: string | undefined;
  /** By action: where a torrent was found, which trackers were replaced, the reason. Without personal keys. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface LogQuery {
  readonly infoHash?: InfoHash | undefined;
  readonly sinceMs?: number | undefined;
  readonly limit: number;
}

export interface CatalogueLog {
  addLogEntry(entry: LogEntry): void;
  /** The latest first. */
  logEntries(query: LogQuery): LogEntry[];
  forgetLogBefore(beforeMs: number): void;
}

interface Row {
  at_ms: number;
  info_hash: InfoHash;
  name: string;
  action: LogAction;
  actor: string;
  source: string | null;
  details: string;
}

export function catalogueLog(database: SqliteDatabase): CatalogueLog {
  return {
    addLogEntry: ({ atMs, infoHash, name, action, actor, source, details }) => {
      database
        .prepare(
          'INSERT INTO catalogue_log (at_ms, info_hash, name, action, actor, source, details) VALUES (?, ?, ?, ?, ?, ?, ?)',
        )
        .run(atMs, infoHash, name, action, actor, source ?? null, JSON.stringify(details));
    },
    logEntries: ({ infoHash, sinceMs = 0, limit }) =>
      database
        .prepare<[string | null, string | null, number, number], Row>(
          `SELECT * FROM catalogue_log WHERE (? IS NULL OR info_hash = ?) AND at_ms >= ? ORDER BY log_id DESC LIMIT ?`,
        )
        .all(infoHash ?? null, infoHash ?? null, sinceMs, limit)
        .map((row) => ({
          atMs: row.at_ms,
          infoHash: row.info_hash,
          name: row.name,
          action: row.action,
          actor: row.actor,
          source: row.source ?? undefined,
          details: JSON.parse(row.details) as Record<string, unknown>,
        })),
    forgetLogBefore: (beforeMs) => {
      database.prepare('DELETE FROM catalogue_log WHERE at_ms < ?').run(beforeMs);
    },
  };
}
