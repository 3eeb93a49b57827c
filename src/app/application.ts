/** What the composition root gives to whoever starts it (the command line, an end-to-end test). */
import type { Config } from '../config/config-schema.js';
import type { Clock } from '../domain/clock.js';
import type { Random } from '../domain/random.js';
import type { Logger } from './logger.js';

/** One address that one part listens on. */
export interface PartAddress {
  /** `tracker`, `mirror-site`, `dns-redirect`, `control`. */
  readonly part: string;
  /** As it really is, where the configuration said port 0: `udp://127.0.0.1:6969`, `dns://127.0.0.1:5353`. */
  readonly url: string;
  /** One line for people: what one finds there. */
  readonly about: string;
}

export interface Application {
  /** @throws OperatorError, with everything that had been started stopped again */
  start(): Promise<void>;
  /**
   * Stops in reverse order and writes the swarm snapshot. Never throws; safe to call twice and after a failed start.
   * @returns what did not stop cleanly, one line each: swarms that could not be saved, for one
   */
  stop(): Promise<readonly string[]>;
  /** Takes a new configuration as far as it can be taken while running. @returns what needs a restart, one line each */
  reload(config: Config): Promise<readonly string[]>;
  /** Takes an error that nothing caught, inside the process's handler for it: the part it belongs to is started again. */
  takeUncaughtError(thrown: unknown): void;
  /** Filled by `start`. */
  readonly addresses: readonly PartAddress[];
}

/** What tests put in place of the machine's own. */
export interface AppOverrides {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}
