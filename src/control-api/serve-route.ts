/**
 * Serves one request: identifies the caller, checks access and rate, reads and checks the body, then calls the route's
 * handler. Every error is answered as a problem document.
 */
import type { Request, Response } from 'express';
import type { Clock } from '../domain/clock.js';
import { ClientError } from '../domain/errors.js';
import { RateLimit, subscriberOf } from '../net/rate-limit.js';
import type { OperatorAction } from '../store/sqlite/operator-log.js';
import { isStorageFailure } from '../store/sqlite/storage-failure.js';
import { auditEntry } from './audit-entry.js';
import { checkBody, checkValue } from './check-request.js';
import { GuessGuard, type WrongCredentials } from './guess-guard.js';
import { type Caller, identifyCaller, unauthorised } from './identify-caller.js';
import {
  NODE_REQUEST_BURST,
  NODE_REQUESTS_PER_SECOND,
  PROBE_REQUEST_BURST,
  PROBE_REQUESTS_PER_SECOND,
} from './limits.js';
import { type Authenticator, mayUse } from './principal.js';
import { PROBLEM_CONTENT_TYPE, Problem } from './problem.js';
import { readJsonBody } from './read-body.js';
import { isOurs, refuseCrossSite } from './refuse-cross-site.js';
import type { Answer, Call, Route } from './route.js';

/** Makes a browser ask for a password, which it then sends with every request to this address. */
const BROWSER_CHALLENGE = 'Basic realm="alias-tracker: any name, the token as password"';

/** Answers must not be cached or shared, and browsers must not guess another content type. */
const COMMON_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

export interface ServeRouteOptions {
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  /** True: without any token, callers on this machine may use the operator's calls (`control.token` is not set). */
  readonly openToLoopback?: (() => boolean) | undefined;
  /** `control.names`: host names that browsers may use, beside the addresses. */
  readonly names?: readonly string[] | undefined;
  /** Called at most once a minute for each address that sends wrong credentials. */
  readonly onWrongCredentials?: ((wrong: WrongCredentials) => void) | undefined;
  /** Stores what an operator changed. It never throws. */
  readonly onAction?: ((action: OperatorAction) => void) | undefined;
  /** Called with errors that no caller may see. */
  readonly onDefect: (thrown: unknown, path: string) => void;
}

export class RouteServer {
  readonly #options: ServeRouteOptions;
  readonly #probeRate = new RateLimit(PROBE_REQUESTS_PER_SECOND, PROBE_REQUEST_BURST);
  readonly #nodeRate = new RateLimit(NODE_REQUESTS_PER_SECOND, NODE_REQUEST_BURST);
  readonly #names: ReadonlySet<string>;
  readonly #guard: GuessGuard;

  constructor(options: ServeRouteOptions) {
    this.#options = options;
    this.#names = new Set((options.names ?? []).map((name) => name.toLowerCase()));
    this.#guard = new GuessGuard(options.onWrongCredentials ?? (() => undefined));
  }

  /** Wrong credentials since the start, by kind. */
  get wrongCredentials(): Readonly<Record<string, number>> {
    return this.#guard.counts;
  }

