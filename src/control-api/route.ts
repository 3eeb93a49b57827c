/** One call of the control API as a value: express is set up from it, and so is the OpenAPI document. */
import type { z } from 'zod';
import type { Access, Principal } from './principal.js';
import { Problem } from './problem.js';

/** What a part shows of itself, for people and scripts; its shape is the part's own. */
export type Document = Readonly<Record<string, unknown>>;

/** Objects, so that each key is a parameter of its own in the OpenAPI document. */
type Parameters = z.ZodObject;

export interface Call<Body, Query, Params> {
  readonly body: Body;
  readonly query: Query;
  readonly params: Params;
  readonly principal: Principal | undefined;
  /** RFC 5952 text of where the call came from. */
  readonly callerAddress: string;
}

export interface Answer {
  /** 200 where left out. */
  readonly status?: number;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Or sent as it is. */
  readonly text?: { readonly contentType: string; readonly body: string };
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'get' | 'post';
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  /** True: a browser that comes without a token is made to ask for one. */
  readonly forBrowsers: boolean;
  readonly params: Parameters | undefined;
  readonly query: Parameters | undefined;
  readonly body: z.ZodType | undefined;
  /** True: an array of bodies is taken too, and `handle` always gets an array. */
  readonly batch: boolean;
  readonly answers: readonly { readonly status: number; readonly description: string; readonly schema?: z.ZodType }[];
  /** Gets values that the schemas have let through. */
  handle(call: Call<unknown, unknown, unknown>): Answer | Promise<Answer>;
}

interface Definition<Body, Query, Params> {
  method: 'get' | 'post';
  path: string;
  summary: string;
  access: Access;
  forBrowsers?: boolean;
  params?: z.ZodObject & z.ZodType<Params>;
  query?: z.ZodObject & z.ZodType<Query>;
  body?: z.ZodType<Body>;
  answers: Route['answers'];
  handle(call: Call<Body, Query, Params>): Answer | Promise<Answer>;
}

/** A route whose handler sees the types of its schemas. */
export function route<Body = undefined, Query = undefined, Params = undefined>(
  definition: Definition<Body, Query, Params>,
): Route {
  return erase(definition, false);
}

/** A route that takes one body or an array of them; its handler always gets an array. */
export function batchRoute<Item>(
  definition: Omit<Definition<Item, undefined, undefined>, 'handle' | 'body'> & {
    body: z.ZodType<Item>;
    handle(call: Call<readonly Item[], undefined, undefined>): Answer | Promise<Answer>;
  },
): Route {
  return erase(definition, true);
}

function erase<Body, Query, Params, Handled>(
  definition: Omit<Definition<Body, Query, Params>, 'handle'> & {
    handle(call: Call<Handled, Query, Params>): Answer | Promise<Answer>;
  },
  batch: boolean,
): Route {
  return {
    method: definition.method,
    path: definition.path,
    summary: definition.summary,
    access: definition.access,
    forBrowsers: definition.forBrowsers ?? false,
    params: definition.params,
    query: definition.query,
    body: definition.body,
    batch,
    answers: definition.answers,
    // The values were made by the very schemas whose types these are.
    handle: (call) => definition.handle(call as Call<Handled, Query, Params>),
  };
}

/** @throws Problem `not-found` if the configuration has this part switched off */
export function switchedOn<T>(part: T | undefined, name: string): T {
  if (part === undefined) throw new Problem('not-found', `${name} is switched off in the configuration`);
  return part;
}
