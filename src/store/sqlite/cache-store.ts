/** What the controller of the caches remembers over restarts: holdings, drained caches, requests, demand, and its log. */
import type { InfoHash } from '../../domain/info-hash.js';
import type { SqliteDatabase } from './database.js';

/** What a catalogue says of a torrent, as far as a cache needs it. */
export interface CacheTorrentFacts {
  readonly infoHash: InfoHash;
  /** The second hash under which clients of a hybrid torrent announce (BEP 52). */
  readonly hybridInfoHash: InfoHash | undefined;
  readonly name: string;
  readonly source: string;
  readonly totalBytes: number;
}

/** What the catalogue said of it, and since when it is there. A size of 0 is unknown. */
export interface HoldingEntry extends CacheTorrentFacts {
  readonly cache: string;
  readonly sinceMs: number;
  /** When it had everything; undefined before. */
  readonly completeMs: number | undefined;
}

export interface CacheRequest {
  readonly infoHash: InfoHash;
  /** Undefined: any cache. */
  readonly cache: string | undefined;
  /** At any hour. */
  readonly now: boolean;
  readonly actor: string;
  readonly atMs: number;
}

export interface StoredDemand {
  readonly infoHash: InfoHash;
  readonly waiting: number;
  readonly joined: number;
  readonly peers: number;
  readonly atMs: number;
}

export type CacheAction =
  | 'added'
  | 'resumed'
  | 'stopped'
  | 'completed'
  | 'removed'
  | 'failed'
  | 'requested'
  | 'drained'
  | 'undrained'
  | 'taken-out'
  | 'put-back';

export interface CacheLogEntry {
  readonly atMs: number;
  readonly cache: string;
  readonly infoHash?: InfoHash | undefined;
  readonly name?: string | undefined;
  readonly action: CacheAction;
  readonly reason: string;
  /** `controller`, or who used the API. */
  readonly actor: string;
  /** Expected per day. */
  readonly saving?: number | undefined;
  readonly currency?: string | undefined;
}

export interface CacheLogQuery {
  readonly cache?: string | undefined;
  readonly infoHash?: InfoHash | undefined;
  readonly limit: number;
}

export interface CacheStore {
  /** By either hash of a hybrid torrent; those that the catalogue does not have are missing, and so are those of unknown size. */
  facts(infoHashes: readonly InfoHash[]): CacheTorrentFacts[];
  holdings(): HoldingEntry[];
  setHolding(entry: HoldingEntry): void;
  removeHolding(cache: string, infoHash: InfoHash): void;
  drained(): { readonly cache: string; readonly actor: string; readonly atMs: number }[];
  drain(cache: string, actor: string, atMs: number): void;
  undrain(cache: string): void;
  requests(): CacheRequest[];
  addRequest(request: CacheRequest): void;
  removeRequest(infoHash: InfoHash, cache: string | undefined): void;
  demand(): StoredDemand[];
  /** Replaces everything that is stored. */
  setDemand(demand: Iterable<StoredDemand>): void;
  addLogEntry(entry: CacheLogEntry): void;
  /** Does all that `work` writes in one transaction. */
  together(work: () => void): void;
  /** The latest first. */
  logEntries(query: CacheLogQuery): CacheLogEntry[];
}

/** Older entries are forgotten. */
const MAX_LOG_ENTRIES = 100_000;
const FORGET_EVERY = 1_000;

type Row<T> = { [Key in keyof T]: Exclude<T[Key], undefined> | (undefined extends T[Key] ? null : never) };

const DEMAND_COLUMNS = 'info_hash AS infoHash, waiting, joined, peers, at_ms AS atMs';

export function cacheStore(database: SqliteDatabase): CacheStore {
  const together = (work: () => void): void => database.transaction(work)();
  return { ...torrentsOf(database), ...wishesOf(database), ...logOf(database), together };
}

