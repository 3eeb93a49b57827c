import { describe, expect, test } from 'vitest';
import { isMap, isScalar, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { configSchema } from '../../../src/config/config-schema.js';
import { DEFAULT_CONFIG_YAML } from '../../../src/config/default-config.js';
import { parseConfig } from '../../../src/config/parse-config.js';

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

describe('print-config', () => {
  test('is itself a right configuration', () => {
    expect(() => parseConfig(DEFAULT_CONFIG_YAML)).not.toThrow();
  });

  test('names every key of the schema, as text or in a comment', () => {
    const known = [...new Set(keysOf(configSchema))];
    expect(known.length).toBeGreaterThan(100);
    const unnamed = known
      .filter((path) => !path.startsWith('labServices.'))
      .filter((path) => !new RegExp(`\\b${path.split('.').at(-1)}:`).test(DEFAULT_CONFIG_YAML));
    expect(unnamed.filter((path) => !path.startsWith('billing.relationshipRates.'))).toEqual([]);
  });

  test('shows the defaults that are in force', () => {
    const given = parseConfig(DEFAULT_CONFIG_YAML);
    const minimal = parseConfig(
      'operator: { name: x, networks: [ { asn: 1, prefixes: [192.0.2.0/24] } ] }\nmirrorSite: {}\ncontrol: {}\n',
    );
    const { neighbours: _n, schedule: _s, ...billing } = given.billing;
    const { neighbours: _mn, schedule: _ms, ...minimalBilling } = minimal.billing;
    expect(billing).toEqual(minimalBilling);
    const { probes: _p, ...reports } = given.reports;
    const { probes: _mp, ...minimalReports } = minimal.reports;
    expect(reports).toEqual(minimalReports);
    for (const section of [
      'topology',
      'selection',
      'tracker',
      'mirrorSite',
      'crawler',
      'upstream',
      'control',
      'storage',
      'logging',
      'lab',
    ] as const) {
      expect({ [section]: given[section] }).toEqual({ [section]: minimal[section] });
    }
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
