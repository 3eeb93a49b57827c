/** Whether the storage directory can be written, and its database read. Changes nothing on disk. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { databaseFile, type StorageConfig } from './database-file.js';
import { newerMigrationsOf } from './sqlite/database.js';

/** @throws Error that says what would keep the program from starting */
export function examineStorage(config: StorageConfig): void {
  const { directory } = config.storage;
  let existing = directory;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  if (!statSync(existing).isDirectory()) throw new Error(`${existing} is not a directory; give another one`);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch {
    throw new Error(`this user may not write in ${existing}; give it to the tracker's user, or another directory`);
  }
  const newer = newerMigrationsOf(databaseFile(config));
  if (newer !== undefined) throw newer;
}
