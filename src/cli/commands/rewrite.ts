/** `rewrite`: puts the alias tracker into torrent files and magnet links, and proves that nothing else changed. */
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { ClientError, messageOf, OperatorError } from '../../domain/errors.js';
import type { InfoHash } from '../../domain/info-hash.js';
import { maskUrlSecrets } from '../../domain/mask-url-secrets.js';
import { terminalLine } from '../../domain/terminal-text.js';
import { parseAnnounceUrl } from '../../wire/metainfo-announce-url.js';
import { parseMagnet, rewriteMagnet } from '../../wire/metainfo-magnet.js';
import type { ProvenRewriting } from '../../wire/metainfo-rewrite-proof.js';
import type { CliContext } from '../cli-context.js';
import { type RewriteInput, rewriteInputs, STANDARD_STREAM } from '../rewriting/rewrite-inputs.js';
import { readStream, readTorrentFile, TorrentFiles } from '../rewriting/torrent-files.js';
import { formatTable } from '../table.js';

interface RewriteCommandOptions {
  readonly config?: string;
  readonly announce?: readonly string[];
  readonly keepOriginalTrackers?: boolean;
  readonly keepOriginal?: boolean;
  readonly output?: string;
  readonly inPlace?: boolean;
  readonly json?: boolean;
}

