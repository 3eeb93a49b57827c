/** One call of the control API as a value. The express routes and the OpenAPI document are both made of it. */
import type { z } from 'zod';
import type { Access, Principal } from './principal.js';
import { Problem } from './problem.js';

/** What a part shows for people and scripts. Each part defines its own shape. */
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
  readonly browser: Browser;
}

/** What matters only to pages. */
export interface Browser {
  readonly sessionId: string | undefined;
  /** Whether the connection is HTTPS. */
  readonly isSecure: boolean;
  /** Goes into every form, in the field `csrf`. */
  readonly formToken: string;
  /** False once the session has ended: a stream of updates ends with it. */
  isStillAllowed(): boolean;
}

/** Of calls that do not come from a browser. */
export const NO_BROWSER: Browser = {
  sessionId: undefined,
  isSecure: false,
  formToken: '',
  isStillAllowed: () => true,
};

/** An answer without an end, such as server-sent events. */
export interface Stream {
  readonly contentType: string;
  /**
   * @param send returns false without sending while the reader is behind
   * @returns what to do when the connection ends
   */
  open(send: (text: string) => boolean, close: () => void): () => void;
}

export interface Answer {
  /** Default: 200. */
  readonly status?: number;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent unchanged, instead of `json`. */
  readonly text?: { readonly contentType: string; readonly body: string };
  readonly stream?: Stream;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a call that changes something is named in the log of operator actions. */
export interface Audit<Body, Params> {
  /** A stable word: `pause`. */
  readonly action: string;
  /** What it concerns. */
  subject?(call: { readonly body: Body; readonly params: Params }): string | undefined;
  /** False for a call that changes nothing this time, such as a dry run. */
  isChange?(call: { readonly body: Body; readonly params: Params }): boolean;
  /** What became of it, if that is more than `done`. */
  outcome?(answer: Answer): unknown;
}

export interface Route {
  readonly method: 'get' | 'post';
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  /** True: it is a page. A browser without a session is sent to the login page, and problems are pages, too. */
  readonly forBrowsers: boolean;
  /** True: the body is a form of our own pages with its CSRF token, not JSON. */
  readonly form: boolean;
  /** Of each call of an operator that changes something. */
  readonly audit: Audit<unknown, unknown> | undefined;
  readonly params: Parameters | undefined;
  readonly query: Parameters | undefined;
  readonly body: z.ZodType | undefined;
  /** True: an array of bodies is accepted too, and `handle` always gets an array. */
  readonly batch: boolean;
  readonly answers: readonly { readonly status: number; readonly description: string; readonly schema?: z.ZodType }[];
  /** Gets values that match the schemas. */
  handle(call: Call<unknown, unknown, unknown>): Answer | Promise<Answer>;
}

interface Definition<Body, Query, Params> {
  method: 'get' | 'post';
  path: string;
  summary: string;
  access: Access;
  forBrowsers?: boolean;
  form?: boolean;
  audit?: Audit<Body, Params>;
  params?: z.ZodObject & z.ZodType<Params>;
  query?: z.ZodObject & z.ZodType<Query>;
  body?: z.ZodType<Body>;
  answers: Route['answers'];
  handle(call: Call<Body, Query, Params>): Answer | Promise<Answer>;
}

/** A route whose handler has the types of its schemas. */
export function route<Body = undefined, Query = undefined, Params = undefined>(
  definition: Definition<Body, Query, Params>,
): Route {
  return erase(definition, false);
}

/** A route that takes one body or an array of them; its handler always gets an array. */
export function batchRoute<Item>(
  definition: Omit<Definition<Item, undefined, undefined>, 'handle' | 'body' | 'audit'> & {
    body: z.ZodType<Item>;
    handle(call: Call<readonly Item[], undefined, undefined>): Answer | Promise<Answer>;
  },
): Route {
  return erase(definition, true);
}

function erase<Body, Query, Params, Handled>(
  definition: Omit<Definition<Body, Query, Params>, 'handle' | 'audit'> & {
    audit?: Audit<Handled, Params>;
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
    form: definition.form ?? false,
    // Safe, as for `handle`.
    audit: definition.audit as Audit<unknown, unknown> | undefined,
    params: definition.params,
    query: definition.query,
    body: definition.body,
    batch,
    answers: definition.answers,
    // Safe: the values come from the schemas that have these types.
    handle: (call) => definition.handle(call as Call<Handled, Query, Params>),
  };
}

/** @throws Problem `not-found` if the configuration leaves this part out */
export function switchedOn<T>(part: T | undefined, name: string): T {
  if (part === undefined) throw new Problem('not-found', `${name} is switched off in the configuration`);
  return part;
}
