import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isMap, isScalar, parse, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { configSchema } from '../../../src/config/config-schema.js';
import { DEFAULT_CONFIG_YAML } from '../../../src/config/default-config.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { CONFIG_PARTS } from '../../../src/config/parts.js';
import { fieldsOf } from '../../../src/config-kit/changed-keys.js';

/** Every key of the schema, dotted, without list indices. */
function keysOf(schema: z.core.$ZodType, path = ''): string[] {
  const def = schema._zod.def as z.core.$ZodTypeDef & Record<string, unknown>;
  switch (def.type) {
    case 'object':
      return Object.entries(def.shape as Record<string, z.core.$ZodType>).flatMap(([key, value]) => {
        const here = path === '' ? key : `${path}.${key}`;
        return [here, ...keysOf(value, here)];
      });
    case 'array':
      return keysOf(def.element as z.core.$ZodType, path);
    case 'union':
      return (def.options as z.core.$ZodType[]).flatMap((option) => keysOf(option, path));
    case 'pipe':
      return keysOf(def.in as z.core.$ZodType, path);
    case 'optional':
    case 'prefault':
    case 'default':
      return keysOf(def.innerType as z.core.$ZodType, path);
    default:
      return [];
  }
}

/** Keys that show what a value may look like, because their default is empty or there is none. */
const EXAMPLES = new Set([
  'operator.name',
  'operator.networks',
  'operator.subdomains',
  'operator.caches',
  'reports.probes',
  'billing.neighbours',
  'billing.schedule',
  'dnsRedirect.listen',
  'dnsRedirect.upstreamResolvers',
  'dnsRedirect.mirrorAddresses',
  'dnsRedirect.trackerAddresses',
]);
/** Sections whose text leaves keys to the documents. Those of the lab's stand-ins are for this repository alone. */
const IN_DOCUMENTS = ['crawler'];
const DOCUMENTS = readdirSync('docs')
  .filter((name) => name.endsWith('.md'))
  .map((name) => readFileSync(`docs/${name}`, 'utf8'))
  .join('');
const NOT_SHOWN = ['labServices'];

/** Keys with a default, as an operator writes it; lists are one value. */
function defaultsOf(schema: z.core.$ZodType, path: string, inherited?: unknown): [string, unknown][] {
  const def = schema._zod.def as z.core.$ZodTypeDef & { readonly defaultValue?: unknown };
  const own = inherited ?? (def.type === 'prefault' ? def.defaultValue : undefined);
  const fields = fieldsOf(schema);
  if (fields === undefined) return own === undefined ? [] : [[path, own]];
  return Object.entries(fields).flatMap(([key, field]) =>
    defaultsOf(field, `${path}.${key}`, (own as Record<string, unknown> | undefined)?.[key]),
  );
}

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((each, step) => (each as Record<string, unknown> | undefined)?.[step], value);
}

/** Written keys; lists and empty sections count as one value. */
function leavesOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value === undefined ? [] : [path];
  return Object.entries(value).flatMap(([key, each]) => leavesOf(each, `${path}.${key}`));
}

describe('print-config', () => {
  test('is itself a right configuration', () => {
    expect(() => parseConfig(DEFAULT_CONFIG_YAML)).not.toThrow();
  });

  test.each(CONFIG_PARTS.map((part) => [part.key, part] as const))(
    'the text of %s names every key of its schema, as YAML or in a comment',
    (key, part) => {
      expect(part.text).toMatch(new RegExp(`^(?:# )?${key}:`));
      if (NOT_SHOWN.includes(key)) return;
      const known = new Set(keysOf(part.schema).map((path) => path.split('.').at(-1)!));
      const unnamed = [...known].filter((name) => !new RegExp(`\\b${name}\\b`).test(part.text));
      const documents = IN_DOCUMENTS.includes(key) ? DOCUMENTS : '';
      expect(unnamed.filter((name) => !new RegExp(`\`${name}\`|\\b${name}:`).test(documents))).toEqual([]);
    },
  );

  test('has every section once', () => {
    expect(CONFIG_PARTS.map(({ key }) => key)).toEqual([...new Set(CONFIG_PARTS.map(({ key }) => key))]);
    expect([...new Set(keysOf(configSchema))].length).toBeGreaterThan(100);
  });

  test.each(CONFIG_PARTS.map((part) => [part.key, part] as const))(
    'the text of %s shows the defaults of its schema',
    (key, part) => {
      const shown = (parse(part.text) as Record<string, unknown> | null)?.[key];
      const differing = defaultsOf(part.schema, key).filter(([path, value]) => {
        const written = at({ [key]: shown }, path);
        return written !== undefined && !EXAMPLES.has(path) && JSON.stringify(written) !== JSON.stringify(value);
      });
      expect(differing).toEqual([]);
      // Whatever is written and has no default is an example of an optional or a required key.
      const known = new Set(defaultsOf(part.schema, key).map(([path]) => path));
      expect(leavesOf(shown, key).filter((path) => !known.has(path) && !EXAMPLES.has(path))).toEqual([]);
    },
  );

  test('examples are examples: each is another value than the default', () => {
    const defaults = new Map(CONFIG_PARTS.flatMap((part) => defaultsOf(part.schema, part.key)));
    const whole = parse(DEFAULT_CONFIG_YAML) as Record<string, unknown>;
    const needless = [...EXAMPLES].filter((path) => {
      const written = at(whole, path);
      return written === undefined || JSON.stringify(written) === JSON.stringify(defaults.get(path));
    });
    expect(needless).toEqual([]);
  });

  test('has no key that only looks like one: comments aside, what is written is what is read', () => {
    const written: string[] = [];
    visit(parseDocument(DEFAULT_CONFIG_YAML), {
      Map(_, map) {
        if (!isMap(map)) return;
        for (const pair of map.items) if (isScalar(pair.key)) written.push(String(pair.key.value));
      },
    });
    const known = new Set(keysOf(configSchema).map((path) => path.split('.').at(-1)));
    expect(written.filter((key) => !known.has(key))).toEqual([]);
  });
});
