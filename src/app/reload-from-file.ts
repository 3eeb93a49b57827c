/** A reload of the configuration file: what it changes is said before it is in force, in the log and to who asked. */
import type { Config } from '../config/config-schema.js';
import type { ConfigSource } from '../config/config-source.js';
import type { WrittenChange } from '../config-kit/written-changes.js';
import type { Clock } from '../domain/clock.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import type { Logger } from '../logging/logger.js';
import { type ReloadOutcome, reloadLines } from '../operation/reload-outcome.js';
import type { OperatorAction } from '../store/sqlite/operator-log.js';
import { LIVE_KEYS } from './restart-keys.js';

export interface ReloadContext {
  /** @returns keys that need a restart */
  readonly reload: (config: Config) => Promise<readonly string[]>;
  /** The same, without changing anything. */
  readonly check: (config: Config) => Promise<readonly string[]>;
  readonly onAction: (action: OperatorAction) => void;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly clock: Clock;
}

/** @throws OperatorError if the file cannot be used; then nothing has changed */
export async function reloadFrom(
  source: ConfigSource | undefined,
  dryRun: boolean,
  by: string | null,
  context: ReloadContext,
): Promise<ReloadOutcome> {
  if (source === undefined) throw new OperatorError('this program was not started with a configuration file');
  const { logger, onAction, clock } = context;
  const record = (result: OperatorAction['result'], details: OperatorAction['details']): void => {
    if (by === null || dryRun) return;
    onAction({ atMs: clock.nowMs(), actor: by, address: null, action: 'reload', subject: null, result, details });
  };
  try {
    const next = source.read();
    const needRestart = await (dryRun ? context.check(next.config) : context.reload(next.config));
    const outcome: ReloadOutcome = {
      applied: !dryRun,
      changes: next.changes.map((each) => ({ ...each, takesEffect: isLive(each) ? 'now' : 'restart' })),
      needRestart,
      files: next.files,
    };
    if (!dryRun) {
      next.accept();
      logger.info('configuration reloaded');
      for (const line of reloadLines(outcome)) logger.info(`reload: ${line}`);
      for (const key of needRestart) logger.warn(`takes effect at the next start: ${key}`);
      record('done', { changes: outcome.changes.map(({ key }) => key), needRestart });
    }
    return outcome;
  } catch (thrown) {
    if (!dryRun) {
      // An operator needs the reason; the stack is for defects.
      const fields = thrown instanceof OperatorError ? {} : { err: thrown };
      logger.error(fields, `the configuration was not applied, the old one stays in force: ${messageOf(thrown)}`);
      record('refused', { reason: messageOf(thrown) });
    }
    throw thrown;
  }
}

/** Whether a reload puts it in force: also a section that is added or removed as one value. */
function isLive({ key }: WrittenChange): boolean {
  return LIVE_KEYS.has(key);
}
