/** Events that the time series show as marks: what the application knows of them. */
import type { MarkSource } from '../history/watch-marks.js';
import type { Supervisor } from './supervision/supervisor.js';

/** The schedule's period when none of its entries is in force. */
const NO_PERIOD = '';

export interface WatchedApplication {
  /** The configuration in force: another object after a reload. */
  readonly config: () => unknown;
  readonly supervisor: Pick<Supervisor, 'restarts'>;
  /** The period of the billing schedule; null: none is in force. */
  readonly period: () => string | null;
}

export function markSourcesOf({ config, supervisor, period }: WatchedApplication): MarkSource[] {
  let inForce = config();
  let reloads = 0;
  return [
    {
      kind: 'reload',
      read: () => {
        if (config() !== inForce) reloads++;
        inForce = config();
        return new Map([['configuration', reloads]]);
      },
      describe: () => 'the configuration was reloaded',
    },
    {
      kind: 'restart',
      read: () => supervisor.restarts(),
      describe: (part) => `${part} restarted`,
    },
    {
      kind: 'billing period',
      read: () => new Map([['period', period() ?? NO_PERIOD]]),
      describe: (_, name) => (name === NO_PERIOD ? 'the usual rates' : `period ${name}`),
    },
  ];
}
