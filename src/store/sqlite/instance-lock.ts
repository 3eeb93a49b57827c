/**
 * Allows one tracker for each storage directory: two would overwrite each other's snapshot and count each other's
 * reports twice. The lock is SQLite's lock on an empty file. The operating system releases it when the process ends for
 * any reason, so the pid of a dead process cannot hold it.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { errorCodeOf, messageOf, OperatorError } from '../../domain/errors.js';
import { keepDatabase } from './database.js';
import { isDamage } from './storage-failure.js';

const LOCK_FILE = 'serve.lock';
/** The pid of the process that holds the lock, only for the message. */
const HOLDER_FILE = 'serve.pid';

/**
 * @param directory created if missing, accessible to its owner only
 * @returns a function that releases the lock
 * @throws OperatorError if another process holds it, or the directory is unusable
 */
export function lockStorage(directory: string): () => void {
  const file = join(directory, LOCK_FILE);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lock = holdLock(file, directory);
    // Best effort: without it the message of a second instance is less exact.
    try {
      writeFileSync(join(directory, HOLDER_FILE), `${process.pid}\n`, { mode: 0o600 });
    } catch {}
    return () => {
      lock.close();
    };
  } catch (thrown) {
    if (thrown instanceof OperatorError) throw thrown;
    throw new OperatorError(`cannot use storage.directory ${directory}: ${messageOf(thrown)}; check its permissions`, {
      code: 'file-access',
      cause: thrown,
    });
  }
}

function holdLock(file: string, directory: string): Database.Database {
  // Created first, so that only its owner can read it.
  writeFileSync(file, '', { flag: 'a', mode: 0o600 });
  const lock = new Database(file, { timeout: 0 });
  keepDatabase(lock);
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (thrown) {
    lock.close();
    // Nobody writes into this file, so damaged content cannot be a lock.
    if (isDamage(thrown)) {
      rmSync(file);
      return holdLock(file, directory);
    }
    if (errorCodeOf(thrown) === 'SQLITE_BUSY') throw isHeld(directory);
    throw thrown;
  }
}

function isHeld(directory: string): OperatorError {
  let holder = '';
  try {
    holder = ` (process ${Number.parseInt(readFileSync(join(directory, HOLDER_FILE), 'utf8'), 10)})`;
  } catch {}
  return new OperatorError(
    `another alias-tracker${holder} uses storage.directory ${directory}; stop it, or give this one a directory of its own`,
    { code: 'storage-in-use' },
  );
}
