/**
 * The file in which swarms outlive the process. It is written beside its name, forced to disk and then renamed, so that
 * what bears the name is always whole; one that turns out damaged is set aside, never deleted. What is in it is
 * swarm/snapshot-codec's business. The control plane writes it: a slow disk does not hold up an answer.
 */
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCodeOf, messageOf, OperatorError } from '../domain/errors.js';

/** @returns null if there is none yet. @throws OperatorError if there is one that cannot be read */
export async function readSnapshotFile(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    if (errorCodeOf(cause) === 'ENOENT') return null;
    throw new OperatorError(`cannot read the swarm snapshot ${path}: ${messageOf(cause)}`, {
      code: 'file-access',
      cause,
    });
  }
}

/** @returns the name it has now; an older one of that name is replaced */
export async function setSnapshotAside(path: string): Promise<string> {
  const aside = `${path}.damaged`;
  await rename(path, aside);
  return aside;
}

/** One snapshot on its way to the disk: `append` in order, then `commit`, or `discard`. */
export class SnapshotWriter {
  private readonly path: string;
  private readonly temporary: string;
  private readonly file: FileHandle;

  private constructor(path: string, temporary: string, file: FileHandle) {
    this.path = path;
    this.temporary = temporary;
    this.file = file;
  }

  static async open(path: string): Promise<SnapshotWriter> {
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.writing`;
    return new SnapshotWriter(path, temporary, await open(temporary, 'w', 0o600));
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.file.writeFile(bytes);
  }

  async commit(): Promise<void> {
    await this.file.sync();
    await this.file.close();
    await rename(this.temporary, this.path);
    // The rename itself must survive a power failure too; where a directory cannot be opened, it is left to the system.
    const directory = await open(dirname(this.path), 'r').catch(() => null);
    await directory?.sync().catch(() => {});
    await directory?.close();
  }

  async discard(): Promise<void> {
    await this.file.close().catch(() => {});
    await rm(this.temporary, { force: true });
  }
}
