/** Calls a control API, for probes, agents and the command line. A refusal becomes a message that says what to do. */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { Clock } from '../domain/clock.js';
import type { ErrorCode } from '../domain/error-catalogue.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import { codeOfProblemType } from './problem.js';
import { signRequest } from './request-signature.js';
import { sha256Hex } from './token-directory.js';

const TIMEOUT_MS = 15_000;
/** Smaller bodies are not worth compressing. */
const GZIP_FROM_BYTES = 2_048;

export interface ControlClientOptions {
  /** Such as `http://127.0.0.1:8090`. */
  readonly url: string;
  readonly token: string | undefined;
  readonly clock: Clock;
  /** Signs requests with the token of this probe instead of sending it. */
  readonly signAs?: string | undefined;
}

/** The call failed or was refused. */
export class ControlCallError extends OperatorError {
  /** Of the answer; undefined if none came. */
  readonly status: number | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** The answer, if it was JSON. */
  readonly body: unknown;

  constructor(
    message: string,
    options: {
      code: ErrorCode;
      status?: number;
      retryAfterSeconds?: number | undefined;
      body?: unknown;
      cause?: unknown;
    },
  ) {
    super(message, options);
    this.name = 'ControlCallError';
    this.status = options.status;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.body = options.body;
  }

  /** Whether a retry may succeed. */
  get isTemporary(): boolean {
    const { status } = this;
    return status === undefined || status >= 500 || status === 429 || status === 408;
  }
}

export class ControlClient {
  readonly #options: ControlClientOptions;

  constructor(options: ControlClientOptions) {
    this.#options = options;
  }

  /** @throws ControlCallError */
  get(path: string): Promise<unknown> {
    return this.#call('GET', path, undefined);
  }

  /** @throws ControlCallError */
  post(path: string, json: unknown): Promise<unknown> {
    return this.#call('POST', path, JSON.stringify(json));
  }

  async #call(method: string, path: string, text: string | undefined): Promise<unknown> {
    const { url } = this.#options;
    let body: string | Uint8Array<ArrayBuffer> | null = null;
    const headers: Record<string, string> = {};
    if (text !== undefined) {
      headers['content-type'] = 'application/json';
      body = text;
      if (text.length >= GZIP_FROM_BYTES) {
        headers['content-encoding'] = 'gzip';
        body = new Uint8Array(gzipSync(text));
      }
    }
    Object.assign(headers, this.#credentials(method, path, body));
    let response: Response;
    let answer: string;
    try {
      response = await fetch(new URL(path, url), { method, headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
      answer = await response.text();
    } catch (thrown) {
      const why = thrown instanceof Error && thrown.cause !== undefined ? messageOf(thrown.cause) : messageOf(thrown);
      throw new ControlCallError(
        `the tracker at ${url} does not answer: ${why}; check that it is running and that --url is right`,
        {
          code: 'unreachable',
          cause: thrown,
        },
      );
    }
    const json = jsonOf(answer);
    if (response.ok) return json;
    const { type, detail } = problemDocument.safeParse(json).data ?? {};
    const what = detail ?? answer.slice(0, 200);
    const way = response.status === 401 ? '; pass the token by --token or $ALIAS_TRACKER_TOKEN' : '';
    throw new ControlCallError(`the tracker answers ${response.status}: ${what}${way}`, {
      code: codeOfProblemType(type) ?? 'refused-elsewhere',
      status: response.status,
      body: json,
      retryAfterSeconds: Number(response.headers.get('retry-after')) || undefined,
    });
  }

  /** @param body as sent */
  #credentials(method: string, path: string, body: string | Uint8Array | null): Record<string, string> {
    const { url, token, signAs, clock } = this.#options;
    if (token === undefined) return {};
    if (signAs === undefined || body === null) return { authorization: `Bearer ${token}` };
    const { pathname, search } = new URL(path, url);
    const request = { method, path: pathname + search, probe: signAs, body };
    return signRequest(sha256Hex(token), request, clock.nowMs(), randomBytes(16).toString('hex'));
  }
}

/** What is read of a refusal; it may also come from a proxy, which sends something else. */
const problemDocument = z.object({ type: z.string().optional(), detail: z.string() });

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
