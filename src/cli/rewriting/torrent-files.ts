/**
 * Reads and writes torrent files for `rewrite`. A file is written beside its place and then renamed, so that it is there
 * whole or not at all. No input is replaced, unless that is its own output.
 */
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { MAX_TORRENT_BYTES } from '../../wire/metainfo-limits.js';

/** @throws Error that says why the file cannot be read */
export function readTorrentFile(path: string): Uint8Array {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new Error('no such file');
  if (!stat.isFile()) throw new Error('is not a file; pass - to read standard input');
  if (stat.size > MAX_TORRENT_BYTES) throw new Error(`is larger than ${MAX_TORRENT_BYTES} bytes`);
  return readFileSync(path);
}

/** @throws Error if it is longer than torrents are */
export async function readStream(stream: NodeJS.ReadableStream): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of stream) {
    const buffer = Buffer.from(part as Uint8Array);
    bytes += buffer.length;
    if (bytes > MAX_TORRENT_BYTES) throw new Error(`is larger than ${MAX_TORRENT_BYTES} bytes`);
    parts.push(buffer);
  }
  return Buffer.concat(parts);
}

export class TorrentFiles {
  readonly #inputs: ReadonlySet<string>;
  readonly #written = new Map<string, string>();

  /** @param inputs every file that is read */
  constructor(inputs: readonly string[]) {
    this.#inputs = new Set(inputs.flatMap((path) => identityOf(path) ?? []));
  }

  /**
   * @param isTold true: the output may be the input
   * @returns false if the file has these bytes already
   * @throws Error that says why it is not written
   */
  write(input: string, output: string, bytes: Uint8Array, isTold: boolean): boolean {
    const before = statSync(output, { throwIfNoEntry: false });
    const other = this.#written.get(resolve(output));
    if (other !== undefined) throw new Error(`${output} was written for ${other}; rewrite them one by one`);
    if (before?.isFile() && before.size === bytes.length && readFileSync(output).equals(bytes)) {
      this.#written.set(resolve(output), input);
      return false;
    }
    const identity = identityOf(output);
    if (!isTold && identity !== undefined && this.#inputs.has(identity)) {
      throw new Error(`the output would replace the input ${output}; pass --in-place, or another place with -o`);
    }
    writeWhole(output, bytes, before);
    this.#written.set(resolve(output), input);
    return true;
  }
}

/** @param before the file that is replaced: its permissions stay */
function writeWhole(path: string, bytes: Uint8Array, before: Stats | undefined): void {
  // A link stays a link.
  const target = before === undefined ? path : realpathSync(path);
  mkdirSync(dirname(target), { recursive: true });
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, bytes, { flag: 'wx', ...(before === undefined ? {} : { mode: before.mode & 0o777 }) });
    renameSync(temporary, target);
  } catch (thrown) {
    rmSync(temporary, { force: true });
    throw thrown;
  }
}

/** The same for all names of a file. */
function identityOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? undefined : `${stat.dev} ${stat.ino}`;
}
