/**
 * `catalogue`: the operator's hand on the catalogue. It asks the running tracker if there is one, and works on the database
 * directly if not.
 */
import type { Command } from 'commander';
import type { CatalogueView } from '../../crawler/api/catalogue-routes.js';
import type { CatalogueAction } from '../../crawler/catalogue-actions.js';
import { OperatorError, ReportedError } from '../../domain/errors.js';
import { type InfoHash, parseInfoHash } from '../../domain/info-hash.js';
import { databaseFile } from '../../store/database-file.js';
import { userName } from '../../store/sqlite/operator-log.js';
import type { CliContext } from '../cli-context.js';
import { addConnectionOptions, type ConnectionOptions, connect } from '../control-connection.js';
import { recordAction } from '../record-action.js';
import { showDocument } from '../show-document.js';
import { wholeNumberOption } from '../whole-number.js';

interface CatalogueOptions extends ConnectionOptions {
  readonly json?: boolean;
  readonly limit?: string;
  readonly infoHash?: string;
  readonly reason?: string;
}

type Json = Record<string, unknown>;
/** The calls of the control API, or the same on the database. */
type Ask = (view: (view: CatalogueView) => unknown, path: string, body?: Json) => Promise<Json>;

const MAX_LIST = 1_000;

const ACTIONS: Readonly<Record<CatalogueAction, string>> = {
  pin: 'let a torrent have a rank whatever its popularity',
  unpin: 'let its popularity decide again',
  remove: 'delete a torrent until a source names it again',
  deny: 'delete a torrent for good: it is neither crawled nor published nor tracked',
  allow: 'undo a denial',
  refetch: 'fetch a torrent file again at the next crawl',
};

export function registerCatalogueCommand(program: Command, context: CliContext): void {
  const catalogue = program
    .command('catalogue')
    .description('show and change the torrents that the mirror site publishes');
  const add = (
    name: string,
    description: string,
    run: (options: CatalogueOptions, hash: string) => Promise<void>,
  ): Command => {
    const command = addConnectionOptions(catalogue.command(name).description(description)).option(
      '--json',
      'print as JSON',
    );
    return command.action((...given: unknown[]) => {
      const hash = typeof given[0] === 'string' ? given[0] : '';
      return run(given.find((each) => typeof each === 'object') as CatalogueOptions, hash);
    });
  };
  add('list', 'list the torrents of the catalogue, by rank', (options) => list(options, context)).option(
    '--limit <n>',
    'how many at most (default 100)',
  );
  add('show', 'show a torrent: where it is offered, why it has its rank, what was done to it', (options, hash) =>
    show(options, hash, context),
  ).argument('<info-hash>', '40 hexadecimal digits');
  add('log', 'show what was published, changed and withdrawn', (options) => log(options, context))
    .option('--info-hash <hex>', 'only of this torrent')
    .option('--limit <n>', 'how many at most (default 100)');
  add('decisions', 'list the torrents that are pinned or denied by hand', (options) => decisions(options, context));
  for (const [action, description] of Object.entries(ACTIONS) as [CatalogueAction, string][]) {
    add(action, description, (options, hash) => act(action, options, hash, context))
      .argument('<info-hash>', '40 hexadecimal digits')
      .option('--reason <text>', action === 'deny' ? 'for the log, and shown to visitors' : 'for the log');
  }
}

async function list(options: CatalogueOptions, context: CliContext): Promise<void> {
  const limit = wholeNumberOption('--limit', options.limit ?? '100', 1, MAX_LIST);
  await withCatalogue(options, context, async (ask) => {
    const answer = await ask((view) => view.torrents({ limit, offset: 0 }), `/api/v1/torrents?limit=${limit}`);
    const rows = (answer.torrents as Json[]).map(({ rank, name, seeds, leechers, inside, score, source, infoHash }) => {
      const here = inside as { readonly seeds: number; readonly leechers: number } | undefined;
      return {
        ...{ rank, name, seeds, leechers },
        ...{ seedsInside: here?.seeds, leechersInside: here?.leechers },
        ...{ score, source, infoHash },
      };
    });
    print(answer, { torrents: rows }, options, context);
  });
}

async function show(options: CatalogueOptions, hash: string, context: CliContext): Promise<void> {
  const infoHash = parseInfoHash(hash);
  await withCatalogue(options, context, async (ask) => {
    const answer = await ask((view) => view.torrent(infoHash), `/api/v1/catalogue/torrents/${infoHash}`);
    const { explanation, trackerTiers: _tiers, ...rest } = answer;
    print(answer, withTimes(rest), options, context);
    if (!options.json) context.stdout.write(`\n${(explanation as string[]).join('\n')}\n`);
  });
}

