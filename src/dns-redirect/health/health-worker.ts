/**
 * The thread of the health checks, started by `health-thread.ts`. It has its own loop, because
 * the checks must find out if the main thread, which serves the mirror site, is stuck. The thread that answers DNS must not be
 * delayed by checks. As an entry point it reads the machine's clock.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../domain/clock.js';
import { OperatorError } from '../../domain/errors.js';
import { startBeating } from '../../threads/beat.js';
import { CHECK_TIMEOUT_MS, HealthChecker } from './health-checker.js';
import type { CheckChange, FromHealthThread, HealthThreadStart, ToHealthThread } from './health-messages.js';
import { tryConnection } from './try-connection.js';

const port = parentPort;
if (port === null)
  throw new OperatorError('this file is a thread of alias-tracker serve; it cannot be started by hand');
const say = (message: FromHealthThread): void => port.postMessage(message);
const { drills, vitals, ...list } = workerData as HealthThreadStart;

let early: CheckChange[] | undefined = [];
const checker = new HealthChecker({
  clock: systemClock,
  tryConnection,
  onChange: (change) => {
    if (early !== undefined) early.push(change);
    else say({ type: 'changed', change });
  },
});
checker.setDrills(drills);
checker.follow(list);

port.on('message', (message: ToHealthThread) => {
  switch (message.type) {
    case 'checks':
      checker.follow(message);
      return;
    case 'drills':
      checker.setDrills(message.drills);
      return;
    case 'stop':
      checker.stop();
      port.close();
  }
});

// At the start, the redirection waits for the first results. It does not wait longer for an address without an answer.
let patience: NodeJS.Timeout | undefined;
await Promise.race([
  checker.triedAll(),
  new Promise((resolve) => {
    patience = setTimeout(resolve, CHECK_TIMEOUT_MS);
  }),
]);
clearTimeout(patience);
startBeating(vitals, systemClock);
say({ type: 'ready', changes: early });
early = undefined;
