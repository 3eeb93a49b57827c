/** A plain table for a terminal: columns as wide as their longest value, no frames, numbers to the right. */

export type Cell = string | number;

/** @returns lines with a line feed each; an empty table is its header alone */
export function formatTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map(String));
  const widths = header.map((title, i) => Math.max(title.length, ...texts.map((row) => (row[i] ?? '').length)));
  const right = header.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return `${[line(header), line(widths.map((width) => '─'.repeat(width))), ...texts.map(line)].join('\n')}\n`;
}
