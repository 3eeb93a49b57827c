/**
 * Opens the project's one SQLite file and brings it to the newest schema. Each file of `migrations/`, in the order of its
 * name, runs once in a transaction of its own; what has run is recorded in the table `migration`.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { messageOf, OperatorError } from '../../domain/errors.js';

export type SqliteDatabase = Database.Database;

/** How long a writer waits for another process (a CLI beside the server) to finish its transaction. */
const BUSY_TIMEOUT_MS = 5_000;

const migrationsDirectory = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'migrations');

/**
 * @param file a path whose directory is made if missing, or `:memory:`
 * @throws OperatorError if the file cannot be opened, is no database, or is of a newer schema than this program
 */
export function openDatabase(file: string): SqliteDatabase {
  let database: SqliteDatabase | undefined;
  try {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    database = new Database(file);
    keepStatements(database);
    // WAL with NORMAL keeps the file consistent after a crash; FULL also keeps every acknowledged transaction. What is
    // deleted is overwritten, because users' addresses are among it.
    database.exec(`
      PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
      PRAGMA foreign_keys = ON`);
    migrate(database);
    return database;
  } catch (thrown) {
    database?.close();
    if (thrown instanceof OperatorError) throw thrown;
    throw new OperatorError(
      `cannot open the database ${file}: ${messageOf(thrown)}; check storage.directory and its permissions`,
      {
        exitCode: 1,
        cause: thrown,
      },
    );
  }
}

/** Everything that was opened, to the end of the process: see {@link keepStatements}. */
const opened = new Set<SqliteDatabase>();

/**
 * One statement for each SQL text, and none is ever collected: with better-sqlite3 12, Node.js from 24.19 on aborts in the
 * destructor of a statement that the garbage collector finds (an assertion in `RemoveEnvironmentCleanupHook`).
 */
function keepStatements(database: SqliteDatabase): void {
  opened.add(database);
  const prepare = database.prepare.bind(database) as (sql: string) => Database.Statement;
  const statements = new Map<string, Database.Statement>();
  const kept = (sql: string): Database.Statement => {
    const statement = statements.get(sql) ?? prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  database.prepare = kept as SqliteDatabase['prepare'];
}

function migrate(database: SqliteDatabase): void {
  database.exec('CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT');
  const applied = new Set(
    database
      .prepare<[], { name: string }>('SELECT name FROM migration')
      .all()
      .map((row) => row.name),
  );
  const known = readdirSync(migrationsDirectory)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  const unknown = [...applied].filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new OperatorError(
      `the database was written by a newer alias-tracker (it has ${unknown.join(', ')}); upgrade, or use another storage.directory`,
    );
  }
  for (const name of known) {
    if (applied.has(name)) continue;
    const sql = readFileSync(join(migrationsDirectory, name), 'utf8');
    database
      .transaction(() => {
        database.exec(sql);
        database.prepare("INSERT INTO migration VALUES (?, strftime('%Y-%m-%dT%H:%M:%fZ'))").run(name);
      })
      .immediate();
  }
}
