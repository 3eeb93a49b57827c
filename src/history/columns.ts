/**
 * Values over time as columns: one of sums for a counter; mean, minimum and maximum for a gauge. A gap is NaN, and stays one
 * when values are aggregated: a missed minute is not a zero.
 */
import type { ValueKind } from './series-definition.js';

export type Columns = readonly Float64Array[];

export function emptyColumns(kind: ValueKind, count: number): Columns {
  return Array.from({ length: kind === 'counter' ? 1 : 3 }, () => new Float64Array(count).fill(Number.NaN));
}

/** Single values are their own minimum and maximum. */
export function withRange(kind: ValueKind, columns: Columns): Columns {
  const [first] = columns;
  return kind === 'gauge' && first !== undefined && columns.length < 3 ? [first, first, first] : columns;
}

/** Each `width` values become one. */
export function aggregate(kind: ValueKind, columns: Columns, width: number): Columns {
  if (width === 1) return columns;
  const count = Math.floor((columns[0]?.length ?? 0) / width);
  const result = emptyColumns(kind, count);
  for (const [c, column] of columns.entries()) {
    for (let i = 0; i < count; i++)
      result[c]![i] = combine(column, i * width, width, kind === 'counter' ? 'sum' : HOW[c]!);
  }
  return result;
}

const HOW = ['mean', 'min', 'max'] as const;

function combine(values: Float64Array, at: number, width: number, how: 'sum' | (typeof HOW)[number]): number {
  let present = 0;
  let result = Number.NaN;
  for (let i = at; i < at + width; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    if (present++ === 0) result = value;
    else if (how === 'min') result = Math.min(result, value);
    else if (how === 'max') result = Math.max(result, value);
    else result += value;
  }
  return how === 'mean' ? result / present : result;
}

export function isEmpty(columns: Columns): boolean {
  return columns[0]?.every(Number.isNaN) ?? true;
}

/** Two values of the same minute: counts add up, of gauges the later one holds. */
export function merged(kind: ValueKind, earlier: number, later: number): number {
  if (Number.isNaN(later)) return earlier;
  return kind === 'counter' && !Number.isNaN(earlier) ? earlier + later : later;
}
