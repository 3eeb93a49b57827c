/**
 * Tables of the pages. One description yields the HTML with its cells, the CSV and the JSON, so that all three show the
 * same values.
 */
import { html, type Insertable, Markup } from '../../markup/markup.js';
import { cell, rowStart } from './cells.js';
import { link, type QueryValues } from './link.js';

export type Value = string | number | boolean | null;
export type Tone = 'good' | 'bad' | 'warn' | 'soft';

export interface Column<Row> {
  /** In CSV and JSON. */
  readonly key: string;
  readonly label: string;
  readonly numeric?: boolean;
  /** Of the whole column, in a few words. */
  readonly hint?: string;
  value(row: Row): Value;
  /** On the page; default: the value. A text is a cell that follows the server. */
  show?(row: Row): Insertable;
  tone?(row: Row): Tone | undefined;
  /** The page that shows the same rows in the order of this column. */
  readonly sort?: { readonly href: string; readonly order: 'ascending' | 'descending' | undefined };
}

export interface TableDefinition<Row> {
  /** Unique on its page; names the file that is downloaded. */
  readonly id: string;
  readonly caption: string;
  /** The first column is the header of its row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  rowKey(row: Row): string;
  /** In place of a table without rows. */
  readonly empty: Insertable;
}

/** A table of any rows. */
export interface Table {
  readonly id: string;
  readonly caption: string;
  /** @param here the query of the page, for the links to CSV and JSON */
  markup(path: string, here: QueryValues): Markup;
  csv(): string;
  json(): Record<string, Value>[];
}

export function table<Row>(definition: TableDefinition<Row>): Table {
  const { id, caption, columns, rows } = definition;
  return {
    id,
    caption,
    markup: (path, here) =>
      rows.length === 0 ? html`<p class="soft">${definition.empty}</p>` : markupOf(definition, path, here),
    csv: () => {
      const lines = [columns.map(({ key }) => key), ...rows.map((row) => columns.map((column) => column.value(row)))];
      return lines.map((line) => `${line.map(csvField).join(',')}\r\n`).join('');
    },
    json: () => rows.map((row) => Object.fromEntries(columns.map((column) => [column.key, column.value(row)]))),
  };
}

function markupOf<Row>(
  { id, caption, columns, rows, rowKey }: TableDefinition<Row>,
  path: string,
  here: QueryValues,
): Markup {
  const file = (format: string): string => link(path, { ...here, format, table: id });
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption><thead><tr>${columns.map(heading)}</tr></thead><tbody>
${rows.map((row) => {
  const key = rowKey(row);
  return html`${rowStart(id, key)}${columns.map((column, i) => field(column, row, `${id} ${key} ${column.key}`, i === 0))}</tr>\n`;
})}</tbody></table></div>
<p class="files">${caption}: <a href="${file('csv')}">CSV</a> <a href="${file('json')}">JSON</a></p>
`;
}

function heading<Row>({ label, hint, numeric, sort }: Column<Row>): Markup {
  const order = sort?.order === undefined ? '' : html` aria-sort="${sort.order}"`;
  const arrow = sort?.order === undefined ? '' : sort.order === 'ascending' ? ' ↑' : ' ↓';
  const text = sort === undefined ? label : html`<a href="${sort.href}">${label}${arrow}</a>`;
  return html`<th scope="col"${numeric === true ? html` class="n"` : ''}${order}${hint === undefined ? '' : html` title="${hint}"`}>${text}</th>`;
}

function field<Row>(column: Column<Row>, row: Row, id: string, isFirst: boolean): Markup {
  const shown = column.show === undefined ? shownValue(column.value(row)) : column.show(row);
  const classes = [column.numeric === true ? 'n' : '', column.tone?.(row) ?? '']
    .filter((each) => each !== '')
    .join(' ');
  const className = classes === '' ? undefined : classes;
  if (isFirst) return html`<th scope="row"${className === undefined ? '' : html` class="${className}"`}>${shown}</th>`;
  if (typeof shown === 'string' || typeof shown === 'number') return cell('td', id, shown, { class: className });
  return html`<td${className === undefined ? '' : html` class="${className}"`}>${shown}</td>`;
}

function shownValue(value: Value): string | number {
  if (value === null || value === '') return '–';
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : value;
}

/** A spreadsheet would run a text that begins with one of these as a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function csvField(value: Value): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A name that strangers wrote, which may be long, with a link. */
export function nameLink(href: string, name: string): Markup {
  return html`<a class="name" href="${href}">${name}</a>`;
}

/** Texts, each on its own line. */
export function lines(texts: readonly Insertable[]): Markup {
  return texts.length === 0 ? new Markup('–') : html`${texts.map((text) => html`<div>${text}</div>`)}`;
}
