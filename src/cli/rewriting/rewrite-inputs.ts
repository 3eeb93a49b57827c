/**
 * What `rewrite` is to do: each torrent file with the file that it becomes. Directories are walked, without following links.
 * A second run finds the files of the first one and takes them for what they are: it neither renames them again nor rewrites
 * a rewritten file beside its original.
 */
import { existsSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { messageOf, OperatorError } from '../../domain/errors.js';

export const STANDARD_STREAM = '-';
const REWRITTEN = /\.alias\.torrent$/i;
const MAGNET = /^magnet:/i;
const TORRENT = /\.torrent$/i;

export interface OutputChoice {
  /** `--output`. */
  readonly output?: string | undefined;
  /** Each file replaces itself. */
  readonly inPlace?: boolean | undefined;
}

export type RewriteInput =
  | { readonly kind: 'magnet'; readonly input: string }
  | { readonly kind: 'file'; readonly input: string; readonly output: string }
  /** A directory that cannot be read. */
  | { readonly kind: 'unreadable'; readonly input: string; readonly reason: string };

interface Found {
  readonly path: string;
  /** Where it lies below the output directory. */
  readonly below: string;
}

/** @param given as on the command line @throws OperatorError `usage` if inputs and output do not fit together */
export function rewriteInputs(given: readonly string[], { output, inPlace }: OutputChoice): RewriteInput[] {
  if (inPlace && output !== undefined)
    throw new OperatorError('--in-place and --output exclude each other; choose one');
  const isDirectory = output !== undefined && isOutputDirectory(output, given);
  const found: (Found | RewriteInput)[] = given.flatMap((input): (Found | RewriteInput)[] => {
    if (MAGNET.test(input)) return [{ kind: 'magnet', input }];
    if (input === STANDARD_STREAM || statOf(input)?.isDirectory() !== true)
      return [{ path: input, below: basename(input) }];
    return torrentsIn(input, isDirectory ? output : undefined);
  });
  const files = found.filter((each) => 'path' in each);
  if (output !== undefined && !isDirectory && files.length > 1) {
    const where = output === STANDARD_STREAM ? 'standard output takes one torrent' : `${output} is one file`;
    throw new OperatorError(`${files.length} torrents were given, but ${where}; pass a directory with -o`);
  }
  if (found.length === 0) throw new OperatorError(`no torrent was found in ${given.join(', ')}`, { code: 'failed' });
  const outputs = new Set(files.flatMap(({ path }) => (REWRITTEN.test(path) ? [] : [rewrittenName(resolve(path))])));
  const seen = new Set<string>();
  return found.flatMap((each): RewriteInput[] => {
    if (!('path' in each)) return [each];
    const { path, below } = each;
    if (seen.has(resolve(path))) return [];
    seen.add(resolve(path));
    if (!inPlace && outputs.has(resolve(path))) return [];
    return [{ kind: 'file', input: path, output: inPlace ? path : outputOf(path, below, output, isDirectory) }];
  });
}

/** A place that does not exist yet becomes a directory if it is written as one, or if it takes more than one torrent. */
function isOutputDirectory(output: string, given: readonly string[]): boolean {
  if (output === STANDARD_STREAM) return false;
  const stat = statOf(output);
  if (stat !== undefined) return stat.isDirectory();
  if (TORRENT.test(output)) return false;
  const files = given.filter((input) => !MAGNET.test(input));
  return /[\\/]$/.test(output) || files.length > 1 || files.some((input) => statOf(input)?.isDirectory() === true);
}

function outputOf(path: string, below: string, output: string | undefined, isDirectory: boolean): string {
  if (output !== undefined && !isDirectory) return output;
  if (path === STANDARD_STREAM) return STANDARD_STREAM;
  return isDirectory ? rewrittenName(join(output!, below)) : rewrittenName(path);
}

/** `NAME.alias.torrent`; a file that has such a name keeps it. */
function rewrittenName(path: string): string {
  return REWRITTEN.test(path) ? path : `${path.replace(TORRENT, '')}.alias.torrent`;
}

/** @param except an output directory inside it, so that a second run does not take the files of the first */
function torrentsIn(directory: string, except: string | undefined): (Found | RewriteInput)[] {
  const avoided = except === undefined || !existsSync(except) ? undefined : realpathSync(except);
  const found: (Found | RewriteInput)[] = [];
  const walk = (folder: string): void => {
    try {
      if (folder !== directory && avoided !== undefined && realpathSync(folder) === avoided) return;
      const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const entry of entries) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) walk(path);
        else if (TORRENT.test(entry.name)) found.push({ path, below: relative(directory, path) });
      }
    } catch (thrown) {
      found.push({ kind: 'unreadable', input: folder, reason: messageOf(thrown) });
    }
  };
  walk(directory);
  return found;
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
