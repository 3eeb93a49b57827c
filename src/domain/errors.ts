/**
 * The two kinds of error of the project. A {@link ClientError} may be shown to whoever asked (a peer, an API caller);
 * an {@link OperatorError} is for the person at the command line or in the log, and always carries the way out.
 * Anything else that is thrown is a defect: it is logged with its cause and shown as "internal error".
 */

/** What went wrong in terms a caller can act on. The message is safe to send to strangers. */
export class ClientError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'ClientError';
    this.code = code;
  }
}

/** A fault of configuration, usage or environment: one line, with the way out. Exit code 2 unless told otherwise. */
export class OperatorError extends Error {
  readonly exitCode: 1 | 2;
  constructor(message: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OperatorError';
    this.exitCode = options.exitCode ?? 2;
  }
}

/** The message of anything that was thrown. Never throws: what was thrown may be an object without any method. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'something without a message was thrown';
  }
}

/** Anything that was thrown as an error that a log can show. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
}