async function log(options: CatalogueOptions, context: CliContext): Promise<void> {
  const limit = wholeNumberOption('--limit', options.limit ?? '100', 1, MAX_LIST);
  const infoHash = options.infoHash === undefined ? undefined : parseInfoHash(options.infoHash);
  const path = `/api/v1/catalogue/log?limit=${limit}${infoHash === undefined ? '' : `&infoHash=${infoHash}`}`;
  await withCatalogue(options, context, async (ask) => {
    const answer = await ask((view) => ({ entries: view.log({ limit, infoHash }) }), path);
    print(answer, withTimes({ entries: answer.entries }), options, context);
  });
}

async function decisions(options: CatalogueOptions, context: CliContext): Promise<void> {
  await withCatalogue(options, context, async (ask) => {
    const answer = await ask((view) => ({ decisions: view.decisions() }), '/api/v1/catalogue/decisions');
    print(answer, withTimes({ decisions: answer.decisions }), options, context);
  });
}

async function act(
  action: CatalogueAction,
  options: CatalogueOptions,
  hash: string,
  context: CliContext,
): Promise<void> {
  const infoHash: InfoHash = parseInfoHash(hash);
  const { reason } = options;
  await withCatalogue(options, context, async (ask) => {
    const body = { action, infoHash, ...(reason === undefined ? {} : { reason }) };
    const answer = await ask(
      (view) => {
        const result = view.act({ action, infoHash, reason, actor: userName() });
        const details = reason === undefined ? {} : { reason };
        recordAction(context.loadConfig(options.config), context, {
          ...{ action: 'catalogue', subject: `${action} ${infoHash}`, details },
        });
        return result;
      },
      '/api/v1/catalogue/actions',
      body,
    );
    if (options.json) context.stdout.write(`${JSON.stringify(answer)}\n`);
    else context.stdout.write(`${String(answer.name)}: ${String(answer.result)}\n`);
  });
}

function print(answer: Json, shown: Json, { json }: CatalogueOptions, context: CliContext): void {
  context.stdout.write(json ? `${JSON.stringify(answer)}\n` : showDocument(shown));
}

/** Times since the Unix epoch as text: `firstSeenMs` becomes `firstSeen`. 0 is a file that is to be fetched again. */
function withTimes(document: Json): Json {
  const readable = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(readable);
    return typeof value === 'object' && value !== null ? withTimes(value as Json) : value;
  };
  return Object.fromEntries(
    Object.entries(document).map(([name, value]) => {
      if (typeof value !== 'number' || !name.endsWith('Ms')) return [name, readable(value)];
      return [name.slice(0, -'Ms'.length), value === 0 ? '-' : new Date(value).toISOString()];
    }),
  );
}

/** Through the control API of the running tracker, or on its database while it does not run. */
async function withCatalogue(
  options: CatalogueOptions,
  context: CliContext,
  work: (ask: Ask) => Promise<void>,
): Promise<void> {
  const viaApi: Ask = async (_view, path, body) => {
    const client = connect(options, context, (config) => config.control?.token);
    return (body === undefined ? await client.get(path) : await client.post(path, body)) as Json;
  };
  if ((options.url ?? context.env.ALIAS_TRACKER_URL) !== undefined) return work(viaApi);
  const { lockStorage } = await import('../../store/sqlite/instance-lock.js');
  const config = context.loadConfig(options.config);
  let release: () => void;
  try {
    release = lockStorage(config.storage.directory);
  } catch (thrown) {
    if (!(thrown instanceof ReportedError && thrown.code === 'storage-in-use')) throw thrown;
    if (config.control !== undefined) return work(viaApi);
    throw new OperatorError('the tracker runs, but has no control API; add a "control" section, or stop it first');
  }
  const { openDatabase } = await import('../../store/sqlite/database.js');
  const { createCatalogue } = await import('../../store/sqlite/catalogue.js');
  const { catalogueView } = await import('../../crawler/api/catalogue-view.js');
  const database = openDatabase(databaseFile(config));
  try {
    const { clock } = context;
    const view = catalogueView({ catalogue: createCatalogue(database), clock, catalogueChanged: () => undefined });
    await work(async (act) => JSON.parse(JSON.stringify(await act(view))) as Json);
  } finally {
    database.close();
    release();
  }
}
