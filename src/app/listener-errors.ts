/**
 * What a listener says after it listens: mostly that the process is out of file descriptors. The connection is lost, the
 * listener is not; without somebody who takes the error it would end the process.
 */
import type { Clock } from '../domain/clock.js';
import type { Logger } from './logger.js';

/** Each connection that is refused is an error; one line a minute says as much as thousands. */
const LOG_EVERY_MS = 60_000;

export function listenerErrors(part: string, { clock, logger }: { clock: Clock; logger: Logger }) {
  let loggedAtMs = Number.NEGATIVE_INFINITY;
  return (error: Error): void => {
    const nowMs = clock.nowMs();
    if (nowMs - loggedAtMs < LOG_EVERY_MS) return;
    loggedAtMs = nowMs;
    logger.warn({ err: error }, `${part}: a connection could not be accepted: ${error.message}`);
  };
}
