/** `rewrite`: puts the alias tracker into torrent files and magnet links by hand, and shows that nothing else changed. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { messageOf, OperatorError } from '../../domain/errors.js';
import type { InfoHash } from '../../domain/info-hash.js';
import { parseMetainfo } from '../../wire/metainfo.js';
import { parseAnnounceUrl } from '../../wire/metainfo-announce-url.js';
import { MAX_TORRENT_BYTES } from '../../wire/metainfo-limits.js';
import { parseMagnet, rewriteMagnet } from '../../wire/metainfo-magnet.js';
import { rewriteTorrent } from '../../wire/metainfo-rewrite.js';
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
  /** The file that was written; undefined for a magnet link and for standard output. */
  readonly output: string | undefined;
  readonly magnet: string | undefined;
  readonly name: string;
  readonly infoHash: InfoHash;
  readonly hybridInfoHash: InfoHash | undefined;
  /** Bytes of `info`, which are the same before and after; undefined for a magnet link. */
  readonly infoBytes: number | undefined;
  readonly trackersBefore: readonly string[];
  readonly trackersAfter: readonly string[];
}

export function registerRewriteCommand(program: Command, context: CliContext): void {
  program
    .command('rewrite')
    .description('put other trackers into torrent files or magnet links; the info-hash stays, and that is checked')
    .argument('<torrent...>', 'torrent files or magnet links')
    .option('-a, --announce <url...>', 'the new trackers (else tracker.announceUrls of the configuration)')
    .option('--keep-original', 'keep the original trackers behind the new ones')
    .option('-o, --output <file>', 'where to write: a file, for several torrents a directory, - for standard output')
    .option('-c, --config <file>', 'the configuration, where --announce is not given')
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nWithout -o, NAME.torrent becomes NAME.alias.torrent beside it. Private torrents are refused.',
    )
    .action((inputs: string[], options: RewriteCommandOptions) => rewrite(inputs, options, context));
}

function rewrite(inputs: readonly string[], options: RewriteCommandOptions, context: CliContext): void {
  const announceUrls = (options.announce ?? context.loadConfig(options.config).tracker.announceUrls).map(
    parseAnnounceUrl,
  );
  if (announceUrls.length === 0) {
    throw new OperatorError('there is no announce URL; give --announce URL or set tracker.announceUrls');
  }
  if (options.output === '-' && options.json) throw new OperatorError('-o - and --json both want standard output');
  const rewriting = { announceUrls, keepOriginal: options.keepOriginal ?? false };
  const done = inputs.map((input) => {
    try {
      return /^magnet:/i.test(input)
        ? rewriteLink(input, rewriting)
        : rewriteFile(input, outputOf(input, inputs.length, options.output), rewriting, context);
    } catch (thrown) {
      throw new OperatorError(`${input.slice(0, 200)}: ${messageOf(thrown)}`, { exitCode: 1, cause: thrown });
    }
  });
  if (options.json) context.stdout.write(`${JSON.stringify(done)}\n`);
  else if (options.output !== '-') context.stdout.write(done.map(show).join('\n'));
  else for (const { magnet } of done) if (magnet !== undefined) context.stdout.write(`${magnet}\n`);
}

interface Rewriting {
  readonly announceUrls: readonly string[];
  readonly keepOriginal: boolean;
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

function rewriteFile(input: string, output: string, rewriting: Rewriting, context: CliContext): Rewritten {
  if (statSync(input).size > MAX_TORRENT_BYTES) throw new Error(`is larger than ${MAX_TORRENT_BYTES} bytes`);
  const original = readFileSync(input);
  const before = parseMetainfo(original);
  const rewritten = rewriteTorrent(original, rewriting);
  // The proof is made on the result as a client would read it.
  const after = parseMetainfo(rewritten);
  const infoBefore = original.subarray(before.infoSpan.start, before.infoSpan.end);
  const infoAfter = rewritten.subarray(after.infoSpan.start, after.infoSpan.end);
  requireSame(Buffer.compare(infoBefore, infoAfter) === 0 && before.infoHash === after.infoHash);
  if (output === '-') context.stdout.write(rewritten);
  else if (resolve(output) === resolve(input)) throw new Error('the output would replace the input; give another -o');
  else writeFileSync(output, rewritten);
  return {
    input,
    output: output === '-' ? undefined : output,
    magnet: undefined,
    name: before.name,
    infoHash: before.infoHash,
    hybridInfoHash: before.hybridInfoHash,
    infoBytes: infoBefore.length,
    trackersBefore: before.trackerTiers.flat(),
    trackersAfter: after.trackerTiers.flat(),
  };
}

function requireSame(same: boolean): void {
  if (!same) throw new Error('the rewritten torrent has another info-hash, so it was not written; please report this');
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
  const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, '');
  return formatTable(
    ['torrent', printable(done.name)],
    rows.map((row) => row.map(printable)),
  );
}
