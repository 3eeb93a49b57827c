/** How the lines of a source are read, and how far back they count. */
import type { SourceOfType } from '../source-section.js';
import type { LogReading } from './count-requests.js';

/** Only requests of the last days count; demand of last month is outdated. */
const WINDOW_MS = 7 * 86_400_000;

export function logReading({ format = 'auto', host, fields }: SourceOfType<'access-log'>, nowMs: number): LogReading {
  return { format, host, fields, nowMs, sinceMs: nowMs - WINDOW_MS };
}
