/** What the savings page shows, made of the answer of the API. Pure. */
import type { SavingsAnswer } from '../../savings/api/savings-answer.js';
import { bytes, money, percent } from '../frame/show.js';
import { durationMs, type TimeRange } from '../frame/time-range.js';

export type Estimate = NonNullable<SavingsAnswer['savings']>;
/** A row by neighbour, by sub-domain or by torrent. */
export type SavingsPart = SavingsAnswer['sources'][number] & { readonly title?: string | null };

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

/** `1.2 TB, at least 1 TB and at most 1.5 TB` */
export function foreignInWords({ foreignBytes, foreignAtLeastBytes, foreignAtMostBytes }: SavingsAnswer['traffic']) {
  return `${bytes(foreignBytes)}, at least ${bytes(foreignAtLeastBytes)} and at most ${bytes(foreignAtMostBytes)}`;
}

/** A loss has its sign. */
export function signed(value: number): string {
  return value < 0 ? `−${bytes(-value)}` : bytes(value);
}

function day(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ');
}
