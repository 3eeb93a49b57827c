/**
 * Logs the errors of a listener after its start. Most say that the process is out of file descriptors: the connection is
 * lost, and the listener continues. Without a handler the error would end the process.
 */
import type { Clock } from '../domain/clock.js';
import type { Logger } from '../logging/logger.js';

/** Each refused connection is an error, so at most one line a minute is logged. */
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
