/** `originals`: shows the original trackers of the running tracker: which answer, which are left alone, and what is due when. */
import type { Command } from 'commander';
import { parseInfoHash } from '../../domain/info-hash.js';
import type { OriginalsAnswer } from '../../upstream/api/original-routes.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';
import { formatTable } from '../table.js';
import { wholeNumberOption } from '../whole-number.js';

interface OriginalsOptions extends ConnectionOptions {
  readonly infoHash?: string;
  readonly limit?: string;
  readonly json?: boolean;
}

const LIMIT_MAX = 1_000;

export function registerOriginalsCommand(program: Command, context: CliContext): void {
  const command = program
    .command('originals')
    .description('show the original trackers: which answer, which are left alone, and what is due when')
    .option('--info-hash <hex>', 'only those of this torrent, and when it is due at each')
    .option('--limit <n>', 'how many, the last asked first', '50')
    .option('--json', 'print the answer as JSON');
  addConnectionOptions(command).action((options: OriginalsOptions) => originals(options, context));
}

async function originals(options: OriginalsOptions, context: CliContext): Promise<void> {
  const limit = wholeNumberOption('--limit', options.limit ?? '', 1, LIMIT_MAX);
  const query = new URLSearchParams({ limit: String(limit) });
  if (options.infoHash !== undefined) query.set('infoHash', parseInfoHash(options.infoHash));
  const client = connect(options, context, (config) => config.control?.token);
  const answer = (await client.get(`/api/v1/upstream/originals?${query}`)) as OriginalsAnswer;
  context.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : describe(answer));
}

function describe({ total, limits, torrentsInNeed, originals: shown, torrent }: OriginalsAnswer): string {
  const most = `${limits.requestsPerSecond} a second, ${limits.concurrentRequests} at once, ${limits.requestsPerHour} an hour`;
  const head = `original trackers: ${total}, torrents in need: ${torrentsInNeed}; requests to each, at most: ${most}\n\n`;
  const table = formatTable(
    [
      'ORIGINAL',
      'STATE',
      'ASKED',
      'ANSWERED',
      'INTERVAL',
      'WAITING',
      'NEXT DUE',
      'FAILURES',
      'LEFT THIS HOUR',
      'LAST FAILURE',
    ],
    shown.map((each) => [
      each.name,
      each.retryAt === null ? each.state : `${each.state} until ${timeText(each.retryAt)}`,
      timeText(each.askedAt),
      timeText(each.answeredAt),
      each.intervalSeconds === null ? '-' : `${each.intervalSeconds} s`,
      each.torrentsWaiting,
      timeText(each.nextDueAt),
      each.failures,
      each.requestsLeftThisHour,
      each.failure ?? '-',
    ]),
  );
  if (torrent === undefined) return `${head}${table}`;
  const due = formatTable(
    ['TRACKER', 'DUE OVER IPv4', 'DUE OVER IPv6'],
    torrent.trackers.map(({ tracker, dueAt }) => [tracker, dueText(dueAt.ipv4), dueText(dueAt.ipv6)]),
  );
  return `${head}${table}\n${due}`;
}

const dueText = (time: string | null): string => (time === null ? 'now' : timeText(time));

/** In UTC, to the second. */
function timeText(time: string | null): string {
  return time === null ? '-' : time.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}
