/** The SQLite file of an installation, for `serve` and the other commands. */
import { join } from 'node:path';
import type { Config } from '../config/config-schema.js';

const DATABASE_NAME = 'alias-tracker.sqlite';

export function databaseFile(config: Pick<Config, 'storage'>): string {
  return join(config.storage.directory, DATABASE_NAME);
}
