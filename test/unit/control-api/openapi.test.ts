/** The OpenAPI document against the running API: every documented call is there, and both say the same of a request. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONTROL_TOKEN, type ControlApiFixture, northReport, startFixture } from './control-api-fixture.js';

type Json = Record<string, unknown>;
interface Operation {
  readonly operationId: string;
  readonly security: readonly Json[];
  readonly parameters: readonly { name: string; in: string; required: boolean; schema: Json }[];
  readonly requestBody?: { readonly content: Record<string, { schema: Json }> };
  readonly responses: Record<string, { description: string }>;
}

let api: ControlApiFixture;
let paths: Record<string, Record<string, Operation>>;
beforeEach(async () => {
  api = await startFixture();
  const { json } = await api.call('GET', '/api/v1/openapi.json');
  expect(json.openapi).toBe('3.1.0');
  paths = json.paths as typeof paths;
});
afterEach(async () => {
  await api.stop();
});

const operations = () =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

describe('the OpenAPI document', () => {
  test('has every call that operators script against', () => {
    const calls = operations().map(({ method, path }) => `${method} ${path}`);
    for (const call of [
      'POST /api/v1/density',
      'GET /api/v1/density',
      'POST /api/v1/users',
      'POST /api/v1/capability',
      'POST /api/v1/upstream/peers',
      'GET /api/v1/explain',
      'GET /api/v1/swarms',
      'GET /api/v1/swarms/{infoHash}',
      'GET /api/v1/torrents',
      'GET /api/v1/probes',
      'GET /api/v1/redirections',
      'POST /api/v1/redirections/drill',
      'GET /metrics',
      'GET /healthz',
      'GET /readyz',
    ]) {
      expect(calls).toContain(call);
    }
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('says which calls need a token, and those do', async () => {
    for (const { path, method, operation } of operations()) {
      const url = path.replace('{infoHash}', '0'.repeat(40)).replace('{probe}', 'x');
      const { status } = await api.call(method, url);
      const open = operation.security.length === 0 || operation.security.some((way) => Object.keys(way).length === 0);
      expect([method, path, status === 401]).toEqual([method, path, !open]);
      expect([method, path, status]).not.toEqual([method, path, 405]);
    }
  });

  test('names every parameter of a path', () => {
    for (const { path, operation } of operations()) {
      const inPath = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
    }
  });

  test('required fields and limits are those that requests are checked by', async () => {
    for (const { path, method, operation } of operations()) {
      if (operation.requestBody === undefined) continue;
      const { schema } = operation.requestBody.content['application/json']!;
      const one = ((schema.anyOf as Json[] | undefined)?.[0] ?? schema) as { required?: string[]; properties: Json };
      const { status, json } = await api.call(method, path, { token: CONTROL_TOKEN, json: {} });
      const missing = ((json.errors as { field: string }[] | undefined) ?? []).map(({ field }) => field);
      // Only an operator's own capability report has no field that must be there.
      expect([path, status, missing]).toEqual([path, one.required ? 400 : 202, one.required ?? []]);
      for (const [field, property] of Object.entries(one.properties) as [string, Json][]) {
        if (typeof property.minimum !== 'number' || property.minimum < 0) continue;
        const base = path === '/api/v1/density' ? northReport({ probe: 'x' }) : {};
        const below = await api.call(method, path, {
          token: CONTROL_TOKEN,
          json: { ...base, [field]: property.minimum - 1 },
        });
        expect(((below.json.errors ?? []) as { field: string }[]).map((fault) => fault.field)).toContain(field);
      }
    }
  });

  test('is JSON Schema that needs nothing from elsewhere', () => {
    const text = JSON.stringify(paths);
    expect(text).not.toContain('$schema');
    expect([...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1])).toEqual(
      operations().map(() => '#/components/schemas/Problem'),
    );
  });
});
