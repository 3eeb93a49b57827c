/**
 * Fetches from other people's sites politely. To each host it sends one request at a time, with a pause between two. It
 * respects robots.txt, sends conditional requests, backs off after 429 and 503, and limits time, size and redirects. It
 * never connects to a blocked address, such as one of the operator's own network (`guarded-connect.ts`).
 */
import { setTimeout as sleepFor } from 'node:timers/promises';
import { Agent } from 'undici';
import type { Clock } from '../domain/clock.js';
import { ClientError } from '../domain/errors.js';
import { checkUrl, guardedConnector, type ResolveName, resolveBySystem } from './guarded-connect.js';
import { createHostQueue } from './host-queue.js';
import { createHttpFetch, type FetchRequest, type HttpAnswer, retryAfterMs } from './http-fetch.js';
import { MAX_CRAWL_DELAY_MS, MAX_REDIRECTS, MAX_ROBOTS_BYTES, MAX_URL_CHARACTERS } from './limits.js';
import type { BlockedReason } from './outbound-rules.js';
import { ALLOW_ALL, type RobotsRules } from './robots.js';
import { createRobotsCache, type RobotsReader } from './robots-cache.js';

export interface PoliteFetcherOptions {
  readonly clock: Clock;
  readonly documents: RobotsReader;
  /** Which addresses are not connected to, and why. */
  readonly blockedReason: BlockedReason;
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

export interface FetchedDocument {
  readonly kind: 'fetched';
  readonly bytes: Uint8Array;
  /** After redirects. */
  readonly url: string;
  readonly contentType: string | undefined;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

export type Fetched =
  | FetchedDocument
  | { readonly kind: 'not-modified' }
  /** The site redirects to a magnet link, as sites do that have no torrent files. */
  | { readonly kind: 'magnet'; readonly magnet: string };

/** The site answered with a status other than 2xx and 304. */
export class SiteRefusal extends ClientError {
  readonly status: number;

  constructor(host: string, status: number, retryAfterMs: number | undefined) {
    const retryAfterSeconds = retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1_000);
    super('refused-elsewhere', `${host} answers ${status}`, { retryAfterSeconds });
    this.name = 'SiteRefusal';
    this.status = status;
  }
}

export interface PoliteFetcher {
  /** @throws ClientError; the signal's reason if the signal was aborted */
  fetch(url: string, request: FetchRequest): Promise<Fetched>;
  /** Ends all connections. Requests in flight fail. */
  close(): Promise<void>;
}

const PRODUCT = 'alias-tracker';
const DEFAULT_DELAY_MS = 1_000;
const DEFAULT_TIMEOUT_MS = 30_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function createPoliteFetcher(options: PoliteFetcherOptions): PoliteFetcher {
  const { clock, documents, blockedReason, delayMs = DEFAULT_DELAY_MS } = options;
  const sleep = options.sleep ?? ((ms, signal) => sleepFor(ms, undefined, signal === undefined ? {} : { signal }));
  const agentWith = (blocked: BlockedReason): Agent =>
    new Agent({ connections: 1, connect: guardedConnector(options.resolve ?? resolveBySystem, blocked) });
  const agent = agentWith((address, port) => blockedReason(address, port));
  const insideAgent = agentWith((address, port) => blockedReason(address, port, true));
  const fetchOne = createHttpFetch({
    agentFor: ({ allowPrivate }) => (allowPrivate ? insideAgent : agent),
    queue: createHostQueue(sleep),
    clock,
    userAgent: options.userAgent ?? `${PRODUCT} (mirror of popular torrents for an access network)`,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    sleep,
  });
  const robotsOf = createRobotsCache({
    clock,
    documents,
    product: PRODUCT,
    fetch: (url, { allowPrivate, signal }) =>
      follow(url, { maxBytes: MAX_ROBOTS_BYTES, allowPrivate, signal }, async () => ALLOW_ALL),
  });

  const follow = async (
    start: URL,
    request: FetchRequest,
    rulesOf: (url: URL, request: FetchRequest) => Promise<RobotsRules>,
  ): Promise<HttpAnswer & { url: URL; magnet?: string }> => {
    let url = start;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      if (url.href.length > MAX_URL_CHARACTERS) {
        throw new ClientError('not-fetched', `a URL of ${url.host} has more than ${MAX_URL_CHARACTERS} characters`);
      }
      const here = url.origin === start.origin ? request : { ...request, headers: undefined, allowPrivate: false };
      checkUrl(url, blockedReason, here.allowPrivate);
      // Indexers for one's own use forbid everything to robots. The operator has named this one.
      const rules = here.allowPrivate ? ALLOW_ALL : await rulesOf(url, here);
      const pauseMs = pauseAllowedBy(rules, url, delayMs);
      const answer = await fetchOne(url, here, pauseMs);
      const location = answer.response.headers.get('location');
      if (!REDIRECTS.has(answer.response.status) || location === null) return { ...answer, url };
      if (/^magnet:\?/i.test(location)) return { ...answer, url, magnet: location };
      if (!URL.canParse(location, url.href)) {
        throw new ClientError('invalid-answer', `${url.host} redirects to something that is not a URL`);
      }
      url = new URL(location, url);
    }
    throw new ClientError('invalid-answer', `${start.host} redirects more than ${MAX_REDIRECTS} times`);
  };

  return {
    fetch: async (text, request) => {
      if (!URL.canParse(text)) throw new ClientError('not-fetched', `"${text.slice(0, 100)}" is not a URL`);
      const start = new URL(text);
      start.hash = '';
      const { response, bytes, url, magnet } = await follow(start, request, robotsOf);
      if (magnet !== undefined) return { kind: 'magnet', magnet };
      if (response.status === 304) return { kind: 'not-modified' };
      if (!response.ok) {
        const retryAfter = retryAfterMs(response.headers.get('retry-after'), clock.nowMs());
        throw new SiteRefusal(url.host, response.status, retryAfter);
      }
      return {
        kind: 'fetched',
        bytes,
        url: url.href,
        contentType: response.headers.get('content-type') ?? undefined,
        etag: response.headers.get('etag') ?? undefined,
        lastModified: response.headers.get('last-modified') ?? undefined,
      };
    },
    close: async () => void (await Promise.all([agent.destroy(), insideAgent.destroy()])),
  };
}

/** @returns the pause between two requests, in ms @throws ClientError if the site does not allow to fetch the URL */
function pauseAllowedBy(rules: RobotsRules, url: URL, delayMs: number): number {
  if (!rules.allows(url.pathname + url.search)) {
    throw new ClientError('not-fetched', `robots.txt of ${url.host} forbids ${url}`);
  }
  const pauseMs = Math.max(delayMs, rules.crawlDelayMs ?? 0);
  if (pauseMs <= Math.max(MAX_CRAWL_DELAY_MS, delayMs)) return pauseMs;
  throw new ClientError(
    'not-fetched',
    `robots.txt of ${url.host} asks for a pause of ${pauseMs / 1000} s between requests`,
  );
}
