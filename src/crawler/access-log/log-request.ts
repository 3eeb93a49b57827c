/** What is read of a line of an access log, in whichever format it is. */
export interface LogRequest {
  readonly method: string;
  /** Absolute, or a path. */
  readonly url: string;
  readonly status: string;
  /** Of the virtual host, maybe with a port. */
  readonly host?: string | undefined;
  readonly isHttps?: boolean | undefined;
  /** The content type of the answer. */
  readonly type?: string | undefined;
  readonly timeMs?: number | undefined;
}
