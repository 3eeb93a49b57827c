/**
 * Opens the project's only SQLite file and migrates it to the newest schema. The files of `migrations/` run once each,
 * in the order of their names, each in its own transaction. The table `migration` records which have run.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { messageOf, OperatorError } from '../../domain/errors.js';
import { torrentKind } from '../../domain/torrent-kind.js';
import { operatorLog, userName } from './operator-log.js';
import { isDamage } from './storage-failure.js';

export type SqliteDatabase = Database.Database;

/** How long a writer waits for the transaction of another process (a CLI beside the server). */
export const BUSY_TIMEOUT_MS = 5_000;
/** The indexes of a search among 100,000 torrents fit; SQLite takes the memory as it needs it. */
const CACHE_KIB = 65_536;
/** Readable and writable by the owner only. */
const PRIVATE = 0o600;

const migrationsDirectory = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'migrations');

/**
 * @param file a path whose directory is created if missing, or `:memory:`
 * @throws OperatorError if the file cannot be opened, is not a database, or has a newer schema than this program
 */
export function openDatabase(file: string): SqliteDatabase {
  let database: SqliteDatabase | undefined;
  try {
    if (file !== ':memory:') makePrivate(file);
    database = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    keepStatements(database);
    lockAtBegin(database);
    // WAL with NORMAL keeps the file consistent after a crash; FULL also keeps every acknowledged transaction. Deleted
    // rows are overwritten, because they contain users' addresses.
    database.exec(`
      PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
      PRAGMA cache_size = -${CACHE_KIB};
      PRAGMA foreign_keys = ON`);
    if (file !== ':memory:') keepCopy(database, file);
    migrate(database);
    return database;
  } catch (thrown) {
    database?.close();
    if (thrown instanceof OperatorError) throw thrown;
    if (isDamage(thrown)) throw new DamagedDatabaseError(file, thrown);
    throw new OperatorError(
      `cannot open the database ${file}: ${messageOf(thrown)}; check storage.directory and its permissions`,
      {
        code: 'file-access',
        cause: thrown,
      },
    );
  }
}

/** For a command that reads while the tracker may be running; changes nothing. @throws Error of SQLite */
export function openToRead(file: string): SqliteDatabase {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  keepStatements(database);
  return database;
}

