/**
 * The way of a request through one route: who is it, may he, how often, what does he send, does it fit, then the
 * route's own work. Everything that can go wrong leaves as a problem document.
 */
import type { Request, Response } from 'express';
import type { Clock } from '../domain/clock.js';
import { ClientError } from '../domain/errors.js';
import { checkBody, checkValue } from './check-request.js';
import { type Caller, identifyCaller, unauthorised } from './identify-caller.js';
import {
  NODE_REQUEST_BURST,
  NODE_REQUESTS_PER_SECOND,
  PROBE_REQUEST_BURST,
  PROBE_REQUESTS_PER_SECOND,
} from './limits.js';
import { type Authenticator, mayUse } from './principal.js';
import { PROBLEM_CONTENT_TYPE, Problem } from './problem.js';
import { RateLimit } from './rate-limit.js';
import { readBody } from './read-body.js';
import type { Answer, Route } from './route.js';

/** Makes a browser ask; it sends the answer along with every later request to this address. */
const BROWSER_CHALLENGE = 'Basic realm="alias-tracker: any name, the token as password"';

/** Answers hold what is true now and only for the caller; pages and documents are never guessed to be something else. */
const COMMON_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const;

export interface ServeRouteOptions {
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  /** True: without any token, callers on this machine may use the operator's calls (`control.token` is not set). */
  readonly openToLoopback?: boolean | undefined;
  /** Called with what no caller may see. */
  readonly onDefect: (thrown: unknown, path: string) => void;
}

export class RouteServer {
  readonly #options: ServeRouteOptions;
  readonly #probeRate = new RateLimit(PROBE_REQUESTS_PER_SECOND, PROBE_REQUEST_BURST);
  readonly #nodeRate = new RateLimit(NODE_REQUESTS_PER_SECOND, NODE_REQUEST_BURST);

  constructor(options: ServeRouteOptions) {
    this.#options = options;
  }

  async serve(route: Route, request: Request, response: Response): Promise<void> {
    try {
      send(response, await this.#answer(route, request, response));
    } catch (thrown) {
      this.sendProblem(thrown, request, response, route.forBrowsers ? BROWSER_CHALLENGE : undefined);
    }
  }

  /** @param challenge the one that goes with 401 here, in place of the usual */
  sendProblem(thrown: unknown, request: Request, response: Response, challenge?: string): void {
    const problem = problemOf(thrown);
    if (problem.type === 'internal') this.#options.onDefect(thrown, request.path);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // What was not read of the body must not be taken for the next request.
    if (!request.complete) response.setHeader('connection', 'close');
    const challenged = problem.status === 401 && challenge !== undefined ? { 'www-authenticate': challenge } : {};
    const headers = { ...problem.headers, ...challenged, 'content-type': PROBLEM_CONTENT_TYPE };
    write(response, problem.status, headers, JSON.stringify(problem));
  }

  async #answer(route: Route, request: Request, response: Response): Promise<Answer> {
    const caller = this.#identify(route, request);
    if (!mayUse(route.access, caller.principal)) {
      if (caller.principal === undefined) throw unauthorised('this call needs a token: "Authorization: Bearer TOKEN"');
      throw new Problem('forbidden', `a token of a ${caller.principal.kind} does not open this call`, {
        faults: [
          { field: 'authorization', detail: `belongs to the ${caller.principal.kind} "${caller.principal.name}"` },
        ],
      });
    }
    if (route.method === 'post') this.#limitRate(caller);
    const params = route.params === undefined ? undefined : checkValue(route.params, request.params, '');
    const query = route.query === undefined ? undefined : checkValue(route.query, request.query, '');
    let body: unknown;
    if (route.body !== undefined) {
      const sent = await readBody(request, response, caller.principal !== undefined);
      this.#checkSignature(caller, sent.bytes);
      body = checkBody(route.body, sent.json, route.batch);
    } else if (caller.signature !== undefined && caller.principal?.key === '') {
      throw unauthorised('a signature opens only calls with a body');
    }
    return route.handle({ body, query, params, principal: caller.principal, callerAddress: caller.address });
  }

  #identify(route: Route, request: Request): Caller {
    const caller = identifyCaller(request, this.#options.authenticator);
    const local = this.#options.openToLoopback === true && route.access === 'operator' && isLocalCall(caller, request);
    if (caller.principal !== undefined || !local) return caller;
    return { ...caller, principal: { kind: 'operator', name: 'this machine', key: '' } };
  }

  #limitRate({ principal, address, signature }: Caller): void {
    if (principal?.kind === 'operator') return;
    const nowMs = this.#options.clock.nowMs();
    // A name that only a signature will prove must not use up what its owner may send.
    const unproven = principal?.key === '' && signature !== undefined;
    const waitSeconds =
      principal === undefined
        ? this.#nodeRate.take(address, nowMs)
        : this.#probeRate.take(unproven ? address : `${principal.kind} ${principal.name}`, nowMs);
    if (waitSeconds === 0) return;
    throw new Problem('too-many-requests', `come back in ${waitSeconds} s; reports can be sent in batches`, {
      headers: { 'retry-after': String(waitSeconds) },
    });
  }

  #checkSignature(caller: Caller, body: Uint8Array): void {
    if (caller.signature === undefined || caller.principal === undefined) return;
    const nowMs = this.#options.clock.nowMs();
    const fault = this.#options.authenticator.signatureFault(caller.signature, caller.principal, body, nowMs);
    if (fault === undefined) return;
    throw new Problem('unauthorised', fault, { faults: [{ field: 'x-alias-signature', detail: fault }] });
  }
}

/** The Host is looked at too: a web page must not reach this through a name that it lets point here (DNS rebinding). */
function isLocalCall(caller: Caller, request: Request): boolean {
  const local = caller.address === '::1' || caller.address.startsWith('127.');
  return local && /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(request.headers.host ?? '');
}

function send(response: Response, { status = 200, headers, json, text }: Answer): void {
  if (text !== undefined) write(response, status, { ...headers, 'content-type': text.contentType }, text.body);
  else write(response, status, { ...headers, 'content-type': 'application/json' }, JSON.stringify(json));
}

/** Past express's own `send`, which costs as much as taking a report. */
function write(response: Response, status: number, headers: Readonly<Record<string, string>>, body: string): void {
  response.writeHead(status, { ...COMMON_HEADERS, ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof ClientError) {
    if (thrown.code === 'unavailable')
      return new Problem('unavailable', thrown.message, { headers: { 'retry-after': '1' } });
    return new Problem(thrown.code === 'not-found' ? 'not-found' : 'unprocessable', thrown.message);
  }
  const retryAfterSeconds = (thrown as { retryAfterSeconds?: unknown } | null)?.retryAfterSeconds;
  if (typeof retryAfterSeconds === 'number') {
    return new Problem('unavailable', 'too much is waiting; come back', {
      headers: { 'retry-after': String(retryAfterSeconds) },
    });
  }
  // Express's own complaints: a path that does not decode, for one.
  const status = (thrown as { status?: unknown } | null)?.status;
  if (status === 400) return new Problem('bad-request', 'the request cannot be read');
  return new Problem('internal', 'internal error');
}
