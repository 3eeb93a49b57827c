/**
 * The OpenAPI 3.1 document, made of the routes and their schemas: so the document describes exactly what requests are
 * checked against.
 */
import { z } from 'zod';
import { CLIENT_ERROR_CODES } from '../domain/error-catalogue.js';
import type { Access } from './principal.js';
import { PROBLEM_CONTENT_TYPE, problemType } from './problem.js';
import type { Route } from './route.js';

type Json = Record<string, unknown>;

export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    // Pages are for people.
    if (route.forBrowsers) continue;
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'alias tracker: control API',
      version: '1',
      description: 'Reports of density and capability, explanations of answers, and the state of the tracker.',
    },
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'The control token, or a token of `alias-tracker token`.',
        },
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'X-Alias-Signature',
          description:
            't=UNIX_SECONDS,n=NONCE,v2=HEX: HMAC-SHA256, keyed by the lower-case hex SHA-256 of the token, of method, path ' +
            'with query, probe, t, n and the value of Content-Digest, joined by line feeds. Needs Content-Digest ' +
            '(RFC 9530: sha-256 of the body as it is sent); beside a bearer token, or alone with X-Alias-Probe.',
        },
        certificate: { type: 'mutualTLS', description: 'A client certificate whose common name is the probe.' },
      },
      schemas: { Problem: problemSchema },
    },
  };
}

const problemSchema: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string', enum: CLIENT_ERROR_CODES.map(problemType), description: 'see docs/errors.md' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    field: { type: 'string', description: 'path of the first wrong field, such as subdomains[0].bytes' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'detail'],
        properties: { field: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
};

function operation(route: Route): Json {
  const responses: Record<string, Json> = {};
  for (const answer of route.answers) {
    responses[String(answer.status)] = {
      description: answer.description,
      ...(answer.schema === undefined
        ? {}
        : { content: { 'application/json': { schema: jsonSchema(answer.schema, 'output') } } }),
    };
  }
  responses.default = {
    description: 'What is wrong (RFC 9457).',
    content: { [PROBLEM_CONTENT_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  const document: Json = {
    summary: route.summary,
    operationId: operationId(route),
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query')],
    security: security(route.access),
    // How the call is named in the log of operator actions.
    ...(route.audit === undefined ? {} : { 'x-audit': route.audit.action }),
    responses,
  };
  if (route.body !== undefined) {
    const one = jsonSchema(route.body, 'input');
    const schema = route.batch ? { anyOf: [one, { type: 'array', minItems: 1, items: one }] } : one;
    document.requestBody = { required: true, content: { 'application/json': { schema } } };
  }
  return document;
}

function parameters(schema: z.ZodObject | undefined, place: 'path' | 'query'): Json[] {
  if (schema === undefined) return [];
  const { properties, required } = jsonSchema(schema, 'input') as {
    properties: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || (required ?? []).includes(name),
    ...(property.description === undefined ? {} : { description: property.description }),
    schema: property,
  }));
}

/** Of one schema, without `$schema`. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  // OpenAPI 3.1 uses JSON Schema 2020-12 throughout, so single schemas do not repeat it.
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, reused: 'inline', unrepresentable: 'any' }) as Json;
  return rest;
}

function security(access: Access): Json[] {
  switch (access) {
    case 'anyone':
      return [];
    case 'viewer':
    case 'operator':
    case 'upstream':
    case 'site':
      return [{ token: [] }];
    case 'probe':
      return [{ token: [] }, { signature: [] }, { certificate: [] }];
    case 'node':
      return [{ token: [] }, {}];
  }
}

function operationId(route: Route): string {
  const words = route.path
    .replace('/api/v1', '')
    .split(/[/{}.]+/)
    .filter((word) => word !== '');
  return [route.method, ...words].map((word, i) => (i === 0 ? word : word[0]!.toUpperCase() + word.slice(1))).join('');
}
