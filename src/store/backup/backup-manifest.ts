/** What a backup consists of: a list of files with their hashes, beside the files. */
import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../../domain/errors.js';

export const MANIFEST = 'backup.json';
export const FORMAT = 1;
const CHUNK_BYTES = 1_048_576;

/** No way out of the directory. */
const path = z.string().regex(/^(?!\.)[A-Za-z0-9._-]{1,200}(\/(?!\.)[A-Za-z0-9._-]{1,200})?$/);

const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** Of the program. */
  version: z.string(),
  createdAt: z.string(),
  migrations: z.array(z.string()),
  files: z.array(z.strictObject({ path, bytes: z.int().min(0), sha256: z.string() })),
});
export type BackupManifest = Readonly<z.output<typeof manifestSchema>>;

export async function describeFile(directory: string, name: string): Promise<BackupManifest['files'][number]> {
  const file = join(directory, name);
  const hash = createHash('sha256');
  const handle = await open(file);
  try {
    let bytes = 0;
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES);
      if (bytesRead === 0) return { path: name, bytes, sha256: hash.digest('hex') };
      hash.update(chunk.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

/** @throws OperatorError if a file is missing or not the one that was backed up */
export async function readManifest(directory: string): Promise<BackupManifest> {
  let manifest: BackupManifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(await readFile(join(directory, MANIFEST), 'utf8')));
  } catch (cause) {
    throw new OperatorError(`this is not a backup of alias-tracker: its ${MANIFEST} is missing or invalid`, { cause });
  }
  for (const expected of manifest.files) {
    const found = await describeFile(directory, expected.path).catch(() => undefined);
    if (found?.sha256 !== expected.sha256) {
      throw new OperatorError(
        `the backup is damaged: ${expected.path} is ${found ? 'not as it was written' : 'missing'}`,
      );
    }
  }
  return manifest;
}
