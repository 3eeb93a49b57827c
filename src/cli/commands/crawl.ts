/** `crawl`: runs one crawl now, with or without a running `serve`. */

import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { CrawlEntry, CrawlProgress, CrawlResult } from '../../crawler/crawl-result.js';
import { counted } from '../../domain/counted.js';
import { OperatorError } from '../../domain/errors.js';
import { parseInfoHash } from '../../domain/info-hash.js';
import { maskUrlSecrets } from '../../domain/mask-url-secrets.js';
import { createRandom } from '../../domain/random.js';
import { terminalLine } from '../../domain/terminal-text.js';
import { createNameResolver, systemResolvers } from '../../net/name-resolver.js';
import { databaseFile } from '../../store/database-file.js';
import { createCatalogue } from '../../store/sqlite/catalogue.js';
import { openDatabase } from '../../store/sqlite/database.js';
import type { CliContext } from '../cli-context.js';
import { formatTable } from '../table.js';

interface CrawlOptions {
  readonly config?: string;
  readonly top?: string;
  readonly source?: string;
  readonly dryRun?: boolean;
  readonly explain?: string;
  readonly json?: boolean;
}

const MAX_TOP = 100_000;
const NAME_CHARACTERS = 60;

export function registerCrawlCommand(program: Command, context: CliContext): void {
  program
    .command('crawl')
    .description('crawl the sources now and store popular torrents in the catalogue')
    .option('-c, --config <file>', 'the configuration (else $ALIAS_TRACKER_CONFIG, else ./alias-tracker.yaml)')
    .option('--top <n>', 'number of torrents in the catalogue’s top (else crawler.top)')
    .option('--source <name>', 'read only this source; torrents of the others keep their ranks')
    .option('--dry-run', 'fetch and rank, but store nothing')
    .option('--explain <info-hash>', 'do not crawl, but say why a torrent has its rank, by the latest crawl')
    .option('--json', 'print the result as JSON')
    .action((options: CrawlOptions) =>
      options.explain === undefined ? crawl(options, context) : explain(options, context),
    );
}

async function crawl(options: CrawlOptions, context: CliContext): Promise<void> {
  // Imported here, so that the other commands start fast.
  const { createCrawlerParts, MAX_CRAWL_DOCUMENTS } = await import('../../crawler/crawler-parts.js');
  const { createUpstreamExchange } = await import('../../upstream/upstream-exchange.js');
  const { createDocumentReader } = await import('../../app/document-reader.js');
  const { outboundOf } = await import('../../app/outbound.js');
  const { torrentPolicy } = await import('../../crawler/torrent-policy.js');
  const { torrentListsOf } = await import('../../tracker/configured-access.js');
  const { configuredResolvers } = await import('../../net/configured-resolvers.js');
  const config = context.loadConfig(options.config);
  const blockedReason = outboundOf(() => config);
  const top = options.top === undefined ? undefined : parseTop(options.top);
  const lists = torrentListsOf(config.tracker);
  const database = openDatabase(databaseFile(config));
  const configured = configuredResolvers(config);
  const useResolver = configured.length > 0;
  const resolver = createNameResolver(useResolver ? configured : systemResolvers(), context.clock);
  const upstream = createUpstreamExchange({
    resolver,
    // Nothing here announces; the configuration closes the addresses on which the alias tracker listens.
    ownEndpoints: () => [],
    blockedReason,
    announcePort: 1,
    peerId: randomBytes(20),
    clock: context.clock,
    random: createRandom(randomBytes(4).readUInt32LE()),
    limits: () => config.upstream.limits,
    onPeers: () => Promise.resolve(0),
    lab: config.lab,
  });
  const parts = createCrawlerParts({
    config,
    documents: createDocumentReader({ name: 'crawler-documents', maxWaiting: MAX_CRAWL_DOCUMENTS }),
    database,
    clock: context.clock,
    blockedReason,
    resolver: useResolver ? resolver : undefined,
    scraper: upstream,
    policy: torrentPolicy(createCatalogue(database), () => lists),
  });
  // Requests to original trackers do not keep the process alive, and nothing else does here.
  const staysAlive = setInterval(() => undefined, 60_000);
  try {
    const result = await parts.crawler.crawlOnce({
      top,
      source: options.source,
      dryRun: options.dryRun,
      signal: context.signal,
      onProgress: (progress) => context.stderr.write(`${terminalLine(maskUrlSecrets(describeProgress(progress)))}\n`),
    });
    if (options.json) context.stdout.write(`${JSON.stringify(result)}\n`);
    else context.stdout.write(showResult(result, options.dryRun ?? false));
    const unread = result.sources.filter((source) => source.error !== undefined);
    if (unread.length === result.sources.length) {
      throw new OperatorError(`no source could be read: ${unread[0]!.name}: ${unread[0]!.error}`, { code: 'failed' });
    }
  } catch (thrown) {
    if (context.signal.aborted) throw new OperatorError('stopped; what was stored until now stays', { code: 'failed' });
    throw thrown;
  } finally {
    clearInterval(staysAlive);
    await Promise.all([parts.close(), upstream.stop()]);
    database.close();
  }
}

