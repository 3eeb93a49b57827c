/**
 * Reads a list of torrents as CSV (RFC 4180) with a header line, such as that of Academic Torrents. Columns are found by
 * their names; those of the usual names need no configuration.
 */
import { ClientError, OperatorError } from '../../domain/errors.js';
import type { Candidate } from '../candidate.js';
import { MAX_CSV_COLUMNS, MAX_FIELD_CHARACTERS } from '../limits.js';
import { BestCandidates } from './best-candidates.js';
import { type FieldNames, itemReader, nothingUsable } from './field-names.js';
import { candidateOf, type ItemContext } from './item-fields.js';

/** Names of columns in lower case without spaces, dashes and underscores. */
const USUAL: Readonly<Record<keyof FieldNames, readonly string[]>> = {
  title: ['name', 'title', 'torrentname', 'filename'],
  link: ['torrent', 'torrenturl', 'torrentfile', 'download', 'downloadurl', 'url', 'link'],
  magnet: ['magnet', 'magneturl', 'magneturi', 'magnetlink'],
  infoHash: ['infohash', 'hash', 'btih'],
  page: ['page', 'pageurl', 'details', 'detailsurl'],
  seeds: ['seeds', 'seeders', 'mirrors', 'complete'],
  leechers: ['leechers', 'leeches', 'downloaders', 'incomplete', 'peers'],
  downloads: ['downloads', 'timescompleted', 'completed', 'snatches', 'grabs', 'downloaded'],
  size: ['size', 'sizebytes', 'bytes', 'length'],
  categoryField: ['category', 'type'],
  published: ['dateadded', 'date', 'published', 'created', 'createdat', 'createddate', 'added'],
};

/**
 * @throws OperatorError for a column that the file does not have; ClientError `invalid-document` if it is not CSV or no row
 *   leads to a torrent
 */
export function parseCsvList(text: string, fields: FieldNames, context: ItemContext, withPage: boolean): Candidate[] {
  const rows = csvRows(text);
  const header = rows.next().value ?? [];
  const columns = columnsOf(header, fields, context.source);
  const read = itemReader<readonly string[]>(columns, (name) => cellReader(name, header));
  const candidates = new BestCandidates();
  let count = 0;
  for (const row of rows) {
    if (row.length === 1 && row[0] === '') continue;
    count++;
    candidates.add(candidateOf(read(row), context, withPage));
  }
  const found = candidates.all();
  if (found.length === 0 && count > 0) throw nothingUsable(count, context.source);
  return found;
}

/** The configured columns, and the usual ones for fields that are not configured. */
function columnsOf(header: readonly string[], fields: FieldNames, source: string): FieldNames {
  const byName = new Map(header.map((cell) => [cell.toLowerCase().replace(/[\s_-]/g, ''), cell]));
  const keys = Object.keys(USUAL) as (keyof FieldNames)[];
  const missing = keys
    .map((key) => [key, fields[key]] as const)
    .find(([, name]) => name !== undefined && !name.includes('{') && !header.includes(name));
  if (missing !== undefined) {
    const known = header
      .slice(0, 20)
      .map((name) => `"${name.slice(0, 40)}"`)
      .join(', ');
    throw new OperatorError(
      `${missing[0]} of the source "${source}": the file has no column "${missing[1]}"; its columns are ${known}`,
    );
  }
  const columns = Object.fromEntries(
    keys.map((key) => [key, fields[key] ?? byName.get(USUAL[key].find((name) => byName.has(name)) ?? '')]),
  ) as FieldNames;
  if ([columns.link, columns.magnet, columns.infoHash, columns.page].every((name) => name === undefined)) {
    throw new ClientError(
      'invalid-document',
      `its first line names no column with a torrent file, magnet link or info-hash; set link, magnet or infoHash of the source "${source}"`,
    );
  }
  return columns;
}

/** A column by its name, or text with names of columns in braces. */
function cellReader(written: string, header: readonly string[]): (row: readonly string[]) => string | undefined {
  if (!written.includes('{')) {
    const at = header.indexOf(written);
    return (row) => row[at]?.slice(0, MAX_FIELD_CHARACTERS);
  }
  const parts = written.split(/\{([^{}]*)\}/).map((part, i) => (i % 2 === 0 ? part : header.indexOf(part)));
  return (row) => {
    const cells = parts.map((part) => (typeof part === 'string' ? part : (row[part] ?? '')));
    const isWhole = cells.every((cell, i) => i % 2 === 0 || cell !== '');
    return isWhole
      ? cells.map((cell, i) => (i % 2 === 0 ? cell : encodeURIComponent(Buffer.from(cell).toString()))).join('')
      : undefined;
  };
}

/**
 * Rows one after another, so that a large file is never whole in memory as cells. A quote inside an unquoted cell is text.
 * @throws ClientError `invalid-document` for a row of too many cells
 */
export function* csvRows(text: string): Generator<string[], undefined> {
  const separator = separatorOf(text);
  const end = new RegExp(`[${separator}\n]`, 'g');
  let row: string[] = [];
  let at = 0;
  while (at <= text.length) {
    let cell: string;
    if (text[at] === '"') {
      const parts: string[] = [];
      for (let from = at + 1; ; ) {
        const quote = text.indexOf('"', from);
        if (quote < 0) throw new ClientError('invalid-document', 'a quoted cell of the CSV file has no end');
        parts.push(text.slice(from, quote));
        at = quote + 1;
        if (text[at] !== '"') break;
        parts.push('"');
        from = at + 1;
      }
      cell = parts.join('');
    } else cell = '';
    end.lastIndex = at;
    const found = end.exec(text);
    const stop = found?.index ?? text.length;
    row.push(cell + text.slice(at, stop).replace(/\r$/, ''));
    at = stop + 1;
    if (row.length > MAX_CSV_COLUMNS)
      throw new ClientError('invalid-document', `a row of the CSV file has more than ${MAX_CSV_COLUMNS} cells`);
    if (found?.[0] === separator) continue;
    // The end of the text after a line end is not another row.
    if (found !== null || row.length > 1 || row[0] !== '') yield row;
    row = [];
  }
}

/** The one that the first line has most of. */
function separatorOf(text: string): string {
  const line = text.slice(0, 4_096).split('\n', 1)[0]!;
  const counts = [',', ';', '\t'].map((each) => line.split(each).length);
  return [',', ';', '\t'][counts.indexOf(Math.max(...counts))]!;
}
