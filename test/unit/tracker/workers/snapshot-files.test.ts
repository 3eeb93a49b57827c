/** The names of the workers' snapshots, and which of them count after the number of workers has changed. */
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  removeSnapshotsOfOtherCounts,
  snapshotFileOf,
  snapshotFilesOf,
  snapshotsOfOtherCount,
} from '../../../../src/tracker/workers/snapshot-files.js';

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'snapshot-files-'));
  file = join(directory, 'swarms.snapshot');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function write(path: string, atSeconds: number): Promise<void> {
  await writeFile(path, 'x');
  await utimes(path, atSeconds, atSeconds);
}

const left = async (): Promise<string[]> => (await readdir(directory)).sort();

describe('snapshots of several workers', () => {
  it('have the part of each in their names; a single worker’s is as it was', () => {
    expect(snapshotFileOf('/d/swarms.snapshot', { index: 0, count: 1 })).toBe('/d/swarms.snapshot');
    expect(snapshotFilesOf('/d/swarms.snapshot', 2)).toEqual([
      '/d/swarms-1-of-2.snapshot',
      '/d/swarms-2-of-2.snapshot',
    ]);
  });

  it('of another number are found: the latest that are complete', async () => {
    expect(await snapshotsOfOtherCount(file, 2)).toEqual([]);
    await write(file, 100);
    expect(await snapshotsOfOtherCount(file, 2)).toEqual([file]);
    expect(await snapshotsOfOtherCount(file, 1)).toEqual([]);
    for (const each of snapshotFilesOf(file, 3)) await write(each, 200);
    expect(await snapshotsOfOtherCount(file, 2)).toEqual(snapshotFilesOf(file, 3));
    // Its oldest file says how much of it is late.
    await write(snapshotFilesOf(file, 3)[1]!, 50);
    expect(await snapshotsOfOtherCount(file, 2)).toEqual([file]);
    await rm(file);
    await rm(snapshotFilesOf(file, 3)[0]!);
    expect(await snapshotsOfOtherCount(file, 2)).toEqual([]);
  });

  it('of another number are removed or set aside; other files stay', async () => {
    const others = [file, ...snapshotFilesOf(file, 3)];
    for (const each of [...others, ...snapshotFilesOf(file, 2)]) await write(each, 1);
    for (const name of [
      'swarms.snapshot.writing',
      'swarms-1-of-x.snapshot',
      'swarms-1-of-4000.snapshot',
      'catalogue.db',
    ]) {
      await write(join(directory, name), 1);
    }
    const kept = [
      'catalogue.db',
      'swarms-1-of-2.snapshot',
      'swarms-1-of-4000.snapshot',
      'swarms-1-of-x.snapshot',
      'swarms-2-of-2.snapshot',
      'swarms.snapshot.writing',
    ];
    await rm(others[3]!);
    await removeSnapshotsOfOtherCounts(file, 2, true);
    expect(await left()).toEqual(
      [...kept, 'swarms-1-of-3.snapshot.damaged', 'swarms-2-of-3.snapshot.damaged', 'swarms.snapshot.damaged'].sort(),
    );
    for (const each of others) await write(each, 1);
    await removeSnapshotsOfOtherCounts(file, 2);
    expect((await left()).filter((name) => !name.endsWith('.damaged'))).toEqual(kept);
  });
});
