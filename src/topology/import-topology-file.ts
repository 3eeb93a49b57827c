/**
 * Takes a data file into the directory that the tracker reads beside its configured files. The file is read in full first;
 * it takes the place of the one imported before by renaming, so the tracker sees the old or the new one, never half.
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
  /** Imports also what `planImport` refuses. */
  readonly force: boolean;
  /** Only the plan. */
  readonly dryRun: boolean;
}

export interface ImportResult {
  readonly plan: ImportPlan;
  /** The file the tracker will read; `undefined` where nothing was written. */
  readonly path: string | undefined;
}

/** @throws OperatorError if the file cannot be used, or is refused without force (the refusal in the message) */
export async function importTopologyFile(request: ImportRequest): Promise<ImportResult> {
  const { directory, kind, file } = request;
  const next = await loadTopologyFile(kind, file);
  const path = join(directory, slotOf(next, kind));
  const previous = (await importedFiles(directory)).find((imported) => imported.path === path);
  const before = previous === undefined ? undefined : await loadTopologyFile(kind, path).catch(() => undefined);
  const plan = planImport(before?.content, next.content);
  if (plan.refusal !== undefined && !request.force && !request.dryRun) {
    throw new OperatorError(`${file} is not imported: ${plan.refusal}; --force imports it all the same`, {
      exitCode: 1,
    });
  }
  if (request.dryRun) return { plan, path: undefined };
  const temporary = `${path}.new`;
  try {
    await mkdir(directory, { recursive: true });
    await copyFile(file, temporary);
    // The age of the data is that of the file it came in.
    await utimes(temporary, next.modifiedAtMs / 1000, next.modifiedAtMs / 1000);
    await rename(temporary, path);
    // A file of both families says all that those of one family said.
    if (path === join(directory, `${kind}.data`)) {
      for (const family of [4, 6]) await rm(join(directory, `${kind}-ipv${family}.data`), { force: true });
    }
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw new OperatorError(`cannot write ${path}: ${messageOf(thrown)}`, { exitCode: 1, cause: thrown });
  }
  return { plan, path };
}

/** What has been imported. Of one kind, the file of both families comes first: those of one family are newer. */
export async function importedFiles(directory: string): Promise<{ kind: ImportKind; path: string }[]> {
  const names: string[] = await readdir(directory).catch(() => []);
  return IMPORT_KINDS.flatMap((kind) =>
    [`${kind}.data`, `${kind}-ipv4.data`, `${kind}-ipv6.data`]
      .filter((name) => names.includes(name))
      .map((name) => ({ kind, path: join(directory, name) })),
  );
}

/** IPv4 and IPv6 mostly come in files of their own, so each has a place of its own. */
function slotOf({ content }: LoadedTopologyFile, kind: ImportKind): string {
  if (content.holds !== 'addresses') return `${kind}.data`;
  const { ipv4Count, ipv6Count } = content.database;
  return ipv4Count === 0 || ipv6Count === 0 ? `${kind}-ipv${ipv4Count === 0 ? 6 : 4}.data` : `${kind}.data`;
}
