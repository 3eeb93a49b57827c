/** `rewrite`: puts the alias tracker into torrent files and magnet links, and proves that nothing else changed. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { messageOf, OperatorError } from '../../domain/errors.js';
import type { InfoHash } from '../../domain/info-hash.js';
import { parseAnnounceUrl } from '../../wire/metainfo-announce-url.js';
import { MAX_TORRENT_BYTES } from '../../wire/metainfo-limits.js';
import { parseMagnet, rewriteMagnet } from '../../wire/metainfo-magnet.js';
import type { ProvenRewriting } from '../../wire/metainfo-rewrite-proof.js';
import type { CliContext } from '../cli-context.js';
import { formatTable } from '../table.js';

interface RewriteCommandOptions {
  readonly config?: string;
  readonly announce?: readonly string[];
  readonly keepOriginal?: boolean;
  readonly output?: string;
  readonly json?: boolean;
}

interface Rewritten {
  readonly input: string;
  /** The written file; undefined for a magnet link and for standard output. */
  readonly output: string | undefined;
  readonly magnet: string | undefined;
  readonly name: string;
  readonly infoHash: InfoHash;
  readonly hybridInfoHash: InfoHash | undefined;
  /** Size of `info`, which is identical before and after; undefined for a magnet link. */
  readonly infoBytes: number | undefined;
  readonly trackersBefore: readonly string[];
  readonly trackersAfter: readonly string[];
}

export function registerRewriteCommand(program: Command, context: CliContext): void {
  program
    .command('rewrite')
    .description('replace the trackers in torrent files or magnet links; verifies that the info-hash is unchanged')
    .argument('<torrent...>', 'torrent files or magnet links')
    .option('-a, --announce <url...>', 'the new trackers (else tracker.announceUrls of the configuration)')
    .option('--keep-original', 'keep the original trackers after the new ones')
    .option('-o, --output <file>', 'where to write: a file, for several torrents a directory, - for standard output')
    .option('-c, --config <file>', 'the configuration, if --announce is not given')
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nWithout -o, NAME.torrent becomes NAME.alias.torrent beside it. Private torrents are refused.',
    )
    .action((inputs: string[], options: RewriteCommandOptions) => rewrite(inputs, options, context));
}

async function rewrite(inputs: readonly string[], options: RewriteCommandOptions, context: CliContext): Promise<void> {
  const announceUrls = (options.announce ?? context.loadConfig(options.config).tracker.announceUrls).map(
    parseAnnounceUrl,
  );
  if (announceUrls.length === 0) {
    throw new OperatorError('no announce URL; pass --announce URL or set tracker.announceUrls');
  }
  if (options.output === '-' && options.json)
    throw new OperatorError('-o - and --json both write to standard output; choose one');
  const rewriting = { announceUrls, keepOriginal: options.keepOriginal ?? false };
  // Imported here, so that the other commands start fast.
  const { createDocumentReader } = await import('../../app/document-reader.js');
  const documents = createDocumentReader({ name: 'rewrite' });
  const prove = (bytes: Uint8Array, about: string): Promise<ProvenRewriting> =>
    documents.run('rewriteWithProof', { bytes, options: rewriting }, { about, signal: context.signal });
  const done: Rewritten[] = [];
  try {
    for (const input of inputs)
      done.push(await rewriteOne(input, inputs.length, options.output, { ...rewriting, prove, context }));
  } finally {
    await documents.close();
  }
  if (options.json) context.stdout.write(`${JSON.stringify(done)}\n`);
  else if (options.output !== '-') context.stdout.write(done.map(show).join('\n'));
  else for (const { magnet } of done) if (magnet !== undefined) context.stdout.write(`${magnet}\n`);
}

interface Rewriting {
  readonly announceUrls: readonly string[];
  readonly keepOriginal: boolean;
  readonly prove: (bytes: Uint8Array, about: string) => Promise<ProvenRewriting>;
  readonly context: CliContext;
}

/** @throws OperatorError that names the input */
async function rewriteOne(
  input: string,
  count: number,
  output: string | undefined,
  rewriting: Rewriting,
): Promise<Rewritten> {
  try {
    if (/^magnet:/i.test(input)) return rewriteLink(input, rewriting);
    return await rewriteFile(input, outputOf(input, count, output), rewriting);
  } catch (thrown) {
    throw new OperatorError(`${input.slice(0, 200)}: ${messageOf(thrown)}`, { code: 'failed', cause: thrown });
  }
}

function rewriteLink(link: string, rewriting: Rewriting): Rewritten {
  const before = parseMagnet(link);
  const magnet = rewriteMagnet(link, rewriting);
  const after = parseMagnet(magnet);
  requireSame(before.infoHash === after.infoHash);
  const { infoHash, hybridInfoHash, name = infoHash } = before;
  return {
    input: link,
    output: undefined,
    magnet,
    name,
    infoHash,
    hybridInfoHash,
    infoBytes: undefined,
    trackersBefore: before.trackers,
    trackersAfter: after.trackers,
  };
}

async function rewriteFile(input: string, output: string, { prove, context }: Rewriting): Promise<Rewritten> {
  if (statSync(input).size > MAX_TORRENT_BYTES) throw new Error(`is larger than ${MAX_TORRENT_BYTES} bytes`);
  const { bytes, ...proof } = await prove(readFileSync(input), basename(input));
  if (output === '-') context.stdout.write(bytes);
  else if (resolve(output) === resolve(input)) throw new Error('the output would replace the input; give another -o');
  else writeFileSync(output, bytes);
  return { input, output: output === '-' ? undefined : output, magnet: undefined, ...proof };
}

function requireSame(same: boolean): void {
  if (!same) throw new Error('the rewritten link has another info-hash, so it was not written; please report this');
}

function outputOf(input: string, count: number, output: string | undefined): string {
  const name = `${basename(input).replace(/\.torrent$/i, '')}.alias.torrent`;
  if (output === undefined) return join(dirname(input), name);
  const isDirectory = statSync(output, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (count > 1 && !isDirectory) throw new Error('-o must be an existing directory where there are several torrents');
  return isDirectory ? join(output, name) : output;
}

function show(done: Rewritten): string {
  const hybrid = done.hybridInfoHash === undefined ? [] : [['v2 hash', done.hybridInfoHash]];
  const proof =
    done.infoBytes === undefined ? 'unchanged' : `unchanged, all ${done.infoBytes} bytes of info are the same`;
  const rows = [
    ['info-hash', `${done.infoHash} (${proof})`],
    ...hybrid,
    ['before', done.trackersBefore.join(' ') || 'no tracker'],
    ['after', done.trackersAfter.join(' ')],
    ['written', done.output ?? done.magnet ?? '-'],
  ];
  return formatTable(['torrent', done.name], rows);
}
