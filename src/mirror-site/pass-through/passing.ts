/**
 * One request that passes to the original, and the answer that comes back. It is a handler of undici's dispatcher, so that
 * no stream stands between the two connections: a slow reader stops the original's connection, and a reader who leaves
 * ends it. A request is sent again, at most a few times, where the original cannot have acted on it: over https for a site
 * that is https only, as a whole for a part of a page that is rewritten, and on a new connection for one that had ended.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough as Relay } from 'node:stream';
import type { Dispatcher } from 'undici';
import { ClientError, errorCodeOf, messageOf } from '../../domain/errors.js';
import { type AnswerBody, type BodyTarget, plainBody, recodedBody, rewrittenBody } from './answer-body.js';
import { type AnswerFields, type AnswerPlan, one, planFor } from './answer-plan.js';
import { headersToReader } from './answer-to-reader.js';
import type { RawHeaders } from './forwarded-headers.js';
import type { PassThroughLimits } from './limits.js';
import type { Outcome, RewrittenThing } from './originals-health.js';
import { hasBody, headersToOriginal, type RequestRules } from './request-to-original.js';
import { type Coding, decoded, encodingAgain } from './rewriting/content-coding.js';
import { LinkRewriter, type LinkRules } from './rewriting/link-rewriter.js';
import { beginsAsTorrent, type PassedTorrent } from './rewriting/torrent-rewriter.js';
import { type Authorities, redirectsToScheme } from './scheme-bridge.js';

export interface PassingJob {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly authorities: Authorities;
  /** To the original at first. */
  readonly scheme: 'http' | 'https';
  /** The reader came over https. */
  readonly isSecure: boolean;
  /** The reader came over http, and cannot come over https: see scheme-bridge.ts. */
  readonly mayBridge: boolean;
  readonly isRewritten: boolean;
  /** Upgrades to another protocol, such as `websocket`. */
  readonly upgrade?: string | undefined;
}

/** What the request needs of the rest of the mirror site. */
export interface PassingContext {
  readonly dispatcher: Dispatcher;
  readonly limits: PassThroughLimits;
  readonly rules: RequestRules;
  readonly links: LinkRules;
  readonly passTorrent: (bytes: Buffer) => Promise<PassedTorrent>;
  /** Bytes of torrents that may be collected now; false: none. Negative numbers give back. */
  readonly reserve: (bytes: number) => boolean;
  readonly onScheme: (scheme: 'http' | 'https') => void;
  readonly onPassed: (thing: RewrittenThing) => void;
  /** Called once: the answer is complete, or the reader has left. */
  readonly onDone: (outcome: Outcome, bytes: number) => void;
  /** Called once in place of `onDone`; nothing has been sent to the reader. @param reason for the operator */
  readonly onFailed: (kind: 'unreachable' | 'timeout' | 'busy', reason: string) => void;
  readonly onWithdrawn: (why: string) => void;
  readonly onUpgrade?: Dispatcher.DispatchHandler['onRequestUpgrade'] | undefined;
}

/** Of one request: for its scheme, for its range, and twice for connections that the original has just closed. */
const MAX_TRIES = 4;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Of undici and of Node.js. */
const TIMEOUTS: ReadonlySet<string> = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT']);
const CLOSED: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

class Abandoned extends Error {
  override readonly name = 'Abandoned';
}

export class Passing implements Dispatcher.DispatchHandler {
  readonly #job: PassingJob;
  readonly #context: PassingContext;
  #scheme: 'http' | 'https';
  #wantsWhole = false;
  /** The scheme was changed once. */
  #hasBridged = false;
  #tries = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #body: AnswerBody | undefined;
  /** Decides on the body with its first chunk. */
  #undecided: ((first: Buffer | undefined) => AnswerBody) | undefined;
  #bytes = 0;
  #isOver = false;
  /** To be sent again as soon as the current try has ended. */
  #isAgain = false;
  #outcome: Outcome = 'untouched';

  constructor(job: PassingJob, context: PassingContext) {
    this.#job = job;
    this.#context = context;
    this.#scheme = job.scheme;
    const { response } = job;
    response.once('close', () => {
      if (response.writableFinished) this.#over(this.#outcome);
      else this.#leave();
    });
    response.setTimeout(context.limits.readerIdleMs, () => response.destroy());
  }

  start(): void {
    const { request, authorities, isRewritten, upgrade } = this.#job;
    const { dispatcher, rules, limits } = this.#context;
    this.#tries++;
    this.#isAgain = false;
    const headers = headersToOriginal(
      request,
      {
        scheme: this.#scheme,
        authorities,
        isBridged: this.#isBridged,
        isRewritten,
        wantsWhole: this.#wantsWhole,
      },
      rules,
    );
    dispatcher.dispatch(
      {
        origin: `${this.#scheme}://${authorities[this.#scheme]}`,
        path: request.url!,
        method: request.method!,
        headers,
        body: hasBody(request) && upgrade === undefined ? relayed(request) : null,
        upgrade: upgrade ?? null,
        headersTimeout: limits.answerTimeoutMs,
        bodyTimeout: limits.answerTimeoutMs,
      },
      this,
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Abandoned('the reader has left'));
  }

