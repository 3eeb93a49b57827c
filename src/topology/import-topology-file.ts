/**
 * Imports a data file into the directory that the tracker reads in addition to its configured files. The file is read and
 * checked completely first. A rename then replaces the previous import, so the tracker sees the old or the new file, never
 * a partial one.
 */
import { copyFile, mkdir, readdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, OperatorError } from '../domain/errors.js';
import { IMPORT_KINDS, type ImportKind, type LoadedTopologyFile, loadTopologyFile } from './load-topology-file.js';
import { type ImportPlan, planImport } from './plan-import.js';

export interface ImportRequest {
  readonly directory: string;
  readonly file: string;
  readonly kind: ImportKind;
  /** Import even if `planImport` refuses. */
  readonly force: boolean;
  /** Plan only; write nothing. */
  readonly dryRun: boolean;
}

export interface ImportResult {
  readonly plan: ImportPlan;
  /** The file that the tracker will read; `undefined` if nothing was written. */
  readonly path: string | undefined;
}

/** @throws OperatorError if the file cannot be used, or if the plan refuses it and `force` is not set */
export async function importTopologyFile(request: ImportRequest): Promise<ImportResult> {
  const { directory, kind, file } = request;
  const next = await loadTopologyFile(kind, file);
  const path = join(directory, slotOf(next, kind));
  const previous = (await importedFiles(directory)).find((imported) => imported.path === path);
  const before = previous === undefined ? undefined : await loadTopologyFile(kind, path).catch(() => undefined);
  const plan = planImport(before?.content, next.content);
  if (plan.refusal !== undefined && !request.force && !request.dryRun) {
    throw new OperatorError(`${file} is not imported: ${plan.refusal}; use --force to import it anyway`, {
      exitCode: 1,
    });
  }
  if (request.dryRun) return { plan, path: undefined };
  const temporary = `${path}.new`;
  try {
    await mkdir(directory, { recursive: true });
    await copyFile(file, temporary);
    // Keep the modification time: it is the age of the data.
    await utimes(temporary, next.modifiedAtMs / 1000, next.modifiedAtMs / 1000);
    await rename(temporary, path);
    // A file with both families replaces the files of one family.
    if (path === join(directory, `${kind}.data`)) {
      for (const family of [4, 6]) await rm(join(directory, `${kind}-ipv${family}.data`), { force: true });
    }
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw new OperatorError(`cannot write ${path}: ${messageOf(thrown)}`, { exitCode: 1, cause: thrown });
  }
  return { plan, path };
}

/** Imported files. The file with both families comes first, because the files of one family are newer. */
export async function importedFiles(directory: string): Promise<{ kind: ImportKind; path: string }[]> {
  const names: string[] = await readdir(directory).catch(() => []);
  return IMPORT_KINDS.flatMap((kind) =>
    [`${kind}.data`, `${kind}-ipv4.data`, `${kind}-ipv6.data`]
      .filter((name) => names.includes(name))
      .map((name) => ({ kind, path: join(directory, name) })),
  );
}

/** IPv4 and IPv6 data usually come in separate files, so each family has its own file here. */
function slotOf({ content }: LoadedTopologyFile, kind: ImportKind): string {
  if (content.holds !== 'addresses') return `${kind}.data`;
  const { ipv4Count, ipv6Count } = content.database;
  return ipv4Count === 0 || ipv6Count === 0 ? `${kind}-ipv${ipv4Count === 0 ? 6 : 4}.data` : `${kind}.data`;
}
