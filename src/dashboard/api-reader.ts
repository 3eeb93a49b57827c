/**
 * What the pages show comes from the calls of the control API, made inside the process: each number of a page is also an
 * answer of the API, and a page needs nothing else of the other parts.
 */
import type { z } from 'zod';
import { type AuditContext, callAudited } from '../control-api/audited-call.js';
import { checkValue } from '../control-api/check-request.js';
import type { Principal } from '../control-api/principal.js';
import { Problem } from '../control-api/problem.js';
import { NO_BROWSER, type Route } from '../control-api/route.js';
import { ClientError } from '../domain/errors.js';
import { forgetOldest } from '../domain/forget-oldest.js';

export interface CallInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** An answer that costs much is used again for this long. */
  readonly keptMs?: number;
}

/** Whoever looks: the calls of pages are made in the name of their reader. */
export interface Reader {
  readonly principal: Principal;
  readonly callerAddress: string;
}

/** The answers of one page, by call and input. */
export type AnswersOfPage = Map<string, Promise<unknown>>;

/** Pages over different times, and different torrents. */
const MAX_KEPT = 200;

export class ApiReader {
  readonly #kept = new Map<string, { readonly atMs: number; readonly json: unknown }>();
  readonly #routes: readonly Route[];
  readonly #audit: AuditContext;

  /** @param routes of all parts */
  constructor(routes: readonly Route[], audit: AuditContext) {
    this.#routes = routes;
    this.#audit = audit;
  }

  has(method: 'get' | 'post', path: string): boolean {
    return this.#find(method, path) !== undefined;
  }

  /**
   * @param schema of the answer
   * @param answers of the same page, so that each call is made once for it
   * @returns undefined if nothing is known there: the part is switched off, or has never heard of it
   * @throws ClientError if the query is wrong
   */
  async get<T>(
    path: string,
    schema: z.ZodType<T>,
    input: CallInput = {},
    answers: AnswersOfPage = new Map(),
  ): Promise<T | undefined> {
    const route = this.#find('get', path);
    if (route === undefined) return undefined;
    const { query = {}, params = {}, keptMs } = input;
    const given = Object.fromEntries(
      Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
    );
    const key = `${path} ${JSON.stringify([given, params])}`;
    const kept = this.#kept.get(key);
    const nowMs = this.#audit.clock.nowMs();
    if (kept !== undefined && nowMs - kept.atMs < (keptMs ?? 0)) return readJson(schema, kept.json);
    try {
      const answer = answers.get(key) ?? ask(route, given, params);
      answers.set(key, answer);
      const json = await answer;
      if (keptMs !== undefined) {
        this.#kept.set(key, { atMs: nowMs, json });
        forgetOldest(this.#kept, MAX_KEPT);
      }
      return readJson(schema, json);
    } catch (thrown) {
      if (thrown instanceof ClientError && thrown.code === 'not-found') return undefined;
      throw thrown;
    }
  }

  /** @throws ClientError what the call refuses */
  async post(
    path: string,
    body: unknown,
    reader: Reader,
    params: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const route = this.#find('post', path);
    if (route === undefined) throw new Problem('not-found', `this tracker has no call ${path}`);
    const call = {
      ...reader,
      body: fitting(route.body, body),
      query: undefined,
      params: fitting(route.params, params),
      browser: NO_BROWSER,
    };
    const answer = await callAudited(route, call, this.#audit);
    return answer.json;
  }

  #find(method: Route['method'], path: string): Route | undefined {
    return this.#routes.find((route) => route.method === method && route.path === path);
  }
}

/** As a client of the API reads it: in JSON a field that is undefined does not exist. */
function readJson<T>(schema: z.ZodType<T>, json: unknown): T {
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  const again = schema.safeParse(JSON.parse(JSON.stringify(json)));
  if (again.success) return again.data;
  const [issue] = again.error.issues;
  // A list of hundreds of rows would have as many issues.
  throw new Error(`its answer is not as documented: ${issue?.path.join('.')}: ${issue?.message}`);
}

async function ask(route: Route, query: object, params: object): Promise<unknown> {
  const answer = await route.handle({
    body: undefined,
    query: fitting(route.query, query),
    params: fitting(route.params, params),
    principal: undefined,
    callerAddress: '',
    browser: NO_BROWSER,
  });
  return answer.json;
}

function fitting(schema: z.ZodType | undefined, value: unknown): unknown {
  return schema === undefined ? undefined : checkValue(schema, value, '');
}
