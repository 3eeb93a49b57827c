/**
 * Handles signals and broken output. One press of Ctrl-C may arrive twice: the terminal signals the whole process
 * group, and npm passes the same signal to its child.
 */

import type { EventEmitter } from 'node:events';
import { errorCodeOf } from '../domain/errors.js';

/** Signals closer together than this count as one request to stop. */
export const SAME_SIGNAL_MS = 1_000;

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Aborts the returned signal at the first SIGINT or SIGTERM. A later one, more than {@link SAME_SIGNAL_MS} after the
 * first, exits at once: the user does not want to wait.
 * @param source the process
 * @param nowMs monotonic, so that a change of the wall clock does not count as a second signal
 */
export function stopOnSignals(
  source: Pick<EventEmitter, 'on'>,
  nowMs: () => number,
  exit: (code: number) => void,
): AbortSignal {
  const stopping = new AbortController();
  let firstMs = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    source.on(signal, () => {
      if (!stopping.signal.aborted) {
        firstMs = nowMs();
        stopping.abort();
      } else if (nowMs() - firstMs >= SAME_SIGNAL_MS) exit(EXIT_CODES[signal]);
    });
  }
  return stopping.signal;
}

/**
 * Commands whose purpose is not their output: they continue without a reader and with a full disk under standard
 * output.
 */
const LASTING = new Set(['serve', 'report']);

/**
 * @param command the name of the running command
 * @param say writes one line for the operator
 * @returns tells whether output was lost, for the exit code of a command that continued
 */
export function exitOnBrokenOutput(
  stdout: Pick<EventEmitter, 'on'>,
  stderr: Pick<EventEmitter, 'on'>,
  command: string | undefined,
  say: (line: string) => void,
  exit: (code: number) => void,
): () => boolean {
  const isLasting = LASTING.has(command ?? '');
  let isBroken = false;
  let isLost = false;
  stdout.on('error', (error: Error) => {
    if (isBroken) return;
    isBroken = true;
    // A reader that closed early (`| head`) has enough.
    const isClosed = errorCodeOf(error) === 'EPIPE';
    if (isClosed && !isLasting) return exit(0);
    if (isClosed) return;
    isLost = true;
    say(`alias-tracker: cannot write to standard output: ${error.message}\n`);
    if (!isLasting) exit(1);
  });
  // A log that cannot be written must not end the process.
  stderr.on('error', () => {});
  return () => isLost;
}