function torrentsOf(
  database: SqliteDatabase,
): Pick<CacheStore, 'facts' | 'holdings' | 'setHolding' | 'removeHolding' | 'demand' | 'setDemand'> {
  return {
    facts: (infoHashes) =>
      database
        .prepare<[string, string], Row<CacheTorrentFacts>>(
          `SELECT info_hash AS infoHash, hybrid_info_hash AS hybridInfoHash, name, source, total_bytes AS totalBytes
           FROM catalogue_torrent WHERE total_bytes > 0 AND
             (info_hash IN (SELECT value FROM json_each(?)) OR hybrid_info_hash IN (SELECT value FROM json_each(?)))`,
        )
        .all(JSON.stringify(infoHashes), JSON.stringify(infoHashes))
        .map((row) => ({ ...row, hybridInfoHash: row.hybridInfoHash ?? undefined })),
    holdings: () =>
      database
        .prepare<[], Row<HoldingEntry>>(
          `SELECT cache, info_hash AS infoHash, hybrid_info_hash AS hybridInfoHash, name, source, total_bytes AS totalBytes,
                  since_ms AS sinceMs, complete_ms AS completeMs
           FROM cache_holding`,
        )
        .all()
        .map((row) => ({
          ...row,
          hybridInfoHash: row.hybridInfoHash ?? undefined,
          completeMs: row.completeMs ?? undefined,
        })),
    setHolding: ({ cache, infoHash, hybridInfoHash, name, source, totalBytes, sinceMs, completeMs }) => {
      database
        .prepare(
          `INSERT OR REPLACE INTO cache_holding
             (cache, info_hash, hybrid_info_hash, name, source, total_bytes, since_ms, complete_ms)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(cache, infoHash, hybridInfoHash ?? null, name, source, totalBytes, sinceMs, completeMs ?? null);
    },
    removeHolding: (cache, infoHash) => {
      database.prepare('DELETE FROM cache_holding WHERE cache = ? AND info_hash = ?').run(cache, infoHash);
    },
    demand: () => database.prepare<[], StoredDemand>(`SELECT ${DEMAND_COLUMNS} FROM cache_demand`).all(),
    setDemand: (demand) => {
      const insert = database.prepare('INSERT INTO cache_demand VALUES (?, ?, ?, ?, ?)');
      database.transaction(() => {
        database.prepare('DELETE FROM cache_demand').run();
        for (const { infoHash, waiting, joined, peers, atMs } of demand) {
          insert.run(infoHash, waiting, joined, peers, atMs);
        }
      })();
    },
  };
}

function wishesOf(
  database: SqliteDatabase,
): Pick<CacheStore, 'drained' | 'drain' | 'undrain' | 'requests' | 'addRequest' | 'removeRequest'> {
  return {
    drained: () =>
      database
        .prepare<[], { cache: string; actor: string; atMs: number }>(
          'SELECT cache, actor, at_ms AS atMs FROM cache_drain',
        )
        .all(),
    drain: (cache, actor, atMs) => {
      database.prepare('INSERT OR REPLACE INTO cache_drain VALUES (?, ?, ?)').run(cache, actor, atMs);
    },
    undrain: (cache) => {
      database.prepare('DELETE FROM cache_drain WHERE cache = ?').run(cache);
    },
    requests: () =>
      database
        .prepare<[], { infoHash: InfoHash; cache: string; now: 0 | 1; actor: string; atMs: number }>(
          'SELECT info_hash AS infoHash, cache, now, actor, at_ms AS atMs FROM cache_request',
        )
        .all()
        .map((row) => ({ ...row, cache: row.cache === '' ? undefined : row.cache, now: row.now === 1 })),
    addRequest: ({ infoHash, cache, now, actor, atMs }) => {
      database
        .prepare('INSERT OR REPLACE INTO cache_request VALUES (?, ?, ?, ?, ?)')
        .run(infoHash, cache ?? '', now ? 1 : 0, actor, atMs);
    },
    removeRequest: (infoHash, cache) => {
      database.prepare('DELETE FROM cache_request WHERE info_hash = ? AND cache = ?').run(infoHash, cache ?? '');
    },
  };
}

function logOf(database: SqliteDatabase): Pick<CacheStore, 'addLogEntry' | 'logEntries'> {
  return {
    addLogEntry: ({ atMs, cache, infoHash, name, action, reason, actor, saving, currency }) => {
      const { lastInsertRowid } = database
        .prepare(
          `INSERT INTO cache_log (at_ms, cache, info_hash, name, action, reason, actor, saving, currency)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(atMs, cache, infoHash ?? null, name ?? null, action, reason, actor, saving ?? null, currency ?? null);
      const id = Number(lastInsertRowid);
      if (id % FORGET_EVERY !== 0) return;
      database.prepare('DELETE FROM cache_log WHERE log_id <= ?').run(id - MAX_LOG_ENTRIES);
    },
    logEntries: ({ cache, infoHash, limit }) =>
      database
        .prepare<[object], Row<Required<CacheLogEntry>>>(
          `SELECT at_ms AS atMs, cache, info_hash AS infoHash, name, action, reason, actor, saving, currency FROM cache_log
           WHERE (:cache IS NULL OR cache = :cache) AND (:infoHash IS NULL OR info_hash = :infoHash)
           ORDER BY log_id DESC LIMIT :limit`,
        )
        .all({ cache: cache ?? null, infoHash: infoHash ?? null, limit })
        .map((row) => ({
          ...row,
          infoHash: row.infoHash ?? undefined,
          name: row.name ?? undefined,
          saving: row.saving ?? undefined,
          currency: row.currency ?? undefined,
        })),
  };
}
