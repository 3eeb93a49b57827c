/** `series`: the recorded time series of the running tracker, as a list, as a table with a line of blocks for each, or as a file. */
import type { Command } from 'commander';
import type { SeriesListAnswer, SeriesValuesAnswer } from '../../history/api/series-answers.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';
import { formatTable } from '../table.js';

interface Options extends ConnectionOptions {
  readonly from?: string;
  readonly to?: string;
  readonly label?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** As wide as the line of blocks. */
const POINTS_SHOWN = 40;
const BLOCKS = '▁▂▃▄▅▆▇█';

type Series = SeriesValuesAnswer['series'][number];

export function registerSeriesCommand(program: Command, context: CliContext): void {
  const command = program
    .command('series')
    .description('list the recorded time series, or show one')
    .argument('[name]', 'of a series; default: list all')
    .option('--label <value>', 'only the series of this label, e.g. a sub-domain')
    .option('--from <time>', 'RFC 3339, e.g. 2026-11-01T00:00:00Z; default: 24 hours before --to')
    .option('--to <time>', 'default: now')
    .option('--csv', 'print the values as CSV')
    .option('--json', 'print the answer as JSON');
  addConnectionOptions(command).action((name: string | undefined, options: Options) => show(name, options, context));
}

async function show(name: string | undefined, options: Options, context: CliContext): Promise<void> {
  const client = connect(options, context, (config) => config.control?.token);
  const print = (text: string): void => void context.stdout.write(text);
  if (name === undefined) {
    const list = (await client.get('/api/v1/series')) as SeriesListAnswer;
    print(options.json ? `${JSON.stringify(list)}\n` : listOf(list));
    return;
  }
  const query = new URLSearchParams({ name });
  for (const key of ['label', 'from', 'to'] as const) if (options[key] !== undefined) query.set(key, options[key]);
  const isFile = options.json === true || options.csv === true;
  if (!isFile) query.set('points', String(POINTS_SHOWN));
  const answer = (await client.get(`/api/v1/series?${query}`)) as SeriesValuesAnswer;
  if (options.json) print(`${JSON.stringify(answer)}\n`);
  else if (options.csv) {
    const { csvOfValues } = await import('../../history/api/series-csv.js');
    print(csvOfValues(answer));
  } else print(valuesTable(name, answer));
}

function listOf({ series }: SeriesListAnswer): string {
  const rows = series.map(({ name, unit, label, labels, help }) => [
    name,
    unit,
    label === null ? '' : `${label} (${labels.length})`,
    help,
  ]);
  return formatTable(['NAME', 'UNIT', 'LABEL', 'WHAT'], rows);
}

function valuesTable(name: string, { start, stepSeconds, count, series }: SeriesValuesAnswer): string {
  if (series.length === 0) return `nothing is recorded of ${name}\n`;
  const end = new Date(Date.parse(start) + count * stepSeconds * 1_000).toISOString();
  const [{ unit, kind }] = series as [Series, ...Series[]];
  const isCounter = kind === 'counter';
  const head = `${name}, ${unit}${isCounter ? ` in ${stepSeconds} s` : ''}, ${start} to ${end}\n`;
  const rows = series.map((each) => {
    const values = each.sum ?? each.mean ?? [];
    const known = values.filter((value) => value !== null);
    const sum = known.reduce((total, value) => total + value, 0);
    const lowest = (each.min ?? values).filter((value) => value !== null);
    const highest = (each.max ?? values).filter((value) => value !== null);
    return [
      each.label ?? name,
      blocks(values),
      short(values.at(-1) ?? null),
      short(lowest.length === 0 ? null : Math.min(...lowest)),
      short(known.length === 0 ? null : isCounter ? sum : sum / known.length),
      short(highest.length === 0 ? null : Math.max(...highest)),
    ];
  });
  return head + formatTable(['SERIES', 'OVER TIME', 'LAST', 'LOWEST', isCounter ? 'TOTAL' : 'MEAN', 'HIGHEST'], rows);
}

/** A block for each value, from 0 to the largest one. A gap is a space. */
export function blocks(values: readonly (number | null)[]): string {
  const top = Math.max(...values.map((value) => value ?? 0));
  const blockOf = (value: number): string => BLOCKS[top > 0 ? Math.round((Math.max(0, value) / top) * 7) : 0]!;
  return values.map((value) => (value === null ? ' ' : blockOf(value))).join('');
}

function short(value: number | null): string {
  return value === null ? '-' : String(Number(value.toPrecision(4)));
}