interface Rewritten {
  readonly input: string;
  /** `unchanged`: the output had these bytes already. */
  readonly status: 'rewritten' | 'unchanged';
  /** The file; undefined for a magnet link and for standard output. */
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

interface NotRewritten {
  readonly input: string;
  /** `private`: BEP 27, it stays with its own tracker. */
  readonly status: 'private' | 'failed';
  readonly error: string;
}

type Outcome = Rewritten | NotRewritten;

const HELP = `
Without -o, NAME.torrent becomes NAME.alias.torrent beside it. A directory stands for all torrents in it and below it.
"-" reads standard input and writes standard output. A second run changes nothing more.

Private torrents (BEP 27) stay as they are: they are reported, and pass unchanged from standard input to standard output.
A torrent that fails does not stop the others. Exit code 1 says that at least one was not rewritten.`;

export function registerRewriteCommand(program: Command, context: CliContext): void {
  program
    .command('rewrite')
    .description('replace the trackers in torrent files or magnet links; verifies that the info-hash is unchanged')
    .argument('<torrent...>', 'torrent files, directories, magnet links, or - for standard input')
    .option('-a, --announce <url...>', 'the new trackers (else tracker.announceUrls of the configuration)')
    .option('--keep-original-trackers', 'keep the original trackers after the new ones')
    .addOption(new Option('--keep-original').hideHelp())
    .option('-o, --output <place>', 'where to write: a file, for several torrents a directory, - for standard output')
    .option('-i, --in-place', 'replace the files themselves')
    .option('-c, --config <file>', 'the configuration, if --announce is not given')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', HELP)
    .action((inputs: string[], options: RewriteCommandOptions) => rewrite(inputs, options, context));
}

async function rewrite(given: readonly string[], options: RewriteCommandOptions, context: CliContext): Promise<void> {
  const announceUrls = (options.announce ?? context.loadConfig(options.config).tracker.announceUrls).map(
    parseAnnounceUrl,
  );
  if (announceUrls.length === 0) {
    throw new OperatorError('no announce URL; pass --announce URL or set tracker.announceUrls');
  }
  const inputs = rewriteInputs(given, options);
  const streams = inputs.some((each) => each.kind === 'file' && each.output === STANDARD_STREAM);
  if (streams && options.json) {
    throw new OperatorError('the torrent and --json both go to standard output; choose one');
  }
  if (streams && inputs.length > 1)
    throw new OperatorError('- takes one torrent; rewrite the others by another command');
  const keepOriginal = options.keepOriginalTrackers ?? options.keepOriginal ?? false;
  // Imported here, so that the other commands start fast.
  const { createDocumentReader } = await import('../../app/document-reader.js');
  const documents = createDocumentReader({ name: 'rewrite' });
  const rewriting: Rewriting = {
    options: { announceUrls, keepOriginal },
    prove: (bytes, about) =>
      documents.run(
        'rewriteWithProof',
        { bytes, options: rewriting.options },
        { about: basename(about), signal: context.signal },
      ),
    files: new TorrentFiles(inputs.flatMap((each) => (each.kind === 'file' ? [each.input] : []))),
    inPlace: options.inPlace ?? false,
    context,
  };
  const outcomes: Outcome[] = [];
  try {
    for (const input of inputs) {
      const outcome = await rewriteOne(input, rewriting);
      outcomes.push(outcome);
      if ('error' in outcome && inputs.length > 1) context.stderr.write(`alias-tracker: ${errorOf(outcome)}\n`);
    }
  } finally {
    await documents.close();
  }
  report(outcomes, { streams: options.output === STANDARD_STREAM || streams, json: options.json ?? false }, context);
}

interface Rewriting {
  readonly options: { readonly announceUrls: readonly string[]; readonly keepOriginal: boolean };
  readonly prove: (bytes: Uint8Array, about: string) => Promise<ProvenRewriting>;
  readonly files: TorrentFiles;
  readonly inPlace: boolean;
  readonly context: CliContext;
}

/** @throws the signal's reason if the command is stopped */
async function rewriteOne(input: RewriteInput, rewriting: Rewriting): Promise<Outcome> {
  try {
    if (input.kind === 'unreadable') throw new Error(input.reason);
    return input.kind === 'magnet' ? rewriteLink(input.input, rewriting) : await rewriteFile(input, rewriting);
  } catch (thrown) {
    rewriting.context.signal.throwIfAborted();
    const isPrivate = thrown instanceof ClientError && thrown.code === 'private-torrent';
    return { input: input.input, status: isPrivate ? 'private' : 'failed', error: messageOf(thrown) };
  }
}

function rewriteLink(link: string, { options }: Rewriting): Rewritten {
  const before = parseMagnet(link);
  const magnet = rewriteMagnet(link, options);
  const after = parseMagnet(magnet);
  if (before.infoHash !== after.infoHash) {
    throw new Error('the rewritten link has another info-hash, so it was not written; please report this');
  }
  const { infoHash, hybridInfoHash, name = infoHash } = before;
  return {
    input: link,
    status: 'rewritten',
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

async function rewriteFile(
  { input, output }: Extract<RewriteInput, { kind: 'file' }>,
  { prove, files, inPlace, context }: Rewriting,
): Promise<Rewritten> {
  const original = input === STANDARD_STREAM ? await readStream(context.stdin) : readTorrentFile(input);
  try {
    const { bytes, ...proof } = await prove(original, input);
    if (output === STANDARD_STREAM) context.stdout.write(bytes);
    const isWritten = output === STANDARD_STREAM || files.write(input, output, bytes, inPlace);
    return {
      input,
      status: isWritten ? 'rewritten' : 'unchanged',
      output: output === STANDARD_STREAM ? undefined : output,
      magnet: undefined,
      ...proof,
    };
  } catch (thrown) {
    const isPrivate = thrown instanceof ClientError && thrown.code === 'private-torrent';
    if (isPrivate && input === STANDARD_STREAM && output === STANDARD_STREAM) context.stdout.write(original);
    throw thrown;
  }
}

/** @throws OperatorError if a torrent was not rewritten */
function report(
  outcomes: readonly Outcome[],
  { streams, json }: { readonly streams: boolean; readonly json: boolean },
  { stdout, stderr }: CliContext,
): void {
  const missing = outcomes.filter((each): each is NotRewritten => 'error' in each);
  const done = outcomes.filter((each): each is Rewritten => !('error' in each));
  const [only] = outcomes;
  if (json) stdout.write(`${JSON.stringify(outcomes)}\n`);
  else if (streams) {
    // Standard output has nothing but the torrent, or the links.
    for (const { magnet } of done) if (magnet !== undefined) stdout.write(`${magnet}\n`);
    if (only?.status === 'private' && only.input === STANDARD_STREAM) {
      stderr.write(`alias-tracker: standard input passes unchanged: ${only.error}\n`);
      return;
    }
  } else if (outcomes.length === 1) stdout.write(done.map(show).join(''));
  else {
    const rows = done.map((each) => [each.input, each.status, each.output ?? each.magnet ?? '', each.infoHash]);
    stdout.write(`${formatTable(['torrent', 'status', 'written', 'info-hash'], rows)}${summary(outcomes)}\n`);
  }
  if (missing.length === 0) return;
  const what =
    outcomes.length === 1
      ? errorOf(missing[0]!)
      : `${missing.length} of ${outcomes.length} torrents were not rewritten`;
  throw new OperatorError(what, { code: 'failed' });
}

function errorOf({ input, error }: NotRewritten): string {
  const name = input === STANDARD_STREAM ? 'standard input' : maskUrlSecrets(input.slice(0, 200));
  return terminalLine(`${name}: ${error}`);
}

/** `3 rewritten, 1 private, 2 failed`. */
function summary(outcomes: readonly Outcome[]): string {
  const counts = new Map<string, number>();
  for (const { status } of outcomes) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
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
    [done.status === 'unchanged' ? 'already in' : 'written', done.output ?? done.magnet ?? STANDARD_STREAM],
  ];
  return formatTable(['torrent', done.name], rows);
}
