/** Time series as CSV (RFC 4180): a line for each time, a column for each series. Of a gauge it has the mean. A gap is empty. */
import type { SeriesAnswer } from '../query.js';

export function csvOf({ startSeconds, stepSeconds, count, series }: SeriesAnswer): string {
  const head = [
    'time',
    ...series.map(({ wanted: { definition, label } }) => {
      const name = definition.label === undefined ? definition.name : `${definition.name}{${label}}`;
      return quoted(`${name} (${definition.unit})`);
    }),
  ];
  const lines = Array.from({ length: count }, (_, i) => [
    new Date((startSeconds + i * stepSeconds) * 1_000).toISOString(),
    ...series.map(({ columns }) => text(columns[0]![i]!)),
  ]);
  return [head, ...lines].map((cells) => `${cells.join(',')}\r\n`).join('');
}

function text(value: number): string {
  return Number.isNaN(value) ? '' : String(Number(value.toPrecision(7)));
}

/** Spreadsheets calculate what begins with one of these characters, and strangers may choose a label. */
const FORMULA = /^[=+\-@\t\r]/;

function quoted(cell: string): string {
  const safe = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
