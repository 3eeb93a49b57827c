/** What the savings page shows, made of the answer of the API. Pure. */
import { z } from 'zod';
import { bytes, money, percent } from '../frame/show.js';
import { durationMs, type TimeRange } from '../frame/time-range.js';

const number = z.number();
const text = z.string();
const range = z.object({ low: number, high: number });

const estimate = z.object({
  baseline: z.object({
    method: text,
    explanation: text,
    foreignShare: number,
    low: number,
    high: number,
    controlBytes: number,
  }),
  downloadedBytes: number,
  foreignBytes: number,
  savedBytes: number,
  savedBytesRange: range,
  amount: number,
  amountRange: range,
});
export type Estimate = z.output<typeof estimate>;
const shown = { savings: estimate.nullable(), reason: text.nullable() };
const part = z.object({
  name: text,
  title: text.nullable().optional(),
  downloadedBytes: number,
  foreignBytes: number,
  savedBytes: number.nullable(),
});
export type SavingsPart = z.output<typeof part>;

export const savingsAnswer = z.object({
  window: z.object({ from: text, to: text, measuredHours: number }),
  currency: text,
  ...shown,
  days: z.array(z.object({ day: text, ...shown })),
  periods: z.array(z.object({ period: text.nullable(), ...shown })),
  subdomains: z.array(part),
  sources: z.array(part),
  torrents: z.array(part),
  percentile95: z.object({
    samples: number,
    foreignBitsPerSecond: number.nullable(),
    baselineBitsPerSecond: number.nullable(),
  }),
});
export type SavingsAnswer = z.output<typeof savingsAnswer>;

/** The estimate reads hours of many parts, and changes slowly. */
const KEPT_MS = 60_000;

/** The query of the time range, to the minute, so that all who look at it share one answer. */
export function savingsInput(range: TimeRange, nowMs: number) {
  const toMs = Math.ceil(nowMs / KEPT_MS) * KEPT_MS;
  const query = { from: new Date(toMs - durationMs(range)).toISOString(), to: new Date(toMs).toISOString() };
  return { query, keptMs: KEPT_MS };
}

/** One row of the tables by day and by billing period. */
export interface SavingsRow {
  readonly name: string;
  readonly savings: Estimate | null;
  readonly reason: string | null;
}

/** `1.2 TB and 12.30 EUR, with 95 % confidence between …` */
export function savingsInWords({ savings, reason, currency, window }: SavingsAnswer): string {
  const time = `${day(window.from)} to ${day(window.to)}`;
  if (savings === null) return `No estimate for ${time}: ${reason ?? 'nothing was measured'}.`;
  const { savedBytes, savedBytesRange, amount, amountRange } = savings;
  const between = `${signed(savedBytesRange.low)} and ${signed(savedBytesRange.high)}`;
  const costs = `${money(amountRange.low, currency)} and ${money(amountRange.high, currency)}`;
  return `${signed(savedBytes)} and ${money(amount, currency)} saved from ${time}. With 95 % confidence, the saving is between ${between}, and between ${costs}.`;
}

export function methodInWords({ baseline, downloadedBytes }: Estimate): string {
  const { explanation, foreignShare, low, high } = baseline;
  return `Method: ${explanation}. Without localisation, ${percent(foreignShare)} (${percent(low)} to ${percent(high)}) of ${bytes(downloadedBytes)} would have come from outside.`;
}

/** A loss has its sign. */
export function signed(value: number): string {
  return value < 0 ? `−${bytes(-value)}` : bytes(value);
}

function day(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ');
}
