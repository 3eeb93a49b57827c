/**
 * The thread that watches the main thread. It writes to standard error itself, because the log of the other threads passes
 * through the main thread, which may be stuck. It ends no thread, because announces and DNS continue in threads of their
 * own.
 */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { systemClock } from '../../domain/clock.js';
import { createLogger, type LogLevel } from '../../logging/logger.js';
import { StuckDetector } from '../../threads/stuck-detector.js';

export interface MainWatchdogStart {
  readonly vitals: SharedArrayBuffer;
  readonly level: LogLevel;
  /** Readable lines instead of JSON. */
  readonly readable: boolean;
}

const CHECK_EVERY_MS = 1_000;
/** How often it logs again while the main thread stays stuck. */
const REPEAT_EVERY_MS = 60_000;
const STANDARD_ERROR = 2;

const { vitals, level, readable } = workerData as MainWatchdogStart;
const logger = createLogger(level, {
  readable,
  destination: {
    write: (line) => {
      try {
        writeSync(STANDARD_ERROR, line);
      } catch {
        // The pipe is full or closed. The next line tries again.
      }
    },
  },
});
const main = new StuckDetector(vitals, systemClock);
let stuckMs = 0;
let saidAtMs = Number.NEGATIVE_INFINITY;

setInterval(() => {
  main.check();
  if (main.isStuck) {
    ({ stuckMs } = main);
    if (systemClock.nowMs() - saidAtMs < REPEAT_EVERY_MS) return;
    saidAtMs = systemClock.nowMs();
    logger.error(
      `the main thread has not run for ${Math.round(stuckMs / 1_000)} s: control API, mirror site, crawler and reports do not respond, announces and DNS continue; restart the program if this persists`,
    );
  } else if (stuckMs > 0) {
    logger.error(`the main thread runs again after ${Math.round(stuckMs / 1_000)} s`);
    stuckMs = 0;
    saidAtMs = Number.NEGATIVE_INFINITY;
  }
}, CHECK_EVERY_MS);
