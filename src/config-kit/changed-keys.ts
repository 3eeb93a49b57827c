/** Which keys differ between two configurations, named as an operator writes them. Walks the schema, so it knows them all. */
import type { z } from 'zod';
import { nameInProgram } from './field-schemas.js';

/** @returns `tracker.interval`, `dnsRedirect` where the whole section came or went; lists count as one value */
export function changedKeys(schema: z.core.$ZodType, old: unknown, next: unknown, path = ''): string[] {
  const fields = fieldsOf(schema);
  if (fields === undefined || !isObject(old) || !isObject(next)) return isSame(old, next) ? [] : [path];
  return Object.entries(fields).flatMap(([key, field]) => {
    const name = nameInProgram(key, field);
    return changedKeys(field, old[name], next[name], path === '' ? key : `${path}.${key}`);
  });
}

/**
 * @param live keys as `changedKeys` names them
 * @returns `started` with the live keys of `next`, as the schema made them. A section that one of the two lacks is missing,
 *   except that a nested one with live keys is taken whole
 */
export function withLiveKeys(
  schema: z.core.$ZodType,
  live: ReadonlySet<string>,
  started: unknown,
  next: unknown,
  path = '',
): unknown {
  const fields = fieldsOf(schema);
  if (fields === undefined) return live.has(path) ? next : started;
  if (!isObject(started) || !isObject(next)) {
    const isTaken = path.includes('.') && [...live].some((key) => key.startsWith(`${path}.`));
    return isTaken ? next : undefined;
  }
  return Object.fromEntries(
    Object.entries(fields)
      .map(([key, field]) => {
        const name = nameInProgram(key, field);
        return [name, withLiveKeys(field, live, started[name], next[name], path === '' ? key : `${path}.${key}`)];
      })
      .filter(([, value]) => value !== undefined),
  );
}

/** The keys of a section, undefined for a single value. */
export function fieldsOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const def = schema._zod.def as z.core.$ZodTypeDef & Record<string, unknown>;
  switch (def.type) {
    case 'object':
      return def.shape as Record<string, z.core.$ZodType>;
    case 'pipe':
      return fieldsOf(def.in as z.core.$ZodType);
    case 'optional':
    case 'prefault':
      return fieldsOf(def.innerType as z.core.$ZodType);
    default:
      return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
