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
import { callAudited } from './audited-call.js';
import { checkBody, checkValue } from './check-request.js';
import { GuessGuard, type WrongCredentials } from './guess-guard.js';
import { type Caller, holderOf, identifyCaller, unauthorised } from './identify-caller.js';
import {
  NODE_REQUEST_BURST,
  NODE_REQUESTS_PER_SECOND,
  PROBE_REQUEST_BURST,
  PROBE_REQUESTS_PER_SECOND,
} from './limits.js';
import { type BrowserPages, LOGIN_PATH, seeOther } from './login-routes.js';
import { type Authenticator, mayUse, type Principal } from './principal.js';
import { PROBLEM_CONTENT_TYPE, Problem } from './problem.js';
import { readJsonBody } from './read-body.js';
import { readForm } from './read-form.js';
import { isOurs, refuseCrossSite } from './refuse-cross-site.js';
import type { Answer, Browser, Route, Stream } from './route.js';
import { isSecure } from './session-cookie.js';
import { Sessions } from './sessions.js';

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
  /** Left out: browsers get problem documents, and nobody can log in. */
  readonly pages?: BrowserPages | undefined;
  /** Called with errors that no caller may see. */
  readonly onDefect: (thrown: unknown, path: string) => void;
}

export class RouteServer {
  readonly #options: ServeRouteOptions;
  readonly #probeRate = new RateLimit(PROBE_REQUESTS_PER_SECOND, PROBE_REQUEST_BURST);
  readonly #nodeRate = new RateLimit(NODE_REQUESTS_PER_SECOND, NODE_REQUEST_BURST);
  readonly #names: ReadonlySet<string>;
  readonly #guard: GuessGuard;
  readonly sessions: Sessions;

  constructor(options: ServeRouteOptions) {
    this.#options = options;
    this.#names = new Set((options.names ?? []).map((name) => name.toLowerCase()));
    this.#guard = new GuessGuard(options.onWrongCredentials ?? (() => undefined));
    this.sessions = new Sessions(options.authenticator);
  }

