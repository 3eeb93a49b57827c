/**
 * Fetches from other people's sites politely. To each host it sends one request at a time, with a pause between two. It
 * respects robots.txt, sends conditional requests, backs off after 429 and 503, and limits time, size and redirects. It
 * never connects to a closed address, such as one of the operator's own network (`guarded-connect.ts`).
 */
import { setTimeout as sleepFor } from 'node:timers/promises';
import { Agent, fetch, type Response } from 'undici';
import type { Clock } from '../domain/clock.js';
import { ClientError, errorCodeOf, messageOf } from '../domain/errors.js';
import { checkUrl, guardedConnector, type ResolveName, resolveBySystem } from './guarded-connect.js';
import {
  MAX_CRAWL_DELAY_MS,
  MAX_REDIRECTS,
  MAX_REMEMBERED_HOSTS,
  MAX_RETRY_AFTER_MS,
  MAX_ROBOTS_BYTES,
  MAX_TRIES,
  MAX_URL_CHARACTERS,
} from './limits.js';
import type { ClosedBecause } from './outbound-rules.js';
import { ALLOW_ALL, ALLOW_NOTHING, type RobotsFile, type RobotsRules, robotsRules } from './robots.js';

/** Reads a robots.txt, which a stranger wrote, in another thread. @throws ClientError if it exceeds a limit */
export interface RobotsReader {
  run(
    task: 'robots',
    input: { readonly bytes: Uint8Array; readonly product: string },
    options: { readonly about: string; readonly signal?: AbortSignal | undefined },
  ): Promise<RobotsFile>;
}

export interface PoliteFetcherOptions {
  readonly clock: Clock;
  readonly documents: RobotsReader;
  /** Which addresses are not connected to, and why. */
  readonly closedBecause: ClosedBecause;
  /**
   * The addresses of a name; default: the system's resolver. It must not be redirected by this installation, or the
   * fetcher gets the mirror site instead of the original one.
   */
  readonly resolve?: ResolveName;
  readonly userAgent?: string;
  /** The pause between two requests to one host, in ms. */
  readonly delayMs?: number;
  /** For one request including its body, in ms. */
  readonly timeoutMs?: number;
  /** For tests; default: a timer. */
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export interface FetchRequest {
  readonly maxBytes: number;
  readonly accept?: string;
  /** Of the copy that the caller has. */
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FetchedDocument {
  readonly kind: 'fetched';
  readonly bytes: Uint8Array;
  /** After redirects. */
  readonly url: string;
  readonly contentType: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

export interface PoliteFetcher {
  /** @throws ClientError; the signal's reason if the signal was aborted */
  fetch(url: string, request: FetchRequest): Promise<FetchedDocument | { readonly kind: 'not-modified' }>;
  /** Ends all connections. Requests in flight fail. */
  close(): Promise<void>;
}

const PRODUCT = 'alias-tracker';
const DEFAULT_DELAY_MS = 1_000;
const DEFAULT_TIMEOUT_MS = 30_000;
const ROBOTS_LIFETIME_MS = 3_600_000;
const FIRST_BACK_OFF_MS = 2_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function createPoliteFetcher(options: PoliteFetcherOptions): PoliteFetcher {
  const { clock, documents, closedBecause, timeoutMs = DEFAULT_TIMEOUT_MS, delayMs = DEFAULT_DELAY_MS } = options;
  const userAgent = options.userAgent ?? `${PRODUCT} (mirror of popular torrents for an access network)`;
  const sleep = options.sleep ?? ((ms, signal) => sleepFor(ms, undefined, signal === undefined ? {} : { signal }));
  const agent = new Agent({
    connections: 1,
    connect: guardedConnector(options.resolve ?? resolveBySystem, closedBecause),
  });
  const lastByHost = new Map<string, Promise<unknown>>();
  const robotsByOrigin = new Map<string, { untilMs: number; rules: Promise<RobotsRules> }>();

  /** Runs `work` after all earlier work for the host, and after the pause. */
  const afterEarlier = <T>(host: string, pauseMs: number, work: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    const before = lastByHost.get(host);
    const done = (before ?? Promise.resolve()).then(async () => {
      if (before !== undefined && pauseMs > 0) await sleep(pauseMs, signal);
      signal?.throwIfAborted();
      return work();
    });
    lastByHost.set(
      host,
      done.catch(() => undefined),
    );
    return done;
  };

  const requestOnce = async (url: URL, request: FetchRequest, pauseMs: number): Promise<Answer> =>
    afterEarlier(
      url.host,
      pauseMs,
      async () => {
        const timeout = AbortSignal.timeout(timeoutMs);
        try {
          const response = await fetch(url, {
            dispatcher: agent,
            redirect: 'manual',
            headers: {
              'user-agent': userAgent,
              accept: request.accept ?? '*/*',
              ...(request.etag === undefined ? {} : { 'if-none-match': request.etag }),
              ...(request.lastModified === undefined ? {} : { 'if-modified-since': request.lastModified }),
            },
            signal: request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]),
          });
          const wanted = response.status >= 200 && response.status < 300;
          if (!wanted) await response.body?.cancel();
          return { response, bytes: wanted ? await readBody(response, request.maxBytes) : new Uint8Array() };
        } catch (thrown) {
          request.signal?.throwIfAborted();
          if (timeout.aborted)
            throw new ClientError('unreachable', `${url.host} took longer than ${timeoutMs / 1000} s`);
          throw asClientError(thrown, url);
        }
      },
      request.signal,
    );

  const requestPatiently = async (url: URL, request: FetchRequest, pauseMs: number): Promise<Answer> => {
    for (let attempt = 1; ; attempt++) {
      const answer = await requestOnce(url, request, pauseMs);
      const { status, headers } = answer.response;
      if ((status !== 429 && status !== 503) || attempt === MAX_TRIES) return answer;
      const waitMs = retryAfterMs(headers.get('retry-after'), clock.nowMs()) ?? FIRST_BACK_OFF_MS * 2 ** (attempt - 1);
      if (waitMs > MAX_RETRY_AFTER_MS) return answer;
      // In the host's turn: whatever else is wanted from it waits, too.
      await afterEarlier(url.host, 0, () => sleep(waitMs, request.signal), request.signal);
    }
  };

  const follow = async (start: URL, request: FetchRequest, checkRobots: boolean): Promise<Answer & { url: URL }> => {
    let url = start;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      if (url.href.length > MAX_URL_CHARACTERS)
        throw new ClientError('not-fetched', `a URL of ${url.host} has more than ${MAX_URL_CHARACTERS} characters`);
      checkUrl(url, closedBecause);
      const rules = checkRobots ? await robotsFor(url, request.signal) : ALLOW_ALL;
      if (!rules.allows(url.pathname + url.search))
        throw new ClientError('not-fetched', `robots.txt of ${url.host} forbids ${url}`);
      const pauseMs = Math.max(delayMs, rules.crawlDelayMs ?? 0);
      if (pauseMs > Math.max(MAX_CRAWL_DELAY_MS, delayMs)) {
        throw new ClientError(
          'not-fetched',
          `robots.txt of ${url.host} asks for a pause of ${pauseMs / 1000} s between requests`,
        );
      }
      const answer = await requestPatiently(url, request, pauseMs);
      const location = answer.response.headers.get('location');
      if (!REDIRECTS.has(answer.response.status) || location === null) return { ...answer, url };
      if (!URL.canParse(location, url.href))
        throw new ClientError('invalid-answer', `${url.host} redirects to something that is not a URL`);
      url = new URL(location, url);
    }
    throw new ClientError('invalid-answer', `${start.host} redirects more than ${MAX_REDIRECTS} times`);
  };

