/** `cache`: the operator's caches, through the control API of the running tracker. */
import type { Command } from 'commander';
import { CACHES_PATH, type CacheStatus } from '../../caches/api/cache-routes.js';
import { OperatorError } from '../../domain/errors.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';
import { type Cell, formatTable } from '../table.js';

interface StatusOptions extends ConnectionOptions {
  readonly json?: boolean;
}

export function registerCacheCommand(program: Command, context: CliContext): void {
  const cache = program.command('cache').description('show and fill the caches of the operator');
  addConnectionOptions(cache.command('status').description('show whether each cache answers, and what it holds'))
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExit code 1: a cache does not answer.')
    .action((options: StatusOptions) => status(options, context));
}

async function status(options: StatusOptions, context: CliContext): Promise<void> {
  const client = connect(options, context, (config) => config.control?.token);
  const answer = (await client.get(CACHES_PATH)) as { readonly caches: readonly CacheStatus[] };
  const { caches } = answer;
  if (options.json) context.stdout.write(`${JSON.stringify(answer)}\n`);
  else if (caches.length === 0) context.stdout.write('no caches: the section caches of the configuration is empty\n');
  else context.stdout.write(formatTable(HEADER, caches.map(rowOf)));
  const errors = caches.flatMap(({ health, error, name }) =>
    health === 'up' ? [] : [error ?? `${name} has not answered yet`],
  );
  if (errors.length > 0) throw new OperatorError(errors.join('\n'), { code: 'failed' });
}

const HEADER = [
  'CACHE',
  'HEALTH',
  'CLIENT',
  'SERVING',
  'FILLING',
  'FAILED',
  'HELD',
  'QUOTA',
  'FREE',
  'SERVED',
  'WINDOW',
];

function rowOf(cache: CacheStatus): Cell[] {
  const { torrents, window } = cache;
  return [
    cache.name,
    cache.health,
    cache.client ?? cache.kind,
    torrents.serving,
    torrents.filling,
    torrents.failed,
    gigabytes(cache.heldBytes),
    gigabytes(cache.quotaBytes),
    cache.freeBytes === null ? '-' : gigabytes(cache.freeBytes),
    gigabytes(cache.uploadedBytes),
    `${window.open ? 'open' : 'closed'}${window.nextChangeAt === null ? '' : `, may change ${window.nextChangeAt}`}`,
  ];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
