/** Why a fetch failed, in words for the operator. */
export class FetchError extends Error {
  /** The status of the site's answer, if it answered. */
  readonly status: number | undefined;
  constructor(message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FetchError';
    this.status = options.status;
  }
}
