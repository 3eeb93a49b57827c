/** Writes the files of an export: each whole to a temporary file, which then replaces the old one. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, parse, resolve } from 'node:path';
import { messageOf, OperatorError } from '../../domain/errors.js';
import type { Exported, ExportedFile, ExportFormat } from './export-format.js';

export interface ExportOrigin {
  readonly version: string;
  readonly configFile: string;
  /** RFC 3339. */
  readonly madeAt: string;
  /** Where the names come from: the running tracker, or the configuration alone. */
  readonly source: string;
}

/** `redirections.conf` and part `rpz`, ending `.zone`: `redirections-rpz.zone` beside it. */
export function pathOfPart(out: string, { part, ending }: Pick<ExportedFile, 'part' | 'ending'>): string {
  if (part === 'main') return resolve(out);
  return join(dirname(resolve(out)), `${parse(out).name}-${part}${ending}`);
}

/** The files of a format, at their paths. Paths depend on the endings, which do not depend on paths. */
export function filesOf(format: ExportFormat, exported: Exported, out: string): readonly ExportedFile[] {
  const endings = new Map(format.files(exported, () => '').map(({ part, ending }) => [part, ending]));
  return format.files(exported, (part) => pathOfPart(out, { part, ending: endings.get(part) ?? '' }));
}

export function fileText({ about, comment, text }: ExportedFile, origin: ExportOrigin): string {
  const head = [
    ...about,
    `Made by alias-tracker ${origin.version} at ${origin.madeAt} from ${origin.configFile} (${origin.source}).`,
    'Changes here are lost: alias-tracker dns export writes this file again.',
  ];
  return `${head.map((line) => `${comment} ${line}\n`).join('')}${text}`;
}

/**
 * Writes the files whose text differs, the main one last, so that it never names one that is missing.
 * @returns their parts
 * @throws OperatorError if a file cannot be written
 */
export function writeExport(files: readonly ExportedFile[], out: string, origin: ExportOrigin): ReadonlySet<string> {
  const inOrder = [...files].sort((a, b) => Number(a.part === 'main') - Number(b.part === 'main'));
  const changed = inOrder.filter((file) => !isWritten(pathOfPart(out, file), file));
  for (const file of changed) replaceFile(pathOfPart(out, file), fileText(file, origin));
  return new Set(changed.map(({ part }) => part));
}

/** Compares the text without its head and the serial of a zone. */
function isWritten(path: string, { comment, text }: ExportedFile): boolean {
  const essence = (whole: string): string =>
    whole
      .split('\n')
      .filter((line) => !line.startsWith(`${comment} `))
      .join('\n')
      .replace(/(IN SOA \S+ \S+) \d+/, '$1');
  try {
    return essence(readFileSync(path, 'utf8')) === essence(text);
  } catch {
    return false; // missing or unreadable
  }
}

function replaceFile(path: string, text: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
  try {
    const file = openSync(temporary, 'w', 0o644);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (thrown) {
    rmSync(temporary, { force: true });
    throw new OperatorError(`cannot write ${path}: ${messageOf(thrown)}; choose another place with -o`, {
      code: 'file-access',
      cause: thrown,
    });
  }
}
