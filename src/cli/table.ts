/** A plain table for a terminal: columns as wide as their longest value, without frames, numbers right-aligned. */

import { terminalLine } from '../domain/terminal-text.js';

export type Cell = string | number;

/** @returns lines that end with a line feed; an empty table is only its header */
export function formatTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map((cell) => terminalLine(String(cell))));
  const titles = header.map(terminalLine);
  const widths = titles.map((title, i) => Math.max(title.length, ...texts.map((row) => (row[i] ?? '').length)));
  const right = titles.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return `${[line(titles), line(widths.map((width) => '─'.repeat(width))), ...texts.map(line)].join('\n')}\n`;
}
