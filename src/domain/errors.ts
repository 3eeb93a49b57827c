/**
 * The two kinds of error of the project. A {@link ClientError} may be shown to the client (a peer, an API caller). An
 * {@link OperatorError} is for the command line or the log, and always says what to do next. Everything else that is
 * thrown is a defect: it is logged with its cause and shown as "internal error".
 */

/** An error that a caller can act on. The message is safe to send to strangers. */
export class ClientError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'ClientError';
    this.code = code;
  }
}

/** A fault of configuration, usage or environment: one line that says what to do next. Exit code 2 unless set. */
export class OperatorError extends Error {
  readonly exitCode: 1 | 2;
  constructor(message: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OperatorError';
    this.exitCode = options.exitCode ?? 2;
  }
}

/** The message of any thrown value. Never throws: the value may be an object without any method. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'an error without a message was thrown';
  }
}

/** Turns any thrown value into an error that a log can show. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
}
