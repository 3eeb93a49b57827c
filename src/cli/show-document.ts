/** A JSON answer for a terminal: single values as `name  value`, lists of objects as tables. */
import { terminalLine } from '../domain/terminal-text.js';
import { type Cell, formatTable } from './table.js';

type Json = Readonly<Record<string, unknown>>;

export function showDocument(document: Json): string {
  const singles = Object.entries(flat(document)).map(([name, value]): Cell[] => [name, value]);
  const parts = singles.length === 0 ? [] : [showSingles(singles)];
  for (const [name, value] of Object.entries(document)) {
    if (!Array.isArray(value)) continue;
    parts.push(`${words(name)}: ${value.length}\n${value.length === 0 ? '' : showRows(value)}`);
  }
  return parts.join('\n');
}

function showSingles(rows: readonly Cell[][]): string {
  const width = Math.max(...rows.map(([name]) => String(name).length));
  return rows.map(([name, value]) => `${String(name).padEnd(width)}  ${value}\n`).join('');
}

function showRows(list: readonly unknown[]): string {
  if (!list.every(isObject)) return `${list.map(text).join(', ')}\n`;
  const rows = list.map((row) => flat(row));
  const columns = [...new Set(rows.flatMap(Object.keys))];
  return formatTable(
    columns,
    rows.map((row) => columns.map((column) => row[column] ?? '-')),
  );
}

/** Inner objects become `outer inner`, lists of plain values one cell; lists of objects are omitted. */
function flat(document: Json, prefix = ''): Record<string, Cell> {
  const cells: Record<string, Cell> = {};
  for (const [name, value] of Object.entries(document)) {
    const key = prefix + words(name);
    if (isObject(value)) Object.assign(cells, flat(value, `${key} `));
    else if (!Array.isArray(value)) cells[key] = text(value);
    else if (prefix !== '' || !value.some(isObject)) {
      if (value.length > 0 && !value.some(isObject)) cells[key] = value.map(text).join(', ');
    }
  }
  return cells;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): Cell {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(4));
  if (value === null || value === undefined) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return terminalLine(String(value));
}

/** `bytesPerUserPerSecond` → `bytes per user per second` */
function words(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
}
