/**
 * Checks values from outside against a schema. A value that does not fit becomes a problem document that names its
 * fields.
 */
import type { z } from 'zod';
import { MAX_BATCH_REPORTS } from './limits.js';
import { type FieldFault, Problem } from './problem.js';

/** Faults listed in one answer. The rest follow once these are corrected. */
const MAX_FAULTS = 20;

/** @throws Problem `bad-request` */
export function checkBody(schema: z.ZodType, value: unknown, batch: boolean): unknown {
  if (!batch) return checkValue(schema, value, '');
  if (!Array.isArray(value)) return [checkValue(schema, value, '')];
  if (value.length === 0) throw badRequest([{ field: '', detail: 'an empty batch' }]);
  if (value.length > MAX_BATCH_REPORTS) {
    throw badRequest([{ field: '', detail: `a batch has at most ${MAX_BATCH_REPORTS} reports` }]);
  }
  return value.map((item, i) => checkValue(schema, item, `[${i}]`));
}

/** @param prefix put before each field's path. @throws Problem `bad-request` */
export function checkValue(schema: z.ZodType, value: unknown, prefix: string): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw badRequest(result.error.issues.slice(0, MAX_FAULTS).flatMap((issue) => faultsOf(issue, prefix)));
}

function faultsOf(issue: z.core.$ZodIssue, prefix: string): FieldFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: pathText([...issue.path, key], prefix), detail: 'unknown field' }));
  }
  return [{ field: pathText(issue.path, prefix), detail: issue.message }];
}

/** `subdomains[0].bytes` */
export function pathText(path: readonly PropertyKey[], prefix = ''): string {
  let text = prefix;
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? String(step) : `.${String(step)}`;
  }
  return text;
}

function badRequest(faults: readonly FieldFault[]): Problem {
  const first = faults[0]!;
  return new Problem('bad-request', first.field === '' ? first.detail : `${first.field}: ${first.detail}`, { faults });
}
