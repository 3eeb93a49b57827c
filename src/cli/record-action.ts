/** Enters what a command does on this machine, past the control API, into the log of operator actions. */
import { messageOf } from '../domain/errors.js';
import type { StorageConfig } from '../store/database-file.js';
import { databaseFile } from '../store/database-file.js';
import { openAsItIs, openDatabase, type SqliteDatabase } from '../store/sqlite/database.js';
import { type ActionResult, operatorLog, userName } from '../store/sqlite/operator-log.js';
import type { CliContext } from './cli-context.js';

export interface CommandAction {
  readonly action: string;
  readonly subject?: string | undefined;
  /** Default: `done`. */
  readonly result?: ActionResult;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** @throws OperatorError if the database cannot be written */
export function recordAction(config: StorageConfig, { clock }: Pick<CliContext, 'clock'>, action: CommandAction): void {
  add(openDatabase(databaseFile(config)), clock.nowMs(), action);
}

/**
 * For a command that must succeed on a full disk, without the right to write, and on the database of an older version: it changes
 * no schema, and if the entry cannot be written it says so on standard error.
 */
export function recordIfPossible(
  config: StorageConfig,
  { clock, stderr }: Pick<CliContext, 'clock' | 'stderr'>,
  action: CommandAction,
): void {
  try {
    add(openAsItIs(databaseFile(config)), clock.nowMs(), action);
  } catch (thrown) {
    const line = `warning: the log of operator actions has no entry of this ${action.action}: ${messageOf(thrown)}`;
    stderr.write(`${line}\n`);
  }
}

function add(
  database: SqliteDatabase,
  atMs: number,
  { action, subject, result = 'done', details = {} }: CommandAction,
): void {
  try {
    operatorLog(database).add({
      ...{ atMs, actor: userName(), address: null, action },
      ...{ subject: subject ?? null, result, details },
    });
  } finally {
    database.close();
  }
}
