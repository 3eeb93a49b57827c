/**
 * Imports a data file into the directory that the tracker reads in addition to its configured files. The file is read and
 * checked completely first. A rename then replaces the previous import, so the tracker sees the old or the new file, never
 * a partial one.
 */
import { copyFile, mkdir, readdir, rename, rm, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, OperatorError } from '../domain/errors.js';
import { type ImportStep, recordImport, undoImport } from './import-history.js';
import {
  IMPORT_KINDS,
  type ImportKind,
  type LoadedTopologyFile,
  loadTopologyFile,
  type TopologyFileContent,
} from './load-topology-file.js';
import { type ImportPlan, planImport } from './plan-import.js';

export interface ImportRequest {
  readonly directory: string;
  readonly file: string;
  readonly kind: ImportKind;
  /** The file that the configuration names for this kind, if any. */
  readonly configured?: string | undefined;
  /** @returns what keeps the content from being used with the configuration; no force helps against that */
  readonly objections?: (content: TopologyFileContent) => readonly string[];
  /** Import even if `planImport` refuses. */
  readonly force: boolean;
  /** Plan only; write nothing. */
  readonly dryRun: boolean;
}

export interface ImportResult {
  readonly plan: ImportPlan;
  /** The file that the tracker will read; `undefined` if nothing was written. */
  readonly path: string | undefined;
  /** The file, configured or imported before, whose place it takes. */
  readonly replaces: string | undefined;
}

/** @throws OperatorError if the file cannot be used, or if the plan refuses it and `force` is not set */
export async function importTopologyFile(request: ImportRequest): Promise<ImportResult> {
  const { directory, kind, file } = request;
  const next = await loadTopologyFile(kind, file);
  const path = join(directory, slotOf(next, kind));
  const objections = request.objections?.(next.content) ?? [];
  if (objections.length > 0) throw new OperatorError(objections.join('\n'), { code: 'failed' });
  const imported = await importedFiles(directory);
  const previous = imported.find((each) => each.path === path)?.path;
  // Addresses of the configured file stay known beside imported ones; of other kinds the import is believed alone.
  const replaces = previous ?? (next.content.holds === 'addresses' ? undefined : request.configured);
  const before = replaces === undefined ? undefined : await loadTopologyFile(kind, replaces).catch(() => undefined);
  const plan = planImport(before?.content, next.content);
  if (plan.refusal !== undefined && !request.force && !request.dryRun) {
    throw new OperatorError(`${file} is not imported: ${plan.refusal}; use --force to import it anyway`, {
      code: 'failed',
    });
  }
  if (request.dryRun) return { plan, path: undefined, replaces };
  const temporary = `${path}.new`;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await recordImport(directory, { kind, from: file }, namesOf(kind, imported));
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
    throw new OperatorError(`cannot write ${path}: ${messageOf(thrown)}`, { code: 'file-access', cause: thrown });
  }
  return { plan, path, replaces };
}

/** Takes the latest import back, whatever it was. @throws OperatorError if there is none */
export async function undoTopologyImport(directory: string): Promise<ImportStep> {
  return undoImport(directory, async (kind) => namesOf(kind, await importedFiles(directory)));
}

function namesOf(kind: ImportKind, imported: readonly { kind: ImportKind; path: string }[]): string[] {
  return imported.filter((each) => each.kind === kind).map(({ path }) => basename(path));
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