  onRequestUpgrade(...upgrade: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestUpgrade']>>): void {
    this.#context.onUpgrade?.(...upgrade);
    this.#over('upgraded');
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    fields: AnswerFields,
    message?: string,
  ): void {
    // Interim answers are for this hop, or hints.
    if (status < 200) return;
    if (this.#isToBeSentAgain(status, fields)) {
      this.#isAgain = true;
      controller.abort(new Abandoned('it is sent again'));
      return;
    }
    const { request, isRewritten } = this.#job;
    const plan: AnswerPlan = isRewritten
      ? planFor(request.method!, request.url!, status, fields, this.#context.limits.torrentBytes)
      : { kind: 'as-is' };
    if (plan.kind === 'whole-instead' && this.#canRepeat && !this.#wantsWhole) {
      this.#wantsWhole = true;
      this.#isAgain = true;
      controller.abort(new Abandoned('it is sent again as a whole'));
      return;
    }
    this.#begin(plan, status, message ?? '', latin1(controller.rawHeaders));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#undecided !== undefined) this.#decide(chunk);
    if (this.#body?.write(chunk) === false) controller.pause();
  }

  onResponseEnd(): void {
    if (this.#undecided !== undefined) this.#decide(undefined);
    this.#body?.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#isOver) return;
    const { response } = this.#job;
    const code = errorCodeOf(error) ?? '';
    if (this.#isAgain || (CLOSED.has(code) && this.#canRepeat && this.#body === undefined)) {
      if (this.#tries < MAX_TRIES) {
        this.start();
        return;
      }
    }
    if (response.headersSent) {
      // Cut off, because nothing else tells the reader that something is missing.
      response.destroy();
      return;
    }
    this.#isOver = true;
    const kind = TIMEOUTS.has(code) ? 'timeout' : code === 'UND_ERR_MAX_ORIGINS_REACHED' ? 'busy' : 'unreachable';
    this.#context.onFailed(kind, reasonOf(error));
  }

  get #isBridged(): boolean {
    return this.#scheme === 'https' && !this.#job.isSecure;
  }

  /** True for a request that may be repeated (RFC 9110 section 9.2.2) and has no body, which would be consumed. */
  get #canRepeat(): boolean {
    const { request } = this.#job;
    return (request.method === 'GET' || request.method === 'HEAD') && !hasBody(request) && this.#tries < MAX_TRIES;
  }

  /** A site that answers over one scheme only sends its readers to the same address with the other. */
  #isToBeSentAgain(status: number, fields: AnswerFields): boolean {
    const location = one(fields.location);
    if (!REDIRECTS.has(status) || location === undefined || !this.#job.mayBridge) return false;
    const scheme = redirectsToScheme(location, this.#job.request.url!, this.#job.authorities);
    if (scheme === undefined || scheme === this.#scheme) return false;
    this.#context.onScheme(scheme);
    // A redirect back is a loop of the original's own: the reader gets it, as directly.
    if (!this.#canRepeat || this.#hasBridged) return false;
    this.#hasBridged = true;
    this.#scheme = scheme;
    return true;
  }

  #begin(plan: AnswerPlan, status: number, message: string, raw: RawHeaders): void {
    const { method } = this.#job.request;
    if (plan.kind === 'document') {
      this.#outcome = 'rewritten';
      this.#body = this.#document(plan, status, message, raw);
    } else if (plan.kind === 'torrent' && method === 'HEAD') {
      this.#writeHead(status, message, raw, { coding: undefined });
      this.#body = plainBody(this.#target);
    } else if (plan.kind === 'torrent') {
      this.#body = this.#collected(plan.coding, status, message, raw);
    } else if (plan.kind === 'maybe-torrent') {
      this.#undecided = (first) =>
        first !== undefined && beginsAsTorrent(first)
          ? this.#collected('none', status, message, raw)
          : this.#asIs(status, message, raw);
    } else {
      this.#body = this.#asIs(status, message, raw);
    }
  }

  #decide(first: Buffer | undefined): void {
    this.#body = this.#undecided?.(first);
    this.#undecided = undefined;
  }

  #asIs(status: number, message: string, raw: RawHeaders): AnswerBody {
    this.#writeHead(status, message, raw);
    return plainBody(this.#target);
  }

  #document(
    plan: Extract<AnswerPlan, { readonly kind: 'document' }>,
    status: number,
    message: string,
    raw: RawHeaders,
  ): AnswerBody {
    const { links, limits, onPassed } = this.#context;
    const { coding, document } = plan;
    this.#writeHead(status, message, raw, { coding: coding === 'none' ? undefined : encodingAgain(coding) });
    const rewriter = new LinkRewriter(document, {
      ...links,
      plainOrigin: this.#plainOrigin,
      onRewritten: () => onPassed('magnet'),
    });
    return coding === 'none'
      ? rewrittenBody(rewriter, this.#target)
      : recodedBody(coding, rewriter, limits.decodedBytes, this.#target);
  }

  get #plainOrigin(): LinkRules['plainOrigin'] {
    const { mayBridge, authorities } = this.#job;
    return mayBridge ? { from: `https://${authorities.https}`, to: `http://${authorities.http}` } : undefined;
  }

  /** Collects a torrent, as far as there is room. */
  #collected(coding: Coding | 'none', status: number, message: string, raw: RawHeaders): AnswerBody {
    const { limits, reserve, onPassed, passTorrent } = this.#context;
    let chunks: Buffer[] | undefined = [];
    let collected = 0;
    let plain: AnswerBody | undefined;
    const giveBack = (): void => {
      reserve(-collected);
      collected = 0;
    };
    this.#job.response.once('close', giveBack);
    return {
      write: (chunk) => {
        if (plain !== undefined) return plain.write(chunk);
        if (collected + chunk.length <= limits.torrentBytes && reserve(chunk.length)) {
          chunks?.push(chunk);
          collected += chunk.length;
          return true;
        }
        onPassed('too-large');
        plain = this.#asIs(status, message, raw);
        for (const each of chunks ?? []) plain.write(each);
        chunks = undefined;
        giveBack();
        return plain.write(chunk);
      },
      end: () => {
        if (plain !== undefined) {
          plain.end();
          return;
        }
        const bytes = Buffer.concat(chunks ?? [], collected);
        chunks = undefined;
        decoded(bytes, coding, limits.torrentBytes)
          .then((torrent): PassedTorrent | Promise<PassedTorrent> =>
            torrent === undefined ? { kind: 'unchanged', reason: 'not-torrent' } : passTorrent(torrent),
          )
          .then((passed) => this.#sendTorrent(passed, bytes, status, message, raw))
          .catch((thrown: unknown) => this.#fail(thrown))
          .finally(giveBack);
      },
    };
  }

  #sendTorrent(passed: PassedTorrent, received: Buffer, status: number, message: string, raw: RawHeaders): void {
    const { response } = this.#job;
    const { onPassed, onWithdrawn } = this.#context;
    if (this.#isOver || response.destroyed) return;
    if (passed.kind === 'refused') {
      this.#outcome = 'withdrawn';
      onWithdrawn(passed.why);
      return;
    }
    if (passed.kind === 'unchanged') {
      onPassed(passed.reason);
      this.#writeHead(status, message, raw);
      response.end(received);
    } else {
      onPassed('torrent');
      this.#outcome = 'rewritten';
      this.#writeHead(status, message, raw, { coding: undefined, length: passed.bytes.length });
      response.end(passed.bytes);
    }
  }

  #writeHead(
    status: number,
    message: string,
    raw: RawHeaders,
    body?: { readonly coding: string | undefined; readonly length?: number },
  ): void {
    const { response, authorities, mayBridge } = this.#job;
    const headers = headersToReader(raw, {
      authorities,
      scheme: this.#scheme,
      mayBridge,
      ...(body && { body: { ...body, tags: this.#context.rules.tags } }),
    });
    // The original's own date, or none.
    response.sendDate = false;
    // A body that nobody reads to its end would be taken for the next request.
    if (!this.#job.request.complete) response.shouldKeepAlive = false;
    response.writeHead(status, message, headers);
    // A stream of events has a header long before its first event.
    process.nextTick(() => {
      if (this.#bytes === 0 && !response.writableEnded && !response.destroyed) response.flushHeaders();
    });
  }

  get #target(): BodyTarget {
    return {
      response: this.#job.response,
      onDrain: () => this.#controller?.resume(),
      onBroken: (reason) => this.#controller?.abort(reason),
    };
  }

  /** A defect, after the original has answered. */
  #fail(thrown: unknown): void {
    const { response } = this.#job;
    if (response.headersSent) response.destroy();
    else {
      this.#isOver = true;
      this.#context.onFailed('unreachable', messageOf(thrown));
    }
  }

  #leave(): void {
    this.#over('left');
    this.#controller?.abort(new Abandoned('the reader has left'));
  }

  #over(outcome: Outcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#context.onDone(outcome, this.#bytes);
  }
}

/** undici destroys the body of a request that ends early, and with it would go the connection to the reader. */
function relayed(request: IncomingMessage): Relay {
  const relay = new Relay();
  request.on('error', (error) => relay.destroy(error));
  request.once('close', () => {
    if (!request.complete) relay.destroy(new Abandoned('the reader has left'));
  });
  relay.on('error', () => request.unpipe(relay));
  relay.once('close', () => request.resume());
  return request.pipe(relay);
}

function latin1(raw: Dispatcher.DispatchController['rawHeaders']): RawHeaders {
  if (!Array.isArray(raw)) return [];
  return raw.map((each) => (typeof each === 'string' ? each : each.toString('latin1')));
}

function reasonOf(error: Error): string {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ClientError) return cause.message;
  }
  return errorCodeOf(error) ?? messageOf(error);
}
