/** The log of the redirection. A pino logger is one. */
export interface DnsLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export const silentDnsLog: DnsLog = { debug: () => {}, info: () => {}, warn: () => {} };
