/** Savings by day as CSV. A day without an estimate has empty fields. */
import type { SavingsAnswer } from './savings-answer.js';

const COLUMNS = [
  'day',
  'downloadedBytes',
  'foreignBytes',
  'savedBytes',
  'savedBytesLow',
  'savedBytesHigh',
  'amount',
  'amountLow',
  'amountHigh',
  'baselineMethod',
  'baselineForeignShare',
] as const;

export function savingsCsv({ days }: Pick<SavingsAnswer, 'days'>): string {
  const rows = days.map(({ day, savings }) =>
    savings === null
      ? [day, ...COLUMNS.slice(1).map(() => '')]
      : [
          day,
          savings.downloadedBytes,
          savings.foreignBytes,
          savings.savedBytes,
          savings.savedBytesRange.low,
          savings.savedBytesRange.high,
          savings.amount,
          savings.amountRange.low,
          savings.amountRange.high,
          savings.baseline.method,
          savings.baseline.foreignShare,
        ],
  );
  return [COLUMNS, ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}