/** The numbers of the latest crawl, in words. */
async function explain({ config, explain: hash, json }: CrawlOptions, context: CliContext): Promise<void> {
  const { explainRank } = await import('../../crawler/catalogue-actions.js');
  const infoHash = parseInfoHash(hash!);
  const database = openDatabase(databaseFile(context.loadConfig(config)));
  try {
    const lines = explainRank(infoHash, createCatalogue(database));
    if (lines === undefined) {
      throw new OperatorError(`no crawl has compared ${infoHash}: no source named it, or it could not be described`, {
        code: 'failed',
      });
    }
    context.stdout.write(json ? `${JSON.stringify(lines)}\n` : `${lines.map(terminalLine).join('\n')}\n`);
  } finally {
    database.close();
  }
}

function parseTop(text: string): number {
  const top = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (top < 1 || top > MAX_TOP) throw new OperatorError(`--top is a number from 1 to ${MAX_TOP}, not "${text}"`);
  return top;
}

function describeProgress(progress: CrawlProgress): string {
  switch (progress.step) {
    case 'source':
      return `${progress.source}: ${counted(progress.candidates, 'torrent')}`;
    case 'source-note':
      return `${progress.source}: ${progress.note}`;
    case 'source-failed':
      return `${progress.source}: cannot be read: ${progress.reason}`;
    case 'tracker-failed':
      return `${progress.tracker}: ${progress.reason}`;
    case 'measured':
      return `original trackers reported the swarm sizes of ${counted(progress.torrents, 'torrent')}`;
    case 'found':
      return `${progress.source}: found ${shorten(progress.name)}`;
    case 'torrent': {
      const { entry } = progress;
      const place = entry.rank === undefined ? '-' : `#${entry.rank}`;
      return `${place} ${entry.status} ${shorten(entry.name)}${entry.reason === undefined ? '' : `: ${entry.reason}`}`;
    }
  }
}

function showResult({ entries, dropped, deleted }: CrawlResult, dryRun: boolean): string {
  const header = ['rank', 'name', 'seeds', 'leechers', 'inside', 'score', 'source', 'status'];
  const rows = entries.map((entry) => [
    entry.rank ?? '-',
    shorten(entry.name),
    entry.seeds ?? '-',
    entry.leechers ?? '-',
    entry.innerRequests,
    entry.score,
    entry.source,
    entry.reason === undefined ? entry.status : `${entry.status}: ${entry.reason}`,
  ]);
  const count = (status: CrawlEntry['status']): number => entries.filter((entry) => entry.status === status).length;
  const counts = `${count('new')} new, ${count('updated')} updated, ${count('kept')} kept, ${count('skipped')} skipped, ${count('failed')} failed`;
  const after = dryRun ? 'nothing stored (--dry-run)' : `${dropped} left the top, ${deleted} deleted`;
  return `${formatTable(header, rows)}${counts}; ${after}\n`;
}

/** Names come from strangers: control characters must not reach the operator's terminal. */
function shorten(name: string): string {
  const clean = [...terminalLine(name)];
  return clean.length <= NAME_CHARACTERS ? clean.join('') : `${clean.slice(0, NAME_CHARACTERS - 1).join('')}…`;
}
