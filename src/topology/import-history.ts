/**
 * What `topology undo` needs: the kind of each import and the files that it replaced, next to the imported files. It is written
 * before the import, so that an interrupted import can be undone too.
 */
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, OperatorError } from '../domain/errors.js';
import type { ImportKind } from './load-topology-file.js';

/** Imports that can be undone; each keeps a copy of the files that it replaced. */
const MAX_STEPS = 10;
const RECORD = 'import.json';

export interface ImportStep {
  readonly kind: ImportKind;
  /** The file that was imported, as it was named. */
  readonly from: string;
  /** Names of the files of this kind before the import, which are kept with the record. */
  readonly replaced: readonly string[];
}

/** @param names the files of the import directory that an import may replace or remove */
export async function recordImport(
  directory: string,
  step: Pick<ImportStep, 'kind' | 'from'>,
  names: readonly string[],
): Promise<void> {
  const steps = await stepsOf(directory);
  const number = (steps.at(-1) ?? 0) + 1;
  const folder = folderOf(directory, number);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of names) await copyWithAge(join(directory, name), join(folder, name));
  const record: ImportStep = { ...step, replaced: names };
  await writeFile(join(folder, RECORD), `${JSON.stringify(record)}\n`);
  for (const old of steps.slice(0, Math.max(0, steps.length + 1 - MAX_STEPS))) {
    await rm(folderOf(directory, old), { recursive: true, force: true });
  }
}

/**
 * Takes the latest import back.
 * @param names the files of a kind that are there now
 * @throws OperatorError if there is none, or it cannot be undone
 */
export async function undoImport(
  directory: string,
  names: (kind: ImportKind) => Promise<readonly string[]>,
): Promise<ImportStep> {
  const latest = (await stepsOf(directory)).at(-1);
  if (latest === undefined) throw new OperatorError('there is no import to undo', { code: 'not-found' });
  const folder = folderOf(directory, latest);
  try {
    const step = JSON.parse(await readFile(join(folder, RECORD), 'utf8')) as ImportStep;
    for (const name of step.replaced) {
      const temporary = join(directory, `${name}.new`);
      await copyWithAge(join(folder, name), temporary);
      await rename(temporary, join(directory, name));
    }
    for (const name of await names(step.kind)) {
      if (!step.replaced.includes(name)) await rm(join(directory, name), { force: true });
    }
    await rm(folder, { recursive: true, force: true });
    return step;
  } catch (thrown) {
    throw new OperatorError(`cannot undo the import: ${messageOf(thrown)}`, {
      code: 'file-access',
      cause: thrown,
    });
  }
}

/** Numbers in order, the latest last. */
async function stepsOf(directory: string): Promise<number[]> {
  const names: string[] = await readdir(join(directory, 'undo')).catch(() => []);
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

function folderOf(directory: string, number: number): string {
  return join(directory, 'undo', String(number));
}

/** The modification time is the age of the data. */
async function copyWithAge(from: string, to: string): Promise<void> {
  const { atimeMs, mtimeMs } = await stat(from);
  await copyFile(from, to);
  await utimes(to, atimeMs / 1000, mtimeMs / 1000);
}
