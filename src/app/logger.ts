/**
 * Structured logs on stderr: one JSON object to a line, or one readable line where a person is looking. Standard output
 * belongs to results. Nothing on the data plane logs.
 */
import { stderr } from 'node:process';
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { formatLogLine } from './format-log-line.js';

export type { Logger };

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface LoggerOptions {
  /** Lines for people rather than JSON; where unsaid, when stderr is a terminal. */
  readonly readable?: boolean;
  readonly destination?: DestinationStream;
}

/** Keys whose values never reach a log, at any depth that our own log calls use. */
const SECRET_PATHS = ['token', '*.token', 'authorization', '*.authorization', 'headers.authorization'];

export function createLogger(level: LogLevel, options: LoggerOptions = {}): Logger {
  const readable = options.readable ?? stderr.isTTY === true;
  // Written synchronously: the last lines before an exit are those that matter.
  const sink = options.destination ?? { write: (line: string) => void stderr.write(line) };
  const destination = readable ? { write: (line: string) => sink.write(formatLogLine(line)) } : sink;
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
