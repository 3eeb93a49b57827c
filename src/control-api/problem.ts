/** Errors of the control API as RFC 9457 problem details; `field` names what in the request is wrong. */
import { ClientError } from '../domain/errors.js';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** The `type` of each problem, a relative reference (RFC 9457, section 3.1.1), and its title. */
const TITLES = {
  'bad-request': 'The request is not well-formed',
  unauthorised: 'Who are you?',
  forbidden: 'This token may not do that',
  'not-found': 'There is nothing here',
  'method-not-allowed': 'This call has other methods',
  'too-large': 'The request is too large',
  'unsupported-media-type': 'The request is in a format that is not read here',
  unprocessable: 'The request is well-formed but cannot be taken',
  'too-many-requests': 'Too many requests',
  unavailable: 'Not available now',
  internal: 'Internal error',
} as const;

export type ProblemType = keyof typeof TITLES;

const STATUS: Record<ProblemType, number> = {
  'bad-request': 400,
  unauthorised: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'too-large': 413,
  'unsupported-media-type': 415,
  unprocessable: 422,
  'too-many-requests': 429,
  unavailable: 503,
  internal: 500,
};

/** One wrong field, as a path such as `subdomains[0].bytes`; batches start with the index, `[3].sequence`. */
export interface FieldFault {
  readonly field: string;
  readonly detail: string;
}

export class Problem extends ClientError {
  readonly type: ProblemType;
  readonly status: number;
  readonly faults: readonly FieldFault[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    type: ProblemType,
    detail: string,
    options: { faults?: readonly FieldFault[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(type, detail);
    this.name = 'Problem';
    this.type = type;
    this.status = STATUS[type];
    this.faults = options.faults ?? [];
    this.headers = options.headers ?? {};
  }

  /** The document; `field` repeats the first fault for those who look for one. */
  toJSON(): Record<string, unknown> {
    const document: Record<string, unknown> = {
      type: `/problems/${this.type}`,
      title: TITLES[this.type],
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
