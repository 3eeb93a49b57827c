/**
 * Makes a backup of a storage directory while the tracker may be running: a consistent copy of the database, checked, and
 * the imported topology files. Not the swarms, because clients announce again, and not certificates.
 */
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, OperatorError } from '../../domain/errors.js';
import { checkIntegrity, migrationsOf, openToRead } from '../sqlite/database.js';
import { type BackupManifest, describeFile, FORMAT, MANIFEST } from './backup-manifest.js';

export const BACKUP_DATABASE = 'alias-tracker.sqlite';
const PAGES_AT_ONCE = 2_000;
const TOPOLOGY = 'topology';

export interface BackupOptions {
  readonly database: string;
  /** Imported files; undefined or missing: there are none. */
  readonly topologyDirectory: string;
  /** A directory that does not exist yet, or a file that ends with `.tar`. */
  readonly output: string;
  readonly version: string;
  readonly createdAt: string;
  /** For tests. */
  readonly pagesAtOnce?: number;
  readonly onProgress?: ((percent: number) => void) | undefined;
}

/** @throws OperatorError if it cannot be made; then nothing is left of it */
export async function makeBackup(options: BackupOptions): Promise<BackupManifest> {
  const output = resolve(options.output);
  const isArchive = output.endsWith('.tar');
  await mkdir(dirname(output), { recursive: true });
  const made = await mkdtemp(join(dirname(output), '.backup-'));
  try {
    const manifest = await fill(made, options);
    if (isArchive) await archive(made, output);
    // Fails if the directory exists and is not empty.
    else await rename(made, output);
    return manifest;
  } catch (thrown) {
    if (thrown instanceof OperatorError) throw thrown;
    throw new OperatorError(`no backup was made: ${messageOf(thrown)}`, { code: 'failed', cause: thrown });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

async function fill(directory: string, options: BackupOptions): Promise<BackupManifest> {
  const copy = join(directory, BACKUP_DATABASE);
  const source = openToRead(options.database);
  let migrations: string[];
  try {
    // Otherwise each write of the tracker would restart the copy, and it might never end.
    source.exec('BEGIN');
    migrations = migrationsOf(source);
    await source.backup(copy, {
      progress: ({ totalPages, remainingPages }) => {
        options.onProgress?.(totalPages === 0 ? 0 : Math.floor((100 * (totalPages - remainingPages)) / totalPages));
        return options.pagesAtOnce ?? PAGES_AT_ONCE;
      },
    });
  } finally {
    source.close();
  }
  await chmod(copy, 0o600);
  checkIntegrity(copy);
  const imported = await copyImports(options.topologyDirectory, directory);
  const files = await Promise.all([BACKUP_DATABASE, ...imported].map((name) => describeFile(directory, name)));
  const { version, createdAt } = options;
  const manifest = { format: FORMAT, version, createdAt, migrations, files } as const;
  await writeFile(join(directory, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  return manifest;
}

async function copyImports(from: string, directory: string): Promise<string[]> {
  const names = await readdir(from, { withFileTypes: true }).catch(() => []);
  const files = names.filter((each) => each.isFile() && !each.name.startsWith('.')).map(({ name }) => name);
  if (files.length > 0) await mkdir(join(directory, TOPOLOGY), { mode: 0o700 });
  for (const name of files) await copyFile(join(from, name), join(directory, TOPOLOGY, name));
  return files.map((name) => `${TOPOLOGY}/${name}`);
}

async function archive(directory: string, output: string): Promise<void> {
  const part = `${output}.part`;
  try {
    // Created first, so that only its owner can read it.
    await writeFile(part, '', { mode: 0o600 });
    await promisify(execFile)('tar', ['-c', '-f', part, '-C', directory, '.']);
    await rename(part, output);
  } finally {
    await rm(part, { force: true });
  }
}