  const robotsFor = (url: URL, signal: AbortSignal | undefined): Promise<RobotsRules> => {
    const known = robotsByOrigin.get(url.origin);
    if (known !== undefined && known.untilMs > clock.nowMs()) return known.rules;
    const rules = fetchRobots(new URL('/robots.txt', url), signal);
    // Forgets the oldest: a Map keeps the order of insertion.
    if (robotsByOrigin.size >= MAX_REMEMBERED_HOSTS) robotsByOrigin.delete(robotsByOrigin.keys().next().value!);
    robotsByOrigin.set(url.origin, { untilMs: clock.nowMs() + ROBOTS_LIFETIME_MS, rules });
    // An aborted crawl says nothing about the site.
    rules.catch(() => robotsByOrigin.delete(url.origin));
    return rules;
  };

  const fetchRobots = async (url: URL, signal: AbortSignal | undefined): Promise<RobotsRules> => {
    try {
      const { response, bytes } = await follow(url, { maxBytes: MAX_ROBOTS_BYTES, signal }, false);
      if (response.ok) {
        return robotsRules(await documents.run('robots', { bytes, product: PRODUCT }, { about: url.href, signal }));
      }
      // RFC 9309 section 2.3.1.3: "unavailable" (4xx) allows everything.
      return response.status >= 400 && response.status < 500 ? ALLOW_ALL : ALLOW_NOTHING;
    } catch (thrown) {
      signal?.throwIfAborted();
      // The error of an unreachable host says more than "robots.txt forbids".
      if (thrown instanceof ClientError) throw thrown;
      return ALLOW_NOTHING;
    }
  };

  return {
    fetch: async (text, request) => {
      if (!URL.canParse(text)) throw new ClientError('not-fetched', `"${text.slice(0, 100)}" is not a URL`);
      const start = new URL(text);
      start.hash = '';
      const { response, bytes, url } = await follow(start, request, true);
      if (response.status === 304) return { kind: 'not-modified' };
      if (!response.ok) throw new ClientError('refused-elsewhere', `${url.host} answers ${response.status}`);
      return {
        kind: 'fetched',
        bytes,
        url: url.href,
        contentType: response.headers.get('content-type') ?? undefined,
        etag: response.headers.get('etag') ?? undefined,
        lastModified: response.headers.get('last-modified') ?? undefined,
      };
    },
    close: () => agent.destroy(),
  };
}

interface Answer {
  readonly response: Response;
  readonly bytes: Uint8Array;
}

async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    length += bytes.length;
    // Leaving the loop cancels the rest of the body.
    if (length > maxBytes) throw new ClientError('invalid-answer', `the answer has more than ${maxBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, length);
}

/** RFC 9110 section 10.2.3: seconds or a date. */
function retryAfterMs(value: string | null, nowMs: number): number | undefined {
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
