/** Why something could not be fetched, in words for the operator. */
export class FetchError extends Error {
  /** The site's answer, where there was one. */
  readonly status: number | undefined;
  constructor(message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FetchError';
    this.status = options.status;
  }
}