/** For a command that adds a row beside a tracker of another version: changes no schema. @throws Error of SQLite */
export function openAsItIs(file: string): SqliteDatabase {
  const database = new Database(file, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  keepStatements(database);
  return database;
}

/** The file is not a database, or parts of it are unreadable. */
export class DamagedDatabaseError extends OperatorError {
  constructor(file: string, cause: unknown) {
    const message = `the database ${file} is damaged: ${messageOf(cause)}; restore a backup, or start the tracker, which sets the file aside and begins with an empty one`;
    super(message, { code: 'database-damaged', cause });
    this.name = 'DamagedDatabaseError';
  }
}

/** Larger files are not checked before the start, because that would delay the tracker; later reads find the damage. */
const MAX_CHECKED_BYTES = 512 * 1024 * 1024;

/**
 * Opens the database of a tracker, which must run even if its disk has failed: a damaged file is set aside with its
 * log, and an empty one replaces it. The caller must hold the lock of the storage directory.
 * @returns `setAsideAs` if that happened
 * @throws OperatorError otherwise, as {@link openDatabase}
 */
export function openDatabaseOrSetAside(file: string): { database: SqliteDatabase; setAsideAs?: string } {
  try {
    const database = openDatabase(file);
    if (statSync(file).size > MAX_CHECKED_BYTES) return { database };
    try {
      // Not by `pragma()`, whose statement would be collected: see keepStatements.
      const [first] = database.prepare<[], { quick_check: string }>('PRAGMA quick_check(1)').all();
      if (first?.quick_check !== 'ok') throw new DamagedDatabaseError(file, first?.quick_check);
      return { database };
    } catch (thrown) {
      database.close();
      throw isDamage(thrown) ? new DamagedDatabaseError(file, thrown) : thrown;
    }
  } catch (thrown) {
    if (!(thrown instanceof DamagedDatabaseError)) throw thrown;
    const setAsideAs = setAside(file);
    return { database: openDatabase(file), setAsideAs };
  }
}

/** Overwrites nothing: files that were set aside earlier keep their names. */
function setAside(file: string): string {
  let aside = `${file}.damaged`;
  for (let i = 2; existsSync(aside); i++) aside = `${file}.damaged-${i}`;
  renameSync(file, aside);
  // The log belongs to the damaged file; the index of the log is created again.
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${aside}-wal`);
  rmSync(`${file}-shm`, { force: true });
  return aside;
}

/** The database records who downloads what. SQLite gives its log the same mode. */
function makePrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', PRIVATE));
  if ((statSync(file).mode & 0o077) === 0) return;
  // An earlier version created it with other permissions. If another user owns it, that user decides.
  for (const each of [file, `${file}-wal`, `${file}-shm`]) {
    try {
      chmodSync(each, PRIVATE);
    } catch {}
  }
}

/** Every opened database, until the process ends: see {@link keepDatabase}. */
const opened = new Set<SqliteDatabase>();

/**
 * Keeps the object until the process ends, also after it is closed. With better-sqlite3 12, Node.js from 24.19 aborts in
 * the destructor of a database or a statement that the garbage collector frees (an assertion in
 * `RemoveEnvironmentCleanupHook`).
 */
export function keepDatabase(database: SqliteDatabase): void {
  opened.add(database);
}

/** Caches one statement for each SQL text and never releases it, for the reason of {@link keepDatabase}. */
function keepStatements(database: SqliteDatabase): void {
  keepDatabase(database);
  const prepare = database.prepare.bind(database) as (sql: string) => Database.Statement;
  const statements = new Map<string, Database.Statement>();
  const kept = (sql: string): Database.Statement => {
    const statement = statements.get(sql) ?? prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  database.prepare = kept as SqliteDatabase['prepare'];
}

/**
 * Lets every transaction take the lock for writing when it begins. One that reads first and writes later cannot wait for
 * another process: SQLite refuses it at once (`SQLITE_BUSY_SNAPSHOT`), because what it has read is outdated.
 */
function lockAtBegin(database: SqliteDatabase): void {
  const transaction = database.transaction.bind(database) as (work: () => unknown) => Database.Transaction;
  database.transaction = ((work: () => unknown) => transaction(work).immediate) as SqliteDatabase['transaction'];
}

/** The error if a later version of this program has used the file; undefined too if it is missing or damaged. */
export function newerMigrationsOf(file: string): OperatorError | undefined {
  if (!existsSync(file)) return undefined;
  let database: SqliteDatabase | undefined;
  try {
    database = new Database(file, { readonly: true });
    keepStatements(database);
    requireKnownMigrations(appliedMigrations(database));
    return undefined;
  } catch (thrown) {
    return thrown instanceof OperatorError ? thrown : undefined;
  } finally {
    database?.close();
  }
}

export interface PendingMigration {
  readonly name: string;
  /** The first sentence of its file. */
  readonly about: string;
}

/** What the next start of this version would run. @throws OperatorError if a newer version has used the database */
export function pendingMigrations(database: SqliteDatabase): PendingMigration[] {
  const applied = appliedMigrations(database);
  requireKnownMigrations(applied);
  return knownMigrations()
    .filter((name) => !applied.has(name))
    .map((name) => {
      const sql = readFileSync(join(migrationsDirectory, name), 'utf8');
      return { name, about: /^-- (.*)/.exec(sql)?.[1] ?? '' };
    });
}

export function migrationsOf(database: SqliteDatabase): string[] {
  return [...appliedMigrations(database)].sort();
}

/** Those that this version does not know. */
export function unknownMigrations(names: readonly string[]): string[] {
  const known = knownMigrations();
  return names.filter((name) => !known.includes(name));
}

/** Where the database as it was before the latest migration is kept. One copy, so that it does not fill the disk. */
export function copyBeforeMigration(file: string): string {
  return `${file}.before-migration`;
}

/** An upgrade must be possible to undo. @throws OperatorError if there is no room for a copy */
function keepCopy(database: SqliteDatabase, file: string): void {
  const isNew = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migration'").get() === undefined;
  if (isNew || pendingMigrations(database).length === 0) return;
  const copy = copyBeforeMigration(file);
  const part = `${copy}.part`;
  try {
    rmSync(part, { force: true });
    closeSync(openSync(part, 'a', PRIVATE));
    database.prepare('VACUUM INTO ?').run(part);
    renameSync(part, copy);
  } catch (thrown) {
    rmSync(part, { force: true });
    // Another process migrates it at the moment, or has done so.
    if (pendingMigrations(database).length === 0) return;
    throw new OperatorError(
      `the database ${file} is not brought to this version, because it cannot be copied first: ${messageOf(thrown)}; free space there`,
      { code: 'file-access', cause: thrown },
    );
  }
}

/** @throws OperatorError if parts of the file are unreadable */
export function checkIntegrity(file: string): void {
  const database = openToRead(file);
  try {
    const [first] = database.prepare<[], { integrity_check: string }>('PRAGMA integrity_check(1)').all();
    if (first?.integrity_check !== 'ok') throw new DamagedDatabaseError(file, first?.integrity_check);
  } catch (thrown) {
    throw isDamage(thrown) ? new DamagedDatabaseError(file, thrown) : thrown;
  } finally {
    database.close();
  }
}

function appliedMigrations(database: SqliteDatabase): ReadonlySet<string> {
  const rows = database.prepare<[], { name: string }>('SELECT name FROM migration').all();
  return new Set(rows.map((row) => row.name));
}

function knownMigrations(): string[] {
  return readdirSync(migrationsDirectory)
    .filter((name) => name.endsWith('.sql'))
    .sort();
}

function requireKnownMigrations(applied: ReadonlySet<string>): void {
  const known = knownMigrations();
  const unknown = [...applied].filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new OperatorError(
    `the database was written by a newer alias-tracker (it has ${unknown.join(', ')}); upgrade, or use another storage.directory`,
  );
}

function migrate(database: SqliteDatabase): void {
  database.function('torrent_kind', { deterministic: true }, (name: unknown, files: unknown) =>
    torrentKind(String(name), JSON.parse(String(files)) as { path: string; bytes: number }[]),
  );
  database.exec('CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT');
  const applied = appliedMigrations(database);
  requireKnownMigrations(applied);
  const done: string[] = [];
  for (const name of knownMigrations()) {
    if (applied.has(name)) continue;
    const sql = readFileSync(join(migrationsDirectory, name), 'utf8');
    database
      .transaction(() => {
        // Another process may have run it in the meantime.
        if (appliedMigrations(database).has(name)) return;
        database.exec(sql);
        database.prepare("INSERT INTO migration VALUES (?, strftime('%Y-%m-%dT%H:%M:%fZ'))").run(name);
        done.push(name);
      })
      .immediate();
  }
  if (applied.size > 0 && done.length > 0) recordUpgrade(database, done);
}

/** Whoever opens a database of an older version upgrades it: `upgrade`, `serve` at its start, or another command. */
function recordUpgrade(database: SqliteDatabase, migrations: readonly string[]): void {
  const atMs = database.prepare("SELECT CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)").pluck().get() as number;
  operatorLog(database).add({
    ...{ atMs, actor: userName(), address: null, action: 'upgrade', subject: migrations.at(-1)!, result: 'done' },
    details: { migrations },
  });
}
