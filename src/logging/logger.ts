/**
 * Structured logs on standard error: one JSON object on a line, or one readable line on a terminal. Standard output is for
 * results. The data plane does not log.
 */
import { stderr } from 'node:process';
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { maskUrlSecrets } from '../domain/mask-url-secrets.js';
import { formatLogLine } from './format-log-line.js';

export type { Logger };

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface LoggerOptions {
  /** Readable lines instead of JSON; default: if standard error is a terminal. */
  readonly readable?: boolean;
  readonly destination?: DestinationStream;
}

/** Keys whose values are never logged, at each depth that log calls use. */
const SECRET_PATHS = ['token', '*.token', 'authorization', '*.authorization', 'headers.authorization'];

export function createLogger(level: LogLevel, options: LoggerOptions = {}): Logger {
  const readable = options.readable ?? stderr.isTTY === true;
  // Synchronous, because the last lines before an exit matter most.
  const sink = options.destination ?? { write: (line: string) => void stderr.write(line) };
  const destination = {
    write: (line: string) => sink.write(maskUrlSecrets(readable ? formatLogLine(line) : line)),
  };
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_PATHS, censor: '[secret]' },
    },
    destination,
  );
}
