/** The SQLite file of an installation, for `serve` and the other commands. */
import { join } from 'node:path';

const DATABASE_NAME = 'alias-tracker.sqlite';

/** The section that it reads. */
export interface StorageConfig {
  readonly storage: { readonly directory: string };
}

export function databaseFile(config: StorageConfig): string {
  return join(config.storage.directory, DATABASE_NAME);
}
