/** Remembers the robots.txt of each origin for an hour, and fetches it when it is needed (RFC 9309 section 2.3). */
import type { Clock } from '../domain/clock.js';
import { ClientError } from '../domain/errors.js';
import { forgetOldest } from '../domain/forget-oldest.js';
import type { FetchRequest, HttpAnswer } from './http-fetch.js';
import { MAX_REMEMBERED_HOSTS } from './limits.js';
import { ALLOW_ALL, ALLOW_NOTHING, type RobotsFile, type RobotsRules, robotsRules } from './robots.js';

/** Reads a robots.txt, which a stranger wrote, in another thread. @throws ClientError if it exceeds a limit */
export interface RobotsReader {
  run(
    task: 'robots',
    input: { readonly bytes: Uint8Array; readonly product: string },
    options: { readonly about: string; readonly signal?: AbortSignal | undefined },
  ): Promise<RobotsFile>;
}

export interface RobotsCacheOptions {
  readonly clock: Clock;
  readonly documents: RobotsReader;
  /** The name under which a robots.txt may have rules for this crawler. */
  readonly product: string;
  readonly fetch: (url: URL, request: RobotsRequest) => Promise<HttpAnswer>;
}

/** Of the request that needs the rules. */
type RobotsRequest = Pick<FetchRequest, 'allowPrivate' | 'signal'>;

const LIFETIME_MS = 3_600_000;

/** @returns a function that gives the rules of a URL's origin, and throws ClientError if the host is unreachable */
export function createRobotsCache({ clock, documents, product, fetch }: RobotsCacheOptions) {
  const byOrigin = new Map<string, { readonly untilMs: number; readonly rules: Promise<RobotsRules> }>();

  const read = async (url: URL, request: RobotsRequest): Promise<RobotsRules> => {
    const { signal } = request;
    try {
      const { response, bytes } = await fetch(url, request);
      if (response.ok) {
        return robotsRules(await documents.run('robots', { bytes, product }, { about: url.href, signal }));
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

  return (url: URL, request: RobotsRequest): Promise<RobotsRules> => {
    const known = byOrigin.get(url.origin);
    if (known !== undefined && known.untilMs > clock.nowMs()) return known.rules;
    const rules = read(new URL('/robots.txt', url), request);
    byOrigin.set(url.origin, { untilMs: clock.nowMs() + LIFETIME_MS, rules });
    forgetOldest(byOrigin, MAX_REMEMBERED_HOSTS);
    // An aborted crawl says nothing about the site.
    rules.catch(() => byOrigin.delete(url.origin));
    return rules;
  };
}
