/** Which errors of SQLite are the disk's and not ours: full, read-only, failing, or holding a damaged file. */
import Database from 'better-sqlite3';

/** Primary result codes; extended ones begin with them (`SQLITE_IOERR_WRITE`). https://sqlite.org/rescode.html */
const FAILURES = ['SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_BUSY'];
const DAMAGE = ['SQLITE_CORRUPT', 'SQLITE_NOTADB'];

/** The work was undone and may be tried again once the disk is well. */
export function isStorageFailure(thrown: unknown): boolean {
  return hasCode(thrown, [...FAILURES, ...DAMAGE]);
}

/** The file is not a database (any more). */
export function isDamage(thrown: unknown): boolean {
  return hasCode(thrown, DAMAGE);
}

function hasCode(thrown: unknown, codes: readonly string[]): boolean {
  return thrown instanceof Database.SqliteError && codes.some((code) => thrown.code.startsWith(code));
}
