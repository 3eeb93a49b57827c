/**
 * Fetches one URL of another site, without following redirects: limits on time and size, and retries after 429 and 503.
 * Each failure is a ClientError that names the host.
 */

import { type Agent, fetch, type Response } from 'undici';
import type { Clock } from '../domain/clock.js';
import { startDeadline } from '../domain/deadline.js';
import { ClientError, errorCodeOf, messageOf } from '../domain/errors.js';
import type { HostQueue } from './host-queue.js';
import { MAX_RETRY_AFTER_MS, MAX_TRIES } from './limits.js';
import { readBody } from './read-body.js';

export interface FetchRequest {
  readonly maxBytes: number;
  readonly accept?: string;
  /** Of the copy that the caller has. */
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  /** Sent to the site of the URL alone, never to another one that it redirects to. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The site of the URL, and no other that it redirects to, may be at a private address. */
  readonly allowPrivate?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly response: Response;
  /** Empty unless the status is 2xx. */
  readonly bytes: Uint8Array;
}

export interface HttpFetchOptions {
  readonly agentFor: (request: FetchRequest) => Agent;
  readonly queue: HostQueue;
  readonly clock: Clock;
  readonly userAgent: string;
  /** For one request including its body. */
  readonly timeoutMs: number;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

/**
 * @param pauseMs before each try, unless it is the first request to the host
 * @returns the last answer, which may still be 429 or 503
 * @throws ClientError; the signal's reason if the request's signal was aborted
 */
export type HttpFetch = (url: URL, request: FetchRequest, pauseMs: number) => Promise<HttpAnswer>;

const FIRST_BACK_OFF_MS = 2_000;

export function createHttpFetch(options: HttpFetchOptions): HttpFetch {
  const { agentFor, queue, clock, userAgent, timeoutMs, sleep } = options;

  const fetchOnce = async (url: URL, request: FetchRequest): Promise<HttpAnswer> => {
    const deadline = startDeadline(timeoutMs, request.signal);
    try {
      const response = await fetch(url, {
        dispatcher: agentFor(request),
        redirect: 'manual',
        headers: {
          ...request.headers,
          'user-agent': userAgent,
          accept: request.accept ?? '*/*',
          ...(request.etag === undefined ? {} : { 'if-none-match': request.etag }),
          ...(request.lastModified === undefined ? {} : { 'if-modified-since': request.lastModified }),
        },
        signal: deadline.signal,
      });
      if (response.ok) return { response, bytes: await readBody(response, request.maxBytes) };
      await response.body?.cancel();
      return { response, bytes: new Uint8Array() };
    } catch (thrown) {
      request.signal?.throwIfAborted();
      if (deadline.isOver) throw new ClientError('unreachable', `${url.host} took longer than ${timeoutMs / 1000} s`);
      throw asClientError(thrown, url);
    } finally {
      deadline.end();
    }
  };

  return async (url, request, pauseMs) => {
    const { signal } = request;
    const machine = machineOf(url);
    for (let attempt = 1; ; attempt++) {
      const answer = await queue.run(machine, pauseMs, () => fetchOnce(url, request), signal);
      const { status, headers } = answer.response;
      if ((status !== 429 && status !== 503) || attempt === MAX_TRIES) return answer;
      const waitMs = retryAfterMs(headers.get('retry-after'), clock.nowMs()) ?? FIRST_BACK_OFF_MS * 2 ** (attempt - 1);
      if (waitMs > MAX_RETRY_AFTER_MS) return answer;
      // In the queue, so that all other requests to this host wait, too.
      await queue.run(machine, 0, () => sleep(waitMs, signal), signal);
    }
  };
}

/** The same for all ports, and for the name with the dot of the root: a feed could ask one machine by all of them at once. */
function machineOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, '');
}

/** RFC 9110 section 10.2.3: seconds or a date. */
export function retryAfterMs(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const dateMs = Date.parse(value);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

function asClientError(thrown: unknown, url: URL): ClientError {
  for (let cause = thrown; cause instanceof Error; cause = cause.cause) if (cause instanceof ClientError) return cause;
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const code = errorCodeOf(cause);
  const why = code === undefined ? `: ${messageOf(cause)}` : ` (${code})`;
  return new ClientError('unreachable', `${url.host} cannot be reached${why}`, { cause: thrown });
}
