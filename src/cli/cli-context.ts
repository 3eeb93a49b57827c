/** What every command gets from outside the process, so that tests can replace it. */
import type { Config } from '../config/config-schema.js';
import type { Clock } from '../domain/clock.js';

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly clock: Clock;
  /** Aborted by SIGINT or SIGTERM; a command that runs until stopped ends when it is. */
  readonly signal: AbortSignal;
  /** Calls back on each SIGHUP. */
  onHangUp(listener: () => void): void;
  /** Calls back for each uncaught error, which then does not end the process. */
  onUncaughtError(listener: (thrown: unknown) => void): void;
  /** The configuration of `--config`, else of ALIAS_TRACKER_CONFIG, else ./alias-tracker.yaml. @throws ConfigError */
  loadConfig(file: string | undefined): Config;
  /** The path of that file. */
  configFile(file: string | undefined): string;
}
