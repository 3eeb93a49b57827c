/**
 * The two kinds of error of the project. A {@link ClientError} may be shown to the client (a peer, an API caller). An
 * {@link OperatorError} is for the command line or the log, and always says what to do next. Both have a code of the
 * catalogue. Everything else that is thrown is a defect: it is logged with its cause and shown as "internal error".
 */
import { type ClientErrorCode, ERROR_CATALOGUE, type ErrorCode } from './error-catalogue.js';

/** What the two kinds have in common. */
export abstract class ReportedError extends Error {
  abstract readonly code: ErrorCode;

  /** How a command ends that this stops. */
  get exitCode(): 1 | 2 {
    return ERROR_CATALOGUE[this.code].exitCode;
  }
}

/** An error that a caller can act on. The message is safe to send to strangers. */
export class ClientError extends ReportedError {
  readonly code: ClientErrorCode;
  /** When the same may work; undefined: not known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ClientErrorCode,
    message: string,
    options: { retryAfterSeconds?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ClientError';
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** A fault of configuration, usage or environment: one line that says what to do next. */
export class OperatorError extends ReportedError {
  readonly code: ErrorCode;

  /** @param options `code` is `usage` where left out */
  constructor(message: string, options: { code?: ErrorCode; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OperatorError';
    this.code = options.code ?? 'usage';
  }
}

/** What is wrong with one of the operator's files, in one line that names it. */
export interface FileProblem {
  /** Its path; undefined if no single file is wrong. */
  readonly file?: string | undefined;
  readonly message: string;
}

/** Files that cannot be used, or that do not fit together. */
export class FilesError extends OperatorError {
  readonly problems: readonly FileProblem[];

  constructor(problems: readonly FileProblem[], options: { cause?: unknown } = {}) {
    super(problems.map(({ message }) => message).join('\n'), options);
    this.name = 'FilesError';
    this.problems = problems;
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

/** The name that Node.js or SQLite gives a fault, such as `ENOENT`; undefined where what was thrown has none. */
export function errorCodeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error && 'code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
