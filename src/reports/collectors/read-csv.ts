/**
 * CSV with a heading, as DPI systems and ipfixcol export it: either a subscriber with its bytes in and out, or source,
 * destination and bytes. Columns are found by name, in any order; others are ignored.
 */
import { broken, countOf, type LineReader, SKIP, samplingRateOf, textOf, timeOf } from './flow.js';

const COLUMNS = {
  subscriber: ['subscriber', 'subscriber_ip', 'address', 'ip', 'user_ip'],
  bytesIn: ['bytes_in', 'in_bytes', 'bytes_down', 'downstream_bytes'],
  bytesOut: ['bytes_out', 'out_bytes', 'bytes_up', 'upstream_bytes'],
  bytes: ['bytes', 'octets', 'octetdeltacount'],
  source: ['src_addr', 'src_ip', 'ip_src', 'sourceipv4address', 'sourceipv6address'],
  destination: ['dst_addr', 'dst_ip', 'ip_dst', 'destinationipv4address', 'destinationipv6address'],
  time: ['time', 'timestamp', 'start', 'flowstartmilliseconds', 'flowstartseconds'],
  samplingRate: ['sampling_rate', 'samplinginterval'],
} as const;

type Column = keyof typeof COLUMNS;
type Columns = ReadonlyMap<Column, readonly number[]>;

export function createCsvReader(): LineReader {
  let columns: Columns | undefined;
  return (line) => {
    if (line.startsWith('#')) return SKIP;
    const cells = splitCsv(line);
    if (cells === undefined) return broken('a quote is not closed');
    if (columns === undefined) {
      const found = findColumns(cells);
      if (typeof found === 'string') return broken(found);
      columns = found;
      return SKIP;
    }
    return readRow(columns, cells);
  };
}

function findColumns(heading: readonly string[]): Columns | string {
  const names = heading.map((name) =>
    name
      .trim()
      .toLowerCase()
      .replace(/^iana:/, ''),
  );
  const columns = new Map<Column, number[]>();
  for (const [column, aliases] of Object.entries(COLUMNS) as [Column, readonly string[]][]) {
    const places = names.flatMap((name, i) => (aliases.includes(name) ? [i] : []));
    if (places.length > 0) columns.set(column, places);
  }
  const sides = columns.has('subscriber') || columns.has('source') || columns.has('destination');
  const amount = columns.has('bytes') || columns.has('bytesIn') || columns.has('bytesOut');
  if (sides && amount) return columns;
  return 'the first line must name the columns: subscriber,bytes_in,bytes_out or src_addr,dst_addr,bytes';
}

function readRow(columns: Columns, cells: readonly string[]): ReturnType<LineReader> {
  // Exports with IPv4 and IPv6 columns leave one of them empty.
  const cell = (column: Column): string | undefined =>
    columns
      .get(column)
      ?.map((place) => textOf(cells[place]?.trim()))
      .find((text) => text !== undefined);
  let bytes = 0;
  for (const column of ['bytes', 'bytesIn', 'bytesOut'] as const) {
    // A total in addition to its two parts would count them twice.
    if (column === 'bytes' && columns.has('bytesIn') && columns.has('bytesOut')) continue;
    if (!columns.has(column) || (column !== 'bytes' && columns.has('bytes') && !bothDirections(columns))) continue;
    const count = countOf(cell(column) ?? '0');
    if (count === undefined) return broken(`"${cell(column)!.slice(0, 40)}" is not a number of bytes`);
    bytes += count;
  }
  const source = cell('subscriber') ?? cell('source');
  const destination = columns.has('subscriber') ? undefined : cell('destination');
  if (source === undefined && destination === undefined) return broken('no address');
  const rate = samplingRateOf(cell('samplingRate'));
  return { kind: 'flow', flow: { timeMs: timeOf(cell('time')), bytes: bytes * rate, source, destination } };
}

function bothDirections(columns: Columns): boolean {
  return columns.has('bytesIn') && columns.has('bytesOut');
}

/** RFC 4180 without line breaks in quotes. undefined: a quote is not closed. */
function splitCsv(line: string): string[] | undefined {
  if (!line.includes('"')) return line.split(',');
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (line[i + 1] === '"') cell += line[++i];
      else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ',') {
      cells.push(cell);
      cell = '';
    } else cell += character;
  }
  return quoted ? undefined : [...cells, cell];
}
