/** Brings a database to the schema of this version, after a copy of it. `serve` does the same at its start. */
import { existsSync } from 'node:fs';
import { copyBeforeMigration, openDatabase, openToRead, pendingMigrations } from '../sqlite/database.js';
import { lockStorage } from '../sqlite/instance-lock.js';

export interface UpgradeOptions {
  readonly file: string;
  readonly storageDirectory: string;
  readonly checkOnly: boolean;
}

export interface Upgrade {
  readonly pending: readonly { readonly name: string; readonly about: string }[];
  /** The database as it was; undefined if nothing was done. */
  readonly copy: string | undefined;
}

/** @throws OperatorError if the tracker runs, or the database is of a newer version or damaged */
export function upgradeDatabase({ file, storageDirectory, checkOnly }: UpgradeOptions): Upgrade {
  if (!existsSync(file)) return { pending: [], copy: undefined };
  const database = openToRead(file);
  let pending: Upgrade['pending'];
  try {
    pending = pendingMigrations(database);
  } finally {
    database.close();
  }
  if (checkOnly || pending.length === 0) return { pending, copy: undefined };
  const release = lockStorage(storageDirectory);
  try {
    openDatabase(file).close();
    return { pending, copy: copyBeforeMigration(file) };
  } finally {
    release();
  }
}
