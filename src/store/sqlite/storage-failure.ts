/** Tells failures of the disk from defects: full, read-only, failing, or a damaged file. */
import Database from 'better-sqlite3';

/** Primary result codes; extended ones begin with them (`SQLITE_IOERR_WRITE`). https://sqlite.org/rescode.html */
const FAILURES = ['SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_BUSY'];
const DAMAGE = ['SQLITE_CORRUPT', 'SQLITE_NOTADB'];

/** The work was rolled back and may be retried once the disk works. */
export function isStorageFailure(thrown: unknown): boolean {
  return hasCode(thrown, [...FAILURES, ...DAMAGE]);
}

/** The file is not a database, or no longer one. */
export function isDamage(thrown: unknown): boolean {
  return hasCode(thrown, DAMAGE);
}

function hasCode(thrown: unknown, codes: readonly string[]): boolean {
  return thrown instanceof Database.SqliteError && codes.some((code) => thrown.code.startsWith(code));
}