  /** Limits guesses. @throws Problem */
  checkToken(token: string, callerAddress: string): Principal {
    const { authenticator, clock } = this.#options;
    return holderOf(token, callerAddress, { authenticator, guard: this.#guard, nowMs: clock.nowMs() });
  }

  /** Wrong credentials since the start, by kind. */
  get wrongCredentials(): Readonly<Record<string, number>> {
    return this.#guard.counts;
  }

  async serve(route: Route, request: Request, response: Response): Promise<void> {
    try {
      send(response, await this.#answer(route, request, response));
    } catch (thrown) {
      if (route.forBrowsers) this.sendToBrowser(thrown, request, response);
      else this.sendProblem(thrown, request, response);
    }
  }

  /** As a page, if it is a browser that asks. */
  sendToBrowser(thrown: unknown, request: Request, response: Response): void {
    if (!this.#sendPage(thrown, request, response)) this.sendProblem(thrown, request, response);
  }

  /** A browser is sent to the login page, or gets a page that says what is wrong. @returns false for a program */
  #sendPage(thrown: unknown, request: Request, response: Response): boolean {
    const { pages } = this.#options;
    const { headers, method, originalUrl } = request;
    const isProgram = headers.authorization !== undefined || !/\btext\/html\b/.test(headers.accept ?? '');
    if (pages === undefined || isProgram || response.headersSent) return false;
    const problem = this.#problemOf(thrown, request);
    if (!request.complete) response.setHeader('connection', 'close');
    if (problem.code === 'unauthorised') {
      const next = method === 'GET' ? originalUrl : '/';
      // The cookie is not sent with a link of another site: the login page leads back at once.
      const isDetour = method === 'GET' && headers['sec-fetch-site'] === 'cross-site';
      send(response, seeOther(`${LOGIN_PATH}?next=${encodeURIComponent(next)}${isDetour ? '&from=elsewhere' : ''}`));
    } else {
      const page = pages.problem(problem);
      send(response, { ...page, status: problem.status, headers: { ...page.headers, ...problem.headers } });
    }
    return true;
  }

  sendProblem(thrown: unknown, request: Request, response: Response): void {
    const problem = this.#problemOf(thrown, request);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // The unread rest of the body must not be parsed as the next request.
    if (!request.complete) response.setHeader('connection', 'close');
    const headers = { ...problem.headers, 'content-type': PROBLEM_CONTENT_TYPE };
    write(response, problem.status, headers, JSON.stringify(problem));
  }

  /** What a caller may see of an error; a defect is reported. */
  #problemOf(thrown: unknown, request: Request): Problem {
    const problem = problemOf(thrown);
    if (problem.code === 'internal' || problem.code === 'storage-failure') this.#options.onDefect(thrown, request.path);
    return problem;
  }

  async #answer(route: Route, request: Request, response: Response): Promise<Answer> {
    const changesState = route.method !== 'get';
    const caller = this.#identify(route, request);
    if (changesState) refuseCrossSite(request, caller.ambient || route.form, this.#names, route.form);
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
    const { principal, address: callerAddress } = caller;
    const body = await this.#readBody(route, request, response, caller);
    const browser = this.#browserOf(caller, request);
    return callAudited(route, { body, query, params, principal, callerAddress, browser }, this.#options);
  }

  async #readBody(route: Route, request: Request, response: Response, caller: Caller): Promise<unknown> {
    if (route.body === undefined) return undefined;
    if (!route.form) {
      const json = await readJsonBody(request, response, caller.principal !== undefined);
      return checkBody(route.body, json, route.batch);
    }
    const { csrf = '', ...fields } = await readForm(request);
    if (route.access !== 'anyone' && !this.sessions.isFormToken(csrf, subjectOf(caller))) {
      throw new Problem('forbidden', 'this form is not of this session; load the page again');
    }
    return checkValue(route.body, fields, '');
  }

  #browserOf(caller: Caller, request: Request): Browser {
    const { sessions } = this;
    const { clock, authenticator } = this.#options;
    const { sessionId, principal } = caller;
    return {
      sessionId,
      isSecure: isSecure(request),
      formToken: sessions.formToken(subjectOf(caller)),
      isStillAllowed: () => {
        // On this machine, where no token is set.
        if (principal === undefined || principal.key === '') return principal !== undefined;
        if (sessionId === undefined) return authenticator.byKey(principal.key) !== undefined;
        return sessions.find(sessionId, clock.nowMs(), false) !== undefined;
      },
    };
  }

  #identify(route: Route, request: Request): Caller {
    const { authenticator, clock, openToLoopback } = this.#options;
    const nowMs = clock.nowMs();
    const caller = identifyCaller(request, { authenticator, guard: this.#guard, sessions: this.sessions, nowMs });
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

/** What a browser is recognised by, so what its forms are valid for. */
function subjectOf({ sessionId, principal }: Caller): string {
  return principal?.key === '' || sessionId === undefined ? `${principal?.name} ${principal?.key}` : sessionId;
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

function send(response: Response, { status = 200, headers, json, text, stream }: Answer): void {
  if (stream !== undefined) {
    sendStream(response, stream, { ...headers });
    return;
  }
  if (text !== undefined) write(response, status, { ...headers, 'content-type': text.contentType }, text.body);
  else write(response, status, { ...headers, 'content-type': 'application/json' }, JSON.stringify(json));
}

function sendStream(response: Response, { contentType, open }: Stream, headers: Record<string, string>): void {
  response.writeHead(200, { ...COMMON_HEADERS, ...headers, 'content-type': contentType });
  const end = open(
    (text) => {
      if (response.writableNeedDrain) return false;
      response.write(text);
      return true;
    },
    () => response.end(),
  );
  response.on('close', end);
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
