/** `cache`: the operator's caches, through the control API of the running tracker. */
import type { Command } from 'commander';
import { CACHES_PATH, type CacheStatus } from '../../caches/api/cache-routes.js';
import type { CacheLogLine, CacheTorrent, DrainAnswer, FillAnswer } from '../../caches/api/controller-routes.js';
import { OperatorError } from '../../domain/errors.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';
import { type Cell, formatTable } from '../table.js';
import { wholeNumberOption } from '../whole-number.js';

interface ListOptions extends ConnectionOptions {
  readonly json?: boolean;
  readonly cache?: string;
  readonly infoHash?: string;
  readonly limit?: string;
}

interface StatusOptions extends ListOptions {
  readonly torrents?: boolean;
}

interface FillOptions extends ListOptions {
  readonly now?: boolean;
}

interface DrainOptions extends ConnectionOptions {
  readonly json?: boolean;
  readonly undo?: boolean;
}

const MAX_ROWS = 1_000;

export function registerCacheCommand(program: Command, context: CliContext): void {
  const cache = program.command('cache').description('show and fill the caches of the operator');
  addConnectionOptions(cache.command('status').description('show whether each cache answers, and what it holds'))
    .option('--json', 'print as JSON')
    .option('--torrents', 'list torrents instead: which a cache holds, should hold or does not hold, and why')
    .option('--cache <name>', 'torrents of this cache only')
    .option('--info-hash <hex>', 'this torrent only')
    .option('--limit <n>', 'how many torrents at most (default 100)')
    .addHelpText('after', '\nExit code 1: a cache does not answer.')
    .action((options: StatusOptions) => {
      const listsTorrents = options.torrents || options.cache !== undefined || options.infoHash !== undefined;
      return listsTorrents ? torrents(options, context) : status(options, context);
    });
  addConnectionOptions(cache.command('log').description('show what was done to the caches, and why'))
    .option('--json', 'print as JSON')
    .option('--cache <name>', 'of this cache only')
    .option('--info-hash <hex>', 'of this torrent only')
    .option('--limit <n>', 'how many entries at most (default 100)')
    .action((options: ListOptions) => log(options, context));
  addConnectionOptions(cache.command('fill').description('ask for a torrent whatever its demand, or fetch at once'))
    .option('--json', 'print as JSON')
    .option('--info-hash <hex>', 'this torrent (default: all that the caches should hold)')
    .option('--cache <name>', 'in this cache (default: any one that may hold it)')
    .option('--now', 'at once, also outside of the fill window')
    .action((options: FillOptions) => fill(options, context));
  addConnectionOptions(cache.command('drain').description('take a cache out: nothing new, handed to nobody, data kept'))
    .argument('<name>', 'of the configuration')
    .option('--json', 'print as JSON')
    .option('--undo', 'put it back')
    .action((name: string, options: DrainOptions) => drain(options, name, context));
}

async function torrents(options: ListOptions, context: CliContext): Promise<void> {
  const client = connect(options, context, (config) => config.control?.token);
  const answer = (await client.get(`${CACHES_PATH}/torrents?${queryOf(options)}`)) as {
    readonly torrents: readonly CacheTorrent[];
  };
  if (options.json) context.stdout.write(`${JSON.stringify(answer)}\n`);
  else if (answer.torrents.length === 0)
    context.stdout.write('no torrents: nobody inside asks for one that a cache may hold\n');
  else {
    const rows = answer.torrents.map((each): Cell[] => [
      each.cache,
      each.name,
      gigabytes(each.bytes),
      each.bytes === 0 ? '-' : `${Math.floor((100 * each.haveBytes) / each.bytes)} %`,
      each.demandPerDay.toFixed(1),
      `${each.savingPerDay.toFixed(2)} ${each.currency}`,
      each.why,
      each.infoHash,
    ]);
    context.stdout.write(
      formatTable(['CACHE', 'TORRENT', 'SIZE', 'HAS', 'DEMAND/DAY', 'SAVES/DAY', 'WHY', 'INFO-HASH'], rows),
    );
  }
}

async function log(options: ListOptions, context: CliContext): Promise<void> {
  const client = connect(options, context, (config) => config.control?.token);
  const answer = (await client.get(`${CACHES_PATH}/log?${queryOf(options)}`)) as {
    readonly entries: readonly CacheLogLine[];
  };
  if (options.json) context.stdout.write(`${JSON.stringify(answer)}\n`);
  else if (answer.entries.length === 0) context.stdout.write('nothing was done yet\n');
  else {
    const rows = answer.entries.map(({ at, cache, action, name, reason, actor, savingPerDay, currency }): Cell[] => [
      ...[at, cache, action, name ?? '-', reason, actor],
      savingPerDay === null ? '-' : `${savingPerDay.toFixed(2)} ${currency}`,
    ]);
    context.stdout.write(formatTable(['TIME', 'CACHE', 'ACTION', 'TORRENT', 'WHY', 'WHO', 'SAVES/DAY'], rows));
  }
}

async function fill(options: FillOptions, context: CliContext): Promise<void> {
  const client = connect(options, context, (config) => config.control?.token);
  const { infoHash, cache, now } = options;
  const body = { ...(infoHash && { infoHash }), ...(cache && { cache }), now: now === true };
  const answer = (await client.post(`${CACHES_PATH}/fill`, body)) as FillAnswer;
  if (options.json) {
    context.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  for (const each of answer.requested) {
    const where = each.cache === null ? 'a cache' : each.cache;
    context.stdout.write(`${where} ${now ? 'fetches' : 'will fetch'} "${each.name}"\n`);
  }
  if (answer.requested.length === 0) {
    context.stdout.write(
      'nothing was asked for: alias-tracker cache status --torrents shows what the caches should hold\n',
    );
  }
  if (answer.warning !== null) context.stderr.write(`${answer.warning}\n`);
}

async function drain(options: DrainOptions, name: string, context: CliContext): Promise<void> {
  const client = connect(options, context, (config) => config.control?.token);
  const path = `${CACHES_PATH}/${encodeURIComponent(name)}/drain`;
  const answer = (await client.post(path, { undo: options.undo === true })) as DrainAnswer;
  if (options.json) context.stdout.write(`${JSON.stringify(answer)}\n`);
  else if (!answer.changed) context.stdout.write(`${name} was ${answer.drained ? 'drained already' : 'not drained'}\n`);
  else if (answer.drained) {
    context.stdout.write(
      `${name} takes nothing new and is handed to nobody; it keeps its data. Undo: cache drain ${name} --undo\n`,
    );
  } else context.stdout.write(`${name} is handed out again\n`);
}

function queryOf({ cache, infoHash, limit }: ListOptions): string {
  const query = new URLSearchParams({ limit: String(wholeNumberOption('--limit', limit ?? '100', 1, MAX_ROWS)) });
  if (cache !== undefined) query.set('cache', cache);
  if (infoHash !== undefined) query.set('infoHash', infoHash);
  return String(query);
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
    cache.drained ? `${cache.health}, drained` : cache.health,
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
