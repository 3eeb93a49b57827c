/** Errors of the control API as RFC 9457 problem details; `field` names the wrong field of the request. */
import { type ClientErrorCode, ERROR_CATALOGUE, type ErrorCode, isErrorCode } from '../domain/error-catalogue.js';
import { ClientError } from '../domain/errors.js';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** Before the code in the `type` of a problem, a relative reference (RFC 9457, section 3.1.1). */
const TYPE_PREFIX = '/problems/';

/** One wrong field, as a path such as `subdomains[0].bytes`; batches start with the index, `[3].sequence`. */
export interface FieldFault {
  readonly field: string;
  readonly detail: string;
}

export interface ProblemOptions {
  readonly faults?: readonly FieldFault[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly retryAfterSeconds?: number | undefined;
}

export class Problem extends ClientError {
  readonly faults: readonly FieldFault[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ClientErrorCode, detail: string, options: ProblemOptions = {}) {
    super(code, detail, options);
    this.name = 'Problem';
    this.faults = options.faults ?? [];
    const { retryAfterSeconds } = this;
    const retry = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    this.headers = { ...retry, ...options.headers };
  }

  get status(): number {
    return ERROR_CATALOGUE[this.code].status;
  }

  /** The document. `field` repeats the first fault, for callers that read only one. */
  toJSON(): Record<string, unknown> {
    const document: Record<string, unknown> = {
      type: problemType(this.code),
      title: ERROR_CATALOGUE[this.code].title,
      status: this.status,
      detail: this.message,
    };
    if (this.faults.length > 0) {
      document.field = this.faults[0]!.field;
      document.errors = this.faults;
    }
    return document;
  }
}

export function problemType(code: ClientErrorCode): string {
  return TYPE_PREFIX + code;
}

/** The code in the `type` of a problem document; undefined if it is not one of ours. */
export function codeOfProblemType(type: unknown): ErrorCode | undefined {
  if (typeof type !== 'string' || !type.startsWith(TYPE_PREFIX)) return undefined;
  const code = type.slice(TYPE_PREFIX.length);
  return isErrorCode(code) ? code : undefined;
}
