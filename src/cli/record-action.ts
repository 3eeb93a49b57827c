/** Enters what a command does on this machine, past the control API, into the log of operator actions. */
import { userInfo } from 'node:os';
import type { StorageConfig } from '../store/database-file.js';
import { databaseFile } from '../store/database-file.js';
import { openDatabase } from '../store/sqlite/database.js';
import { operatorLog } from '../store/sqlite/operator-log.js';
import type { CliContext } from './cli-context.js';

export interface CommandAction {
  readonly action: string;
  readonly subject?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** @throws OperatorError if the database cannot be written */
export function recordAction(
  config: StorageConfig,
  { clock }: Pick<CliContext, 'clock'>,
  { action, subject, details = {} }: CommandAction,
): void {
  const database = openDatabase(databaseFile(config));
  try {
    operatorLog(database).add({
      ...{ atMs: clock.nowMs(), actor: userName(), address: null, action },
      ...{ subject: subject ?? null, result: 'done', details },
    });
  } finally {
    database.close();
  }
}

export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'command line';
  }
}
