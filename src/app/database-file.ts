/** The one SQLite file of an installation: `serve` and the commands beside it must mean the same. */
import { join } from 'node:path';
import type { Config } from '../config/config-schema.js';

const DATABASE_NAME = 'alias-tracker.sqlite';

export function databaseFile(config: Pick<Config, 'storage'>): string {
  return join(config.storage.directory, DATABASE_NAME);
}
