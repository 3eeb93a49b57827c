/** `savings`: shows what localisation has saved in a time window, with its interval and method. */
import type { Command } from 'commander';
import type { SavingsAnswer } from '../../savings/api/savings-answer.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';
import { formatTable } from '../table.js';

/** The largest ones; `--json` has all that the API answers. */
const TORRENTS_SHOWN = 20;

interface SavingsOptions extends ConnectionOptions {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

export function registerSavingsCommand(program: Command, context: CliContext): void {
  const command = program
    .command('savings')
    .description('show what localisation has saved, with its 95 % interval and method')
    .option('--from <time>', 'RFC 3339, e.g. 2026-11-01T00:00:00Z; default: 30 days before --to')
    .option('--to <time>', 'default: now')
    .option('--json', 'print the answer as JSON')
    .option('--csv', 'print the days as CSV');
  addConnectionOptions(command).action((options: SavingsOptions) => savings(options, context));
}

async function savings(options: SavingsOptions, context: CliContext): Promise<void> {
  const query = new URLSearchParams();
  if (options.from !== undefined) query.set('from', options.from);
  if (options.to !== undefined) query.set('to', options.to);
  const client = connect(options, context, (config) => config.control?.token);
  const answer = (await client.get(`/api/v1/savings?${query}`)) as SavingsAnswer;
  if (options.json) context.stdout.write(`${JSON.stringify(answer)}\n`);
  else if (options.csv) {
    const { savingsCsv } = await import('../../savings/api/savings-csv.js');
    context.stdout.write(savingsCsv(answer));
  } else context.stdout.write(describe(answer));
}

function describe(answer: SavingsAnswer): string {
  const { window, savings: total, reason, currency, percentile95 } = answer;
  const head = `${timeText(window.from)} to ${timeText(window.to)}, ${window.measuredHours} hours with measurements\n`;
  if (total === null) return `${head}no figure: ${reason}\n${foreignInWords(answer)}\n`;
  const { savedBytesRange, amountRange, baseline } = total;
  const lines = [
    `saved       ${gigabytes(total.savedBytes)} (95 %: ${gigabytes(savedBytesRange.low)} to ${gigabytes(savedBytesRange.high)})`,
    `worth       ${money(total.amount, currency)} (95 %: ${money(amountRange.low, currency)} to ${money(amountRange.high, currency)})`,
    `downloaded  ${gigabytes(total.downloadedBytes)} by localised clients`,
    foreignInWords(answer),
    `baseline    ${(100 * baseline.foreignShare).toFixed(1)} % foreign, ${baseline.method}: ${baseline.explanation}`,
    `95th percentile of five minutes  ${megabits(percentile95.foreignBitsPerSecond)}, without localisation ${megabits(percentile95.baselineBitsPerSecond)}`,
  ];
  const days = formatTable(
    ['DAY', 'DOWNLOADED', 'FOREIGN', 'SAVED', '95 % FROM', 'TO', 'WORTH'],
    answer.days.map(({ day, savings: of }) =>
      of === null
        ? [day, '-', '-', '-', '-', '-', '-']
        : [
            day,
            gigabytes(of.downloadedBytes),
            gigabytes(of.foreignBytes),
            gigabytes(of.savedBytes),
            gigabytes(of.savedBytesRange.low),
            gigabytes(of.savedBytesRange.high),
            money(of.amount, currency),
          ],
    ),
  );
  return `${head}${lines.join('\n')}\n\n${days}${torrentTable(answer)}`;
}

function foreignInWords({ traffic }: SavingsAnswer): string {
  const { foreignBytes, foreignAtLeastBytes, foreignAtMostBytes, downloadedBytes } = traffic;
  const bounds = `at least ${gigabytes(foreignAtLeastBytes)}, at most ${gigabytes(foreignAtMostBytes)}`;
  return `foreign     ${gigabytes(foreignBytes)} of the ${gigabytes(downloadedBytes)} of all inner clients (${bounds})`;
}

function torrentTable({ torrents }: SavingsAnswer): string {
  if (torrents.length === 0) return '';
  const rows = torrents
    .slice(0, TORRENTS_SHOWN)
    .map(({ name, title, downloadedBytes, foreignBytes, savedBytes }) => [
      title ?? name,
      gigabytes(downloadedBytes),
      gigabytes(foreignBytes),
      savedBytes === null ? '-' : gigabytes(savedBytes),
    ]);
  return `\n${formatTable(['TORRENT', 'DOWNLOADED', 'FOREIGN', 'SAVED'], rows)}`;
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
const money = (amount: number, currency: string): string => `${amount.toFixed(2)} ${currency}`;
const megabits = (bitsPerSecond: number | null): string =>
  bitsPerSecond === null ? '-' : `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`;
const timeText = (time: string): string => time.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
