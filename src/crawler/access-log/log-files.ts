/**
 * Finds the files of an access log: the one that is written, and those that were rotated away from it, by rename or copy,
 * with numbers or dates, compressed or not.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';

/** `.1`, `.0.gz`, `-20261130`, `.2026-11-30.gz`: suffixes of logrotate, Squid, cronolog and newsyslog. */
const ROTATED = /^(?:[.-](?:\d{1,4}|\d{8}(?:[-_T]?\d{2,10})?|\d{4}-\d\d-\d\d(?:[-_T]\d{2,6})?))?(?:\.gz)?$/;
const DATED = /^[.-]\d{4}-?\d\d-?\d\d/;
const EXTENSION = /\.[A-Za-z]\w*$/;
/** By its beginning a file is known again under another name. */
export const HEAD_BYTES = 1_024;
const CHUNK_BYTES = 1 << 20;

export interface LogFile {
  readonly path: string;
  readonly inode: number;
  readonly modifiedMs: number;
}

/** @returns the paths of logs without suffixes of rotation, each once @throws if a directory of a plain path is missing */
export async function logsOf(pattern: string): Promise<string[]> {
  if (!isPattern(pattern)) return [pattern];
  const found = new Set<string>();
  for (const path of await matchingPaths(pattern)) {
    const name = basename(path);
    const suffix = /(?:[.-]\d[\d_T-]*)?(?:\.gz)?$/.exec(name)![0];
    const current = path.slice(0, path.length - suffix.length);
    const isRotated = suffix !== '' && suffix !== name && ROTATED.test(suffix);
    // `cache-1` and `cache-2` are two caches, if there is no `cache`. In `access.log.1` and after a date it is rotation.
    const isOne = DATED.test(suffix) || EXTENSION.test(current) || (await isFile(current));
    found.add(isRotated && isOne ? current : path);
  }
  return [...found].sort();
}

/** True for a path with `*` or `?`. */
export function isPattern(path: string): boolean {
  return /[*?]/.test(path);
}

/** The files of a log, the oldest first, the one that is written last. A compressed copy beside its original is left out. */
export async function filesOf(log: string): Promise<LogFile[]> {
  const [folder, name] = [dirname(log), basename(log)];
  const names = (await readdir(folder)).filter(
    (each) => each.startsWith(name) && ROTATED.test(each.slice(name.length)),
  );
  const present = new Set(names);
  const files: LogFile[] = [];
  for (const each of names) {
    if (each.endsWith('.gz') && present.has(each.slice(0, -3))) continue;
    const path = join(folder, each);
    // It may be rotated away meanwhile.
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) files.push({ path, inode: found.ino, modifiedMs: found.mtimeMs });
  }
  const order = ({ path, modifiedMs }: LogFile): number => (path === log ? Number.POSITIVE_INFINITY : modifiedMs);
  return files.sort((a, b) => order(a) - order(b));
}

/** The digest of the first bytes of a log's content; undefined if it has fewer. */
export async function headOf({ path }: LogFile, bytes: number): Promise<string | undefined> {
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of contentOf(path, 0)) {
    const part = chunk.subarray(0, bytes - length);
    hash.update(part);
    length += part.length;
    if (length === bytes) return hash.digest('hex');
  }
  return length === bytes ? hash.digest('hex') : undefined;
}

/** The content of a log from an offset on, unpacked if it is compressed, in parts of up to a megabyte. */
export async function* contentOf(path: string, start: number): AsyncGenerator<Buffer, undefined> {
  if (!path.endsWith('.gz')) {
    const handle = await open(path);
    try {
      for (let offset = start; ; ) {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, offset);
        if (bytesRead === 0) return;
        offset += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  }
  const file = createReadStream(path);
  const unpacked = createGunzip({ chunkSize: CHUNK_BYTES });
  // An error of the file is one of the content.
  file.on('error', (error) => unpacked.destroy(error));
  try {
    let skip = start;
    for await (const chunk of file.pipe(unpacked)) {
      const bytes = chunk as Buffer;
      if (skip < bytes.length) yield bytes.subarray(skip);
      skip = Math.max(0, skip - bytes.length);
    }
  } finally {
    file.destroy();
    unpacked.destroy();
  }
}

/** `*` and `?` in any part of a path, as in a shell: neither matches a slash, nor a leading dot. */
async function matchingPaths(pattern: string): Promise<string[]> {
  let paths = ['/'];
  for (const part of pattern.split('/').filter((each) => each !== '')) {
    const next: string[] = [];
    for (const path of paths) {
      if (!isPattern(part)) next.push(join(path, part));
      else for (const name of await namesIn(path)) if (matchesName(part, name)) next.push(join(path, name));
    }
    paths = next;
  }
  const existing = await Promise.all(paths.map(async (path) => ((await isFile(path)) ? [path] : [])));
  return existing.flat();
}

function matchesName(pattern: string, name: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
  return (!name.startsWith('.') || pattern.startsWith('.')) && new RegExp(`^${escaped}$`).test(name);
}

async function namesIn(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
