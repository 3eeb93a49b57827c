/** What differs between two texts of a configuration, key by key, in the operator's own words. Secrets are hidden. */
import { parse } from 'yaml';
import type { z } from 'zod';
import { fieldsOf } from './changed-keys.js';
import { hiddenSecrets, withDefaults } from './complete-config.js';

export interface WrittenChange {
  /** `tracker.interval`; the section where the whole of it was added or removed. */
  readonly key: string;
  /** As JSON, secrets hidden; null: not written, and without a default. */
  readonly old: string | null;
  readonly new: string | null;
}

/** @param old and next right configurations */
export function writtenChanges(old: string, next: string, schema: z.core.$ZodType): WrittenChange[] {
  return changesOf(schema, withDefaults(schema, parse(old)), withDefaults(schema, parse(next)), '');
}

function changesOf(schema: z.core.$ZodType, old: unknown, next: unknown, path: string): WrittenChange[] {
  const fields = fieldsOf(schema);
  if (fields === undefined || !isObject(old) || !isObject(next)) {
    if (JSON.stringify(old) === JSON.stringify(next)) return [];
    const key = path.split('.').at(-1)!;
    return [{ key: path, old: textOf(key, old), new: textOf(key, next) }];
  }
  return Object.entries(fields).flatMap(([key, field]) =>
    changesOf(field, old[key], next[key], path === '' ? key : `${path}.${key}`),
  );
}

function textOf(key: string, value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(hiddenSecrets(key, value));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
