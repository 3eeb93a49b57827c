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
  const inner = innerOf(schema, given);
  if (inner._zod.def.type === 'array' && Array.isArray(given)) {
    const { element } = inner._zod.def as z.core.$ZodArrayDef;
    return given.map((each) => withDefaults(element, each));
  }
  const fields = fieldsOf(inner);
  if (fields === undefined || typeof given !== 'object' || given === null) return given;
  return Object.fromEntries(
    Object.entries(fields)
      .map(([key, field]) => [key, withDefaults(field, (given as Record<string, unknown>)[key])])
      .filter(([, each]) => each !== undefined),
  );
}

/** Without the wrappers, and of several kinds of object the one that the value says it is. */
function innerOf(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  const def = schema._zod.def as z.core.$ZodTypeDef & Record<string, unknown>;
  switch (def.type) {
    case 'optional':
    case 'prefault':
      return innerOf(def.innerType as z.core.$ZodType, value);
    case 'pipe':
      return innerOf(def.in as z.core.$ZodType, value);
    case 'lazy':
      return innerOf((def.getter as () => z.core.$ZodType)(), value);
    case 'union':
      return kindOf(def.options as readonly z.core.$ZodType[], def.discriminator, value) ?? schema;
    default:
      return schema;
  }
}

function kindOf(
  options: readonly z.core.$ZodType[],
  discriminator: unknown,
  value: unknown,
): z.core.$ZodType | undefined {
  if (typeof discriminator !== 'string' || typeof value !== 'object' || value === null) return undefined;
  const kind = (value as Record<string, unknown>)[discriminator];
  return options.find((option) => {
    const literal = fieldsOf(option)?.[discriminator];
    return literal?._zod.values?.has(kind as string);
  });
}

/** As an operator would write it; undefined if the key has none. */
function defaultOf(schema: z.core.$ZodType): unknown {
  const def = schema._zod.def as z.core.$ZodTypeDef & { readonly defaultValue?: unknown };
  return def.type === 'prefault' ? def.defaultValue : undefined;
}
