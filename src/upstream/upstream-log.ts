/** What the exchange needs of a log; pino's loggers fit. */
export interface UpstreamLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
