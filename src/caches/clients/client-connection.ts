/**
 * HTTP requests to the client of one cache, with limits on time and size. Every failure is an OperatorError that names the cache,
 * what is wrong and what to do.
 */

import { Agent, fetch, type RequestInit } from 'undici';
import type { z } from 'zod';
import { startDeadline } from '../../domain/deadline.js';
import type { ErrorCode } from '../../domain/error-catalogue.js';
import { ClientError, errorCodeOf, messageOf, OperatorError } from '../../domain/errors.js';
import type { InfoHash } from '../../domain/info-hash.js';
import { readBody } from '../../net/read-body.js';
import { CALL_TIMEOUT_MS } from '../cache-client.js';
import { MAX_ANSWER_BYTES } from '../limits.js';
import { quote } from '../quote.js';

export interface ClientAddress {
  /** Of the cache. */
  readonly name: string;
  readonly url: string;
}

export interface ClientAnswer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly cookies: readonly string[];
  readonly text: string;
}

export class ClientConnection {
  readonly #cache: ClientAddress;
  /** Of the program, for messages. */
  readonly #program: string;
  readonly #agent = new Agent({ connections: 2, connect: { timeout: CALL_TIMEOUT_MS } });

  constructor(cache: ClientAddress, program: string) {
    this.#cache = cache;
    this.#program = program;
  }

  get url(): URL {
    return new URL(this.#cache.url);
  }

  /** @param what went wrong and what to do, e.g. `refuses the password: …` */
  error(what: string, code: ErrorCode = 'refused-elsewhere', cause?: unknown): OperatorError {
    return new OperatorError(`cache ${this.#cache.name}: ${this.#program} at ${this.url.origin} ${what}`, {
      code,
      cause,
    });
  }

  /** One call, which may take several requests: all of them have the same time limit. */
  async call<Result>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const deadline = startDeadline(CALL_TIMEOUT_MS, signal);
    try {
      return await work(deadline.signal);
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof OperatorError) throw thrown;
      if (deadline.isOver) {
        throw this.error(
          `does not answer within ${CALL_TIMEOUT_MS / 1_000} s; look at the load and the disk of that machine, and at the log of the client`,
          'unreachable',
          thrown,
        );
      }
      throw this.#asError(thrown);
    } finally {
      deadline.end();
    }
  }

  /** @throws anything; {@link call} makes an OperatorError of it */
  async request(url: URL, init: RequestInit): Promise<ClientAnswer> {
    const response = await fetch(url, { ...init, dispatcher: this.#agent, redirect: 'manual' });
    const text = Buffer.from(await readBody(response, MAX_ANSWER_BYTES)).toString('utf8');
    return {
      status: response.status,
      header: (name) => response.headers.get(name) ?? undefined,
      cookies: response.headers.getSetCookie(),
      text,
    };
  }

  /** The JSON of an answer with status 200. @throws OperatorError if it is something else, such as the page of a wrong path */
  json(answer: ClientAnswer, path: string): unknown {
    if (answer.status !== 200) {
      throw this.error(
        `answers ${answer.status} instead of 200; check the path of url, usually ${path}`,
        'invalid-answer',
      );
    }
    try {
      return JSON.parse(answer.text);
    } catch {
      const what = /^\s*</.test(answer.text) ? 'a web page' : 'something that is not JSON';
      throw this.error(`answers with ${what}; check the port and the path of url, usually ${path}`, 'invalid-answer');
    }
  }

  /** @param what was asked. @param versions that are supported. @throws OperatorError if the value has another shape */
  read<Value>(shape: z.ZodType<Value>, value: unknown, what: string, versions: string): Value {
    const { data, success } = shape.safeParse(value);
    if (!success) throw this.error(`answers ${what} in an unknown form; supported are ${versions}`, 'invalid-answer');
    return data as Value;
  }

  /** @param orMark how to hand the torrent over instead, e.g. `give it the label "x"` */
  addedByOthers(infoHash: InfoHash, orMark?: string): OperatorError {
    const advice = orMark === undefined ? 'remove it there' : `remove it there, or ${orMark}`;
    return this.error(`holds ${infoHash} already, and somebody else added it; ${advice}`);
  }

  close(): void {
    void this.#agent.destroy().catch(() => {});
  }

  #asError(thrown: unknown): OperatorError {
    for (let cause = thrown; cause instanceof Error; cause = cause.cause) {
      if (cause instanceof ClientError) {
        return this.error(
          `cannot be used: ${quote(cause.message)}; check url, it may be another program`,
          'invalid-answer',
          thrown,
        );
      }
    }
    const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
    const why = errorCodeOf(cause) ?? quote(messageOf(cause));
    const advice = ADVICE[why] ?? 'check that it runs, and the host and port of url';
    return this.error(`cannot be reached (${why}); ${advice}`, 'unreachable', thrown);
  }
}

const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'start it, let it listen on that address, or correct the port in url',
  ENOTFOUND: 'correct the host name in url, or write its address',
  EHOSTUNREACH: 'check the route to that machine, and that it is up',
  ECONNRESET: 'its listener may speak TLS: try https in url, or look at the log of the client',
};
