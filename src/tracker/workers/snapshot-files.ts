/**
 * Where the workers keep their swarms: one file each, whose name says which part of how many it holds. After the number of
 * workers has changed, each takes its swarms out of the files of the earlier number, which are removed once all have saved theirs.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { setSnapshotAside } from '../snapshot-file.js';
import type { WorkerShare } from './owner.js';
import { MAX_WORKERS } from './worker-count.js';

/** @param file of a single worker: `swarms.snapshot` becomes `swarms-2-of-4.snapshot` */
export function snapshotFileOf(file: string, { index, count }: WorkerShare): string {
  if (count === 1) return file;
  const extension = extname(file);
  return join(dirname(file), `${basename(file, extension)}-${index + 1}-of-${count}${extension}`);
}

/** The files of all workers. */
export function snapshotFilesOf(file: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => snapshotFileOf(file, { index, count }));
}

/**
 * The files of the latest complete snapshot by another number of workers.
 * @param file of a single worker. @param count the number of workers now
 * @returns empty if there is none
 */
export async function snapshotsOfOtherCount(file: string, count: number): Promise<string[]> {
  let latest: { readonly files: string[]; readonly atMs: number } | undefined;
  for (const other of await countsOf(file)) {
    if (other === count) continue;
    const files = snapshotFilesOf(file, other);
    const times = await Promise.all(files.map(modifiedAtMs));
    const atMs = Math.min(...times);
    // One that is missing has the time −1: the others alone would bring back a part of the swarms as if they were all.
    if (atMs >= 0 && atMs > (latest?.atMs ?? -1)) latest = { files, atMs };
  }
  return latest?.files ?? [];
}

/** Removes the snapshots of every other number of workers. @param setAside renames them instead */
export async function removeSnapshotsOfOtherCounts(file: string, count: number, setAside = false): Promise<void> {
  for (const other of await countsOf(file)) {
    if (other === count) continue;
    for (const each of snapshotFilesOf(file, other)) {
      if (!setAside) await rm(each, { force: true });
      else if ((await modifiedAtMs(each)) >= 0) await setSnapshotAside(each);
    }
  }
}

/** The numbers of workers of which at least one file exists. */
async function countsOf(file: string): Promise<number[]> {
  const extension = extname(file);
  const start = `${basename(file, extension)}-`;
  const names = await readdir(dirname(file)).catch(() => []);
  const counts = names.flatMap((name) => {
    if (name === basename(file)) return [1];
    if (!name.startsWith(start) || !name.endsWith(extension)) return [];
    const part = /^(\d+)-of-(\d+)$/.exec(name.slice(start.length, name.length - extension.length));
    return part === null ? [] : [Number(part[2])];
  });
  return [...new Set(counts)].filter((count) => count >= 1 && count <= MAX_WORKERS);
}

async function modifiedAtMs(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => -1,
  );
}
