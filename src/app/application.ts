/** The application as the command line and end-to-end tests use it. */
import type { Config } from '../config/config-schema.js';
import type { ConfigSource } from '../config/config-source.js';
import type { Clock } from '../domain/clock.js';
import type { Random } from '../domain/random.js';
import type { Logger } from '../logging/logger.js';
import type { ReloadOutcome } from '../operation/reload-outcome.js';

/** One address that one part listens on. */
export interface PartAddress {
  /** `tracker`, `mirror-site`, `dns-redirect`, `control`. */
  readonly part: string;
  /** With the port in use, also if the configuration has port 0: `udp://127.0.0.1:6969`, `dns://127.0.0.1:10053`. */
  readonly url: string;
  /** What listens there, in one line. */
  readonly about: string;
}

export interface Application {
  /** @throws OperatorError after it has stopped every part that it had started */
  start(): Promise<void>;
  /**
   * Stops in reverse order and writes the swarm snapshot. Never throws; safe to call twice and after a failed start.
   * @returns problems, one line each, such as a snapshot that could not be written
   */
  stop(): Promise<readonly string[]>;
  /** Puts the live keys of a new configuration in force. @returns the other keys that changed, which need a restart */
  reload(config: Config): Promise<readonly string[]>;
  /**
   * Reads the file that `serve` was started with, and puts it in force.
   * @param dryRun checks it with every part, and changes nothing
   * @param by who asked, for the log of operator actions; null: the log is written elsewhere
   * @throws OperatorError if it cannot be used; then nothing has changed
   */
  reloadFile(dryRun: boolean, by: string | null): Promise<ReloadOutcome>;
  /** Reports each later reload of the file, also one that is refused: `around` runs it. A dry run is not reported. */
  reportReloads(around: (reload: () => Promise<void>) => Promise<void>): void;
  /** For the process's handlers of errors that nothing caught: restarts the part that the error belongs to. */
  takeUncaughtError(thrown: unknown): void;
  /** What does not work now, one line each; empty if it is ready. */
  faults(): readonly string[];
  /** Changes while the thread of this name runs. */
  beats(thread: string): number | undefined;
  /** Filled by `start`. */
  readonly addresses: readonly PartAddress[];
}

/** For tests; default: the machine's clock and randomness, and a logger for standard error. */
export interface AppOverrides {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  /** The file that the configuration comes from, for a reload by the control API. */
  readonly source?: ConfigSource;
}
