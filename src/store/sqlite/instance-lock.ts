/**
 * One tracker for each storage directory: two would overwrite each other's snapshot and count each other's reports twice.
 * The lock is one of SQLite's on an empty file, so the operating system releases it when the process ends, however that
 * came, and no number of a process that is long gone can keep it.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { messageOf, OperatorError } from '../../domain/errors.js';
import { isDamage } from './storage-failure.js';

const LOCK_FILE = 'serve.lock';
/** Who holds the lock, for the message alone. */
const HOLDER_FILE = 'serve.pid';

/**
 * @param directory made if missing, for its owner alone
 * @returns releases the lock
 * @throws OperatorError where another process holds it, or the directory cannot be used
 */
export function lockStorage(directory: string): () => void {
  const file = join(directory, LOCK_FILE);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lock = holdLock(file, directory);
    // A wish: without it the message of a second instance is less exact.
    try {
      writeFileSync(join(directory, HOLDER_FILE), `${process.pid}\n`, { mode: 0o600 });
    } catch {}
    return () => {
      lock.close();
    };
  } catch (thrown) {
    if (thrown instanceof OperatorError) throw thrown;
    throw new OperatorError(`cannot use storage.directory ${directory}: ${messageOf(thrown)}; check its permissions`, {
      exitCode: 1,
      cause: thrown,
    });
  }
}

function holdLock(file: string, directory: string): Database.Database {
  // Made first, so that it is its owner's alone.
  writeFileSync(file, '', { flag: 'a', mode: 0o600 });
  const lock = new Database(file, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (thrown) {
    lock.close();
    // Nobody writes into it; what is in it cannot be a lock that somebody holds.
    if (isDamage(thrown)) {
      rmSync(file);
      return holdLock(file, directory);
    }
    if ((thrown as { code?: unknown }).code === 'SQLITE_BUSY') throw isHeld(directory);
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
    { exitCode: 1 },
  );
}
