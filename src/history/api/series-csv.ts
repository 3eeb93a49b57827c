/** Time series as CSV (RFC 4180): a line for each time, a column for each series. Of a gauge it has the mean. A gap is empty. */
import type { SeriesAnswer } from '../query.js';
import type { SeriesValuesAnswer } from './series-answers.js';

interface CsvColumn {
  readonly name: string;
  /** null: the series has no label. */
  readonly label: string | null;
  readonly unit: string;
  readonly values: ArrayLike<number | null>;
}

export function csvOf({ startSeconds, stepSeconds, count, series }: SeriesAnswer): string {
  const columns = series.map(({ wanted: { definition, label }, columns: [values] }) => ({
    name: definition.name,
    label: definition.label === undefined ? null : label,
    unit: definition.unit,
    values: values!,
  }));
  return linesOf(startSeconds, stepSeconds, count, columns);
}

/** The same of an answer of the API. */
export function csvOfValues({ start, stepSeconds, count, series }: SeriesValuesAnswer): string {
  const columns = series.map(({ name, label, unit, sum, mean }) => ({ name, label, unit, values: sum ?? mean ?? [] }));
  return linesOf(Date.parse(start) / 1_000, stepSeconds, count, columns);
}

function linesOf(startSeconds: number, stepSeconds: number, count: number, columns: readonly CsvColumn[]): string {
  const head = columns.map(({ name, label, unit }) =>
    quoted(`${label === null ? name : `${name}{${label}}`} (${unit})`),
  );
  const lines = Array.from({ length: count }, (_, i) => [
    new Date((startSeconds + i * stepSeconds) * 1_000).toISOString(),
    ...columns.map(({ values }) => text(values[i] ?? Number.NaN)),
  ]);
  return [['time', ...head], ...lines].map((cells) => `${cells.join(',')}\r\n`).join('');
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
