/** Every path that a configuration names: made absolute, and checked to be there. The schema says which values are paths. */

import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { z } from 'zod';
import { errorCodeOf } from '../domain/errors.js';
import { type FileMark, nameInProgram } from './field-schemas.js';
import type { ConfigPath } from './yaml-source.js';

type Visit = (path: ConfigPath, file: string, mark: FileMark) => string;

/** Relative paths count from `baseDirectory`. @returns a copy of `value`, as `schema` made it */
export function withAbsolutePaths<T>(schema: z.core.$ZodType, value: T, baseDirectory: string): T {
  const absolute: Visit = (_path, file) => (isAbsolute(file) ? file : resolve(baseDirectory, file));
  return replaceFiles(schema, value, [], absolute) as T;
}

export interface NamedFile {
  readonly path: ConfigPath;
  readonly file: string;
}

/** Every single file that a configuration names; not directories, and not patterns. */
export function namedFiles(schema: z.core.$ZodType, value: unknown): NamedFile[] {
  const found: NamedFile[] = [];
  replaceFiles(schema, value, [], (path, file, { holds }) => {
    if (isOneFile(file, holds)) found.push({ path, file });
    return file;
  });
  return found;
}

/** Files that a pattern matches come and go. */
function isOneFile(file: string, holds: FileMark['holds']): boolean {
  return holds === 'file' || (holds === 'files' && !/[*?]/.test(file));
}

/** Reports each file that is missing, unreadable or a directory. Directories are created by the parts that use them. */
export function checkFiles(
  schema: z.core.$ZodType,
  value: unknown,
  report: (path: ConfigPath, message: string) => void,
): void {
  replaceFiles(schema, value, [], (path, file, { holds }) => {
    const fault = isOneFile(file, holds) ? faultOf(file) : undefined;
    if (fault !== undefined)
      report(path, `${fault}; relative paths count from the directory of the configuration file`);
    return file;
  });
}

/** Walks value and schema together; where a union leaves open which schema it was, the one that has the keys. */
function replaceFiles(schema: z.core.$ZodType, value: unknown, path: ConfigPath, visit: Visit): unknown {
  if (value === undefined) return value;
  if ('replaceFile' in schema) {
    const mark = schema as unknown as FileMark;
    return mark.replaceFile(value, (file) => visit(path, file, mark));
  }
  const def = schema._zod.def as z.core.$ZodTypeDef & Record<string, unknown>;
  switch (def.type) {
    case 'pipe':
      return replaceFiles(def.in as z.core.$ZodType, value, path, visit);
    case 'optional':
    case 'prefault':
      return replaceFiles(def.innerType as z.core.$ZodType, value, path, visit);
    case 'array': {
      const element = def.element as z.core.$ZodType;
      return Array.isArray(value) ? value.map((each, i) => replaceFiles(element, each, [...path, i], visit)) : value;
    }
    case 'union': {
      const options = (def.options as z.core.$ZodType[]).filter((option) => isKind(option, def.discriminator, value));
      return options.reduce<unknown>((all, option) => replaceFiles(option, all, path, visit), value);
    }
    case 'object': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
      const copy: Record<string, unknown> = { ...value };
      for (const [key, field] of Object.entries(def.shape as Record<string, z.core.$ZodType>)) {
        const name = nameInProgram(key, field);
        if (name in copy) copy[name] = replaceFiles(field, copy[name], [...path, key], visit);
      }
      return copy;
    }
    default:
      return value;
  }
}

/** False for an option of a union whose discriminator says that the value is of another kind. */
function isKind(option: z.core.$ZodType, discriminator: unknown, value: unknown): boolean {
  if (typeof discriminator !== 'string' || typeof value !== 'object' || value === null) return true;
  const kinds = option._zod.propValues?.[discriminator];
  return kinds === undefined || kinds.has((value as Record<string, z.core.util.Primitive>)[discriminator]);
}

function faultOf(file: string): string | undefined {
  try {
    if (statSync(file).isDirectory()) return `${file} is a directory, a file is expected`;
    accessSync(file, constants.R_OK);
    return undefined;
  } catch (thrown) {
    const code = errorCodeOf(thrown);
    return code === 'EACCES' ? `${file} cannot be read by this user` : `there is no file ${file}`;
  }
}