  async serve(route: Route, request: Request, response: Response): Promise<void> {
    try {
      send(response, await this.#answer(route, request, response));
    } catch (thrown) {
      this.sendProblem(thrown, request, response, route.forBrowsers ? BROWSER_CHALLENGE : undefined);
    }
  }

  /** @param challenge for 401, in place of the usual one */
  sendProblem(thrown: unknown, request: Request, response: Response, challenge?: string): void {
    const problem = problemOf(thrown);
    if (problem.code === 'internal' || problem.code === 'storage-failure') this.#options.onDefect(thrown, request.path);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // The unread rest of the body must not be parsed as the next request.
    if (!request.complete) response.setHeader('connection', 'close');
    const challenged = problem.status === 401 && challenge !== undefined ? { 'www-authenticate': challenge } : {};
    const headers = { ...problem.headers, ...challenged, 'content-type': PROBLEM_CONTENT_TYPE };
    write(response, problem.status, headers, JSON.stringify(problem));
  }

  async #answer(route: Route, request: Request, response: Response): Promise<Answer> {
    const changesState = route.method !== 'get';
    const caller = this.#identify(route, request);
    if (changesState) refuseCrossSite(request, caller.ambient, this.#names);
    if (!mayUse(route.access, caller.principal)) {
      if (caller.principal === undefined) throw unauthorised('this call needs a token: "Authorization: Bearer TOKEN"');
      throw new Problem('forbidden', `a token of kind "${caller.principal.kind}" may not make this call`, {
        faults: [
          { field: 'authorization', detail: `belongs to the ${caller.principal.kind} "${caller.principal.name}"` },
        ],
      });
    }
    if (changesState) this.#limitRate(caller);
    const params = route.params === undefined ? undefined : checkValue(route.params, request.params, '');
    const query = route.query === undefined ? undefined : checkValue(route.query, request.query, '');
    let body: unknown;
    if (route.body !== undefined) {
      const json = await readJsonBody(request, response, caller.principal !== undefined);
      body = checkBody(route.body, json, route.batch);
    }
    const call = { body, query, params, principal: caller.principal, callerAddress: caller.address };
    return route.audit === undefined ? route.handle(call) : this.#audited(route, route.audit, call);
  }

  async #audited(
    route: Route,
    audit: NonNullable<Route['audit']>,
    call: Call<unknown, unknown, unknown>,
  ): Promise<Answer> {
    const { clock, onAction } = this.#options;
    const record = (outcome: Parameters<typeof auditEntry>[2]): void => {
      const entry = auditEntry(audit, call, outcome, clock.nowMs());
      if (entry !== undefined) onAction?.(entry);
    };
    try {
      const answer = await route.handle(call);
      record({ answer });
      return answer;
    } catch (thrown) {
      record({ thrown });
      throw thrown;
    }
  }

  #identify(route: Route, request: Request): Caller {
    const { authenticator, clock, openToLoopback } = this.#options;
    const caller = identifyCaller(request, { authenticator, guard: this.#guard, nowMs: clock.nowMs() });
    const isOfOperators = route.access === 'operator' || route.access === 'viewer';
    if (caller.principal !== undefined || openToLoopback?.() !== true || !isOfOperators) return caller;
    if (!isLoopback(caller.address) || !isOurs(request.headers.host ?? '', this.#names)) return caller;
    return { ...caller, ambient: true, principal: { kind: 'operator', name: 'this machine', key: '' } };
  }

  #limitRate({ principal, address }: Caller): void {
    if (principal?.kind === 'operator') return;
    const nowMs = this.#options.clock.nowMs();
    const waitSeconds =
      principal === undefined
        ? this.#nodeRate.take(subscriberOf(address), nowMs)
        : this.#probeRate.take(`${principal.kind} ${principal.name}`, nowMs);
    if (waitSeconds === 0) return;
    throw new Problem(
      'too-many-requests',
      `too many requests; try again in ${waitSeconds} s, and send reports in batches`,
      {
        retryAfterSeconds: waitSeconds,
      },
    );
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

function send(response: Response, { status = 200, headers, json, text }: Answer): void {
  if (text !== undefined) write(response, status, { ...headers, 'content-type': text.contentType }, text.body);
  else write(response, status, { ...headers, 'content-type': 'application/json' }, JSON.stringify(json));
}

/** Somebody has to free disk space. Agents store what they could not send and retry. */
const STORAGE_RETRY_SECONDS = 30;

/** Does not use express's `send`, which costs as much as accepting a report. */
function write(response: Response, status: number, headers: Readonly<Record<string, string>>, body: string): void {
  response.writeHead(status, { ...COMMON_HEADERS, ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof ClientError)
    return new Problem(thrown.code, thrown.message, { retryAfterSeconds: thrown.retryAfterSeconds });
  if (isStorageFailure(thrown)) {
    const detail = 'the tracker cannot write to its disk; nothing was changed, send it again';
    return new Problem('storage-failure', detail, { retryAfterSeconds: STORAGE_RETRY_SECONDS });
  }
  return new Problem('internal', 'internal error');
}
