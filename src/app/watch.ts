/** A check that runs regularly beside the parts. The application starts, supervises and stops all watches in the same way. */
import type { Alarm } from '../domain/alarm.js';

export interface Watch {
  /** In log and metrics, and of its faults. */
  readonly name: string;
  /** Starts the regular check. May be called again after `stop`. */
  start(): void;
  stop(): void;
  /** Problems that need attention. */
  alarms?(): readonly Alarm[];
}
