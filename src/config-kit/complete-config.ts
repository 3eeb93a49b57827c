/**
 * A configuration as it is written, with every default filled in, tokens and secrets in URLs hidden: YAML that can be fed back. Values are
 * the operator's own text (`203.0.113.0/24`, `30m`, `${NAME}`), because that is what the program reads.
 */
import { parse, stringify } from 'yaml';
import type { z } from 'zod';
import { maskUrlSecrets } from '../domain/mask-url-secrets.js';
import { fieldsOf } from './changed-keys.js';

/** A token that is one variable and nothing else: its name is not a secret. */
const WHOLE_VARIABLE = /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/;
const SECRET_KEY = /(?:token|secret|password)$/i;

/** The value of a key, with tokens and secrets in URLs replaced. */
export function hiddenSecrets(key: string, value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(
      { [key]: value },
      hider(() => '[hidden]'),
    ),
  )[key];
}

/** @param text a right configuration. @param withSecrets true: nothing is hidden */
export function completeConfig(text: string, schema: z.core.$ZodType, withSecrets = false): string {
  let hidden = 0;
  // Each another one, because tokens must differ.
  const hide = hider(
    () => `[secret-${++hidden}]`,
    () => hidden++,
  );
  const complete = JSON.parse(
    JSON.stringify(withDefaults(schema, parse(text)), withSecrets ? undefined : hide),
  ) as object;
  const body = stringify(complete, { lineWidth: 120 });
  const note =
    hidden === 0
      ? ''
      : '# Tokens and secrets in URLs that are written in the file are hidden here: put them back before you use this, or print with --secrets.\n';
  return note + body;
}

/** For `JSON.stringify`. @param secret what a secret becomes. @param onMasked called for a URL with a secret in it */
function hider(secret: () => string, onMasked: () => void = () => undefined) {
  const hide = (key: unknown, value: unknown): unknown => {
    // Cookies and API keys. The names of the fields are not secret.
    if ((key === 'headers' || key === 'query') && typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, hide('token', each)]));
    }
    if (typeof value !== 'string' || WHOLE_VARIABLE.test(value)) return value;
    if (SECRET_KEY.test(String(key))) return secret();
    const masked = maskUrlSecrets(value);
    if (masked !== value) onMasked();
    return masked;
  };
  return hide;
}

/** As an operator would write it, with every default. */
export function withDefaults(schema: z.core.$ZodType, value: unknown): unknown {
  const given = value === undefined ? defaultOf(schema) : value;
  const fields = fieldsOf(schema);
  if (fields === undefined || typeof given !== 'object' || given === null) return given;
  return Object.fromEntries(
    Object.entries(fields)
      .map(([key, field]) => [key, withDefaults(field, (given as Record<string, unknown>)[key])])
      .filter(([, each]) => each !== undefined),
  );
}

/** As an operator would write it; undefined if the key has none. */
function defaultOf(schema: z.core.$ZodType): unknown {
  const def = schema._zod.def as z.core.$ZodTypeDef & { readonly defaultValue?: unknown };
  return def.type === 'prefault' ? def.defaultValue : undefined;
}
