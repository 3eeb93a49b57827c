/**
 * Puts a backup in the place of the data of a storage directory. The backup is checked first, the tracker must not run, and
 * the data that was there is kept beside it.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, OperatorError } from '../../domain/errors.js';
import { checkIntegrity, unknownMigrations } from '../sqlite/database.js';
import { lockStorage } from '../sqlite/instance-lock.js';
import { type BackupManifest, MANIFEST, readManifest } from './backup-manifest.js';

/** What a backup replaces; the swarms of another time are of no use beside it. */
const REPLACED = ['alias-tracker.sqlite', 'alias-tracker.sqlite-wal', 'alias-tracker.sqlite-shm', 'topology'];

export interface RestoreOptions {
  /** A directory, or a `.tar` file. */
  readonly backup: string;
  readonly storageDirectory: string;
  /** Replaces data that is there. */
  readonly force: boolean;
  /** For the name of the directory in which old data is kept. */
  readonly nowMs: number;
}

export interface Restored {
  readonly manifest: BackupManifest;
  /** Where the data that was there is now; undefined if there was none. */
  readonly keptIn: string | undefined;
}

/** @throws OperatorError; then the data that was there is in its place */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { storageDirectory, force, nowMs } = options;
  await mkdir(storageDirectory, { recursive: true, mode: 0o700 });
  const release = lockStorage(storageDirectory);
  const unpacked = await mkdtemp(join(storageDirectory, '.restore-'));
  try {
    await unpack(resolve(options.backup), unpacked);
    const manifest = await readManifest(unpacked);
    const newer = unknownMigrations(manifest.migrations);
    if (newer.length > 0) {
      throw new OperatorError(`the backup is of a newer alias-tracker (it has ${newer.join(', ')}); upgrade first`);
    }
    for (const { path } of manifest.files) if (path.endsWith('.sqlite')) checkIntegrity(join(unpacked, path));
    const present = (await readdir(storageDirectory)).filter((name) => REPLACED.includes(name));
    if (present.length > 0 && !force) {
      throw new OperatorError(
        `${storageDirectory} has data already; with --force it is kept beside the restored data, and replaced`,
      );
    }
    const keptIn = join(storageDirectory, `before-restore-${new Date(nowMs).toISOString().replace(/[:.]/g, '')}`);
    if (present.length > 0) await mkdir(keptIn, { mode: 0o700 });
    await replace({ present, keptIn, storageDirectory, unpacked });
    return { manifest, keptIn: present.length > 0 ? keptIn : undefined };
  } catch (thrown) {
    if (thrown instanceof OperatorError) throw thrown;
    throw new OperatorError(`nothing was restored: ${messageOf(thrown)}`, { code: 'failed', cause: thrown });
  } finally {
    await rm(unpacked, { recursive: true, force: true });
    release();
  }
}

interface Replacement {
  readonly present: readonly string[];
  readonly keptIn: string;
  readonly storageDirectory: string;
  readonly unpacked: string;
}

/** Renames only, so that it is done at once; what was renamed is put back if one fails. */
async function replace({ present, keptIn, storageDirectory, unpacked }: Replacement): Promise<void> {
  const done: [from: string, to: string][] = [];
  const move = async (from: string, to: string): Promise<void> => {
    await rename(from, to);
    done.push([from, to]);
  };
  try {
    for (const name of present) await move(join(storageDirectory, name), join(keptIn, name));
    for (const name of await readdir(unpacked)) {
      if (REPLACED.includes(name)) await move(join(unpacked, name), join(storageDirectory, name));
    }
  } catch (thrown) {
    for (const [from, to] of done.reverse()) await rename(to, from).catch(() => {});
    throw thrown;
  }
}

async function unpack(backup: string, directory: string): Promise<void> {
  const found = await stat(backup).catch(() => undefined);
  if (found === undefined) throw new OperatorError(`there is no backup ${backup}`, { code: 'file-access' });
  if (found.isDirectory()) {
    for (const name of [MANIFEST, ...REPLACED]) {
      await cp(join(backup, name), join(directory, name), { recursive: true }).catch((thrown: unknown) => {
        if (!/ENOENT/.test(messageOf(thrown))) throw thrown;
      });
    }
    return;
  }
  try {
    // Names that lead out of the directory are refused by tar.
    await promisify(execFile)('tar', ['-x', '-o', '-f', backup, '-C', directory]);
  } catch (cause) {
    throw new OperatorError(`${backup} is not a backup of alias-tracker: ${messageOf(cause).split('\n')[0]}`, {
      cause,
    });
  }
}
