/** One JSON log line → one line for people: `10:15:02 info  crawler: fetched 12 torrents (source=lab)`. */

import { terminalText } from '../domain/terminal-text.js';

const WIDTH = 5;

/** Passes through what is not a log object. */
export function formatLogLine(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { time, level, msg, part, err, ...fields } = entry;
  const details = Object.entries(fields).map(([key, value]) => `${key}=${text(value)}`);
  const cause = typeof err === 'object' && err !== null ? (err as { message?: unknown; stack?: unknown }) : undefined;
  if (cause?.message !== undefined && cause.message !== msg) details.unshift(text(cause.message));
  const clock = typeof time === 'string' ? time.slice(11, 19) : '';
  const where = part === undefined ? '' : `${text(part)}: `;
  const tail = details.length > 0 ? ` (${details.join(', ')})` : '';
  const stack = (level === 'error' || level === 'fatal') && typeof cause?.stack === 'string' ? `\n${cause.stack}` : '';
  const written = `${where}${text(msg ?? '')}${tail}${stack}`;
  // Further lines are set in, so that nothing a stranger wrote can look like a line of its own.
  return `${clock} ${text(level).padEnd(WIDTH)} ${terminalText(written).replaceAll('\n', '\n    ')}\n`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
}
