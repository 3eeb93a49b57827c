/** The time range of a page, in its URL, so that a link to a page shows the same to everybody. */
import { z } from 'zod';

export const TIME_RANGES = ['1h', '24h', '7d', '30d'] as const;
export type TimeRange = (typeof TIME_RANGES)[number];

/** A wrong value in a hand-written URL means the usual range rather than an error page. */
export const timeRange = z.enum(TIME_RANGES).catch('24h').default('24h');

const HOUR_MS = 3_600_000;
const DURATIONS_MS: Readonly<Record<TimeRange, number>> = {
  '1h': HOUR_MS,
  '24h': 24 * HOUR_MS,
  '7d': 7 * 24 * HOUR_MS,
  '30d': 30 * 24 * HOUR_MS,
};
const IN_WORDS: Readonly<Record<TimeRange, string>> = {
  '1h': 'the last hour',
  '24h': 'the last 24 hours',
  '7d': 'the last 7 days',
  '30d': 'the last 30 days',
};

export function durationMs(range: TimeRange): number {
  return DURATIONS_MS[range];
}

export function inWords(range: TimeRange): string {
  return IN_WORDS[range];
}
