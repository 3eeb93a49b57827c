/** Starts the data plane as the program does: supervised, in one or several workers. Warnings and errors go to standard error. */
import { Restarts } from '../../src/app/supervision/restarts.js';
import { systemClock } from '../../src/domain/clock.js';
import { createLogger, type LogLevel } from '../../src/logging/logger.js';
import type { DataPlaneOptions } from '../../src/tracker/data-plane-options.js';
import { SupervisedDataPlane } from '../../src/tracker/supervised-data-plane.js';

/** @throws Error if there are fewer workers than `options.workers`, because the machine cannot divide datagrams */
export async function startDataPlane(
  options: DataPlaneOptions,
  logLevel: LogLevel = 'warn',
): Promise<SupervisedDataPlane> {
  const log = createLogger(logLevel, { readable: true });
  const health = { report: () => {} };
  const plane = await SupervisedDataPlane.start(options, {
    log,
    supervise: (restart, member) =>
      new Restarts('tracker', { clock: systemClock, logger: log, health }, restart, member),
  });
  const wanted = options.workers ?? 1;
  if (plane.workers.length === wanted) return plane;
  await plane.stop();
  throw new Error(`the tracker runs ${plane.workers.length} instead of ${wanted} workers`);
}
