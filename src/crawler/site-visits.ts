/**
 * The requests of one crawl to sites. A site that fails several times in a row, or asks for a longer pause than a crawl
 * waits, is left out of the rest of the crawl, so that it cannot hold the crawl. Requests to one host go out one after
 * another; the rules of politeness are in src/net/polite-fetch.ts. Headers and private addresses that the configuration gives
 * a source hold for that source's own site.
 */
import type { Clock } from '../domain/clock.js';
import { ClientError } from '../domain/errors.js';
import { siteName } from '../domain/site-address.js';
import type { FetchRequest } from '../net/http-fetch.js';
import { type Fetched, type PoliteFetcher, SiteRefusal } from '../net/polite-fetch.js';
import type { CrawlState } from '../store/sqlite/catalogue-crawl-state.js';
import { MAX_DEAD_LINKS, MAX_HOST_FAILURES } from './limits.js';
import type { Source } from './source-section.js';

export interface SiteVisits {
  fetch: PoliteFetcher['fetch'];
  /** Says that what came from the URL is a torrent. */
  usable(url: string): void;
  /** Says that what came from the URL cannot be used. */
  unusable(url: string): void;
}

export interface SiteVisitsOptions {
  readonly fetcher: PoliteFetcher;
  readonly sources: readonly Source[];
  readonly state: Pick<CrawlState, 'hostHeld' | 'holdHost'>;
  readonly clock: Clock;
}

interface Host {
  /** Settles when the last request so far has ended. */
  last: Promise<unknown>;
  /** In a row: the site cannot be reached, takes too long or has an error of its own. */
  failures: number;
  /** In a row: it answers, but with nothing to use. */
  deadLinks: number;
  givenUp: string | undefined;
}

export function siteVisits({ fetcher, sources, state, clock }: SiteVisitsOptions): SiteVisits {
  const hosts = new Map<string, Host>();
  const hostOf = (url: string): Host => {
    const name = URL.canParse(url) ? siteName(new URL(url).host) : '';
    const known = hosts.get(name);
    if (known !== undefined) return known;
    const held = state.hostHeld(name, clock.nowMs());
    const host: Host = { last: Promise.resolve(), failures: 0, deadLinks: 0, givenUp: held?.reason };
    hosts.set(name, host);
    return host;
  };
  const access = accessOf(sources);

  const failed = (host: Host, url: string, thrown: unknown): void => {
    if (!(thrown instanceof ClientError)) return;
    const reason = thrown.message;
    const tooBusy = thrown instanceof SiteRefusal && (thrown.status === 429 || thrown.status === 503);
    if (tooBusy) {
      const { retryAfterSeconds } = thrown;
      host.givenUp = reason;
      if (retryAfterSeconds === undefined) return;
      const until = clock.nowMs() + Math.min(retryAfterSeconds * 1_000, MAX_HOLD_MS);
      state.holdHost(siteName(new URL(url).host), until, `it asked for a pause until ${new Date(until).toISOString()}`);
      return;
    }
    const ofSite = thrown.code === 'unreachable' || (thrown instanceof SiteRefusal && thrown.status >= 500);
    if (ofSite && ++host.failures >= MAX_HOST_FAILURES) host.givenUp = reason;
    else if (!ofSite) deadLink(host, reason);
  };
  const deadLink = (host: Host, reason: string): void => {
    if (++host.deadLinks >= MAX_DEAD_LINKS) host.givenUp = reason;
  };

  return {
    fetch: (url, request) => {
      const host = hostOf(url);
      const done = host.last.then(async () => {
        if (host.givenUp !== undefined) {
          throw new ClientError('unreachable', `${new URL(url).host} is left out of this crawl: ${host.givenUp}`);
        }
        const { headers, allowPrivate } = access(url);
        const own = { headers: request.headers ?? headers, allowPrivate: request.allowPrivate ?? allowPrivate };
        return visit(fetcher, host, url, { ...request, ...own }, failed);
      });
      host.last = done.catch(() => undefined);
      return done;
    },
    usable: (url) => {
      hostOf(url).deadLinks = 0;
    },
    unusable: (url) => deadLink(hostOf(url), 'too many of its files cannot be used'),
  };
}

/** However long a site wants to be left alone, it is asked again after this. */
const MAX_HOLD_MS = 7 * 86_400_000;

async function visit(
  fetcher: PoliteFetcher,
  host: Host,
  url: string,
  request: FetchRequest,
  failed: (host: Host, url: string, thrown: unknown) => void,
): Promise<Fetched> {
  try {
    const fetched = await fetcher.fetch(url, request);
    host.failures = 0;
    return fetched;
  } catch (thrown) {
    request.signal?.throwIfAborted();
    failed(host, url, thrown);
    throw thrown;
  }
}

/** What the configuration gives the site of a URL. */
function accessOf(sources: readonly Source[]): (url: string) => Pick<FetchRequest, 'headers' | 'allowPrivate'> {
  const byOrigin = new Map<string, Pick<FetchRequest, 'headers' | 'allowPrivate'>>();
  for (const source of sources) {
    if (!('url' in source) || source.url === undefined) continue;
    const { origin } = new URL(source.url);
    const before = byOrigin.get(origin);
    byOrigin.set(origin, {
      headers: { ...before?.headers, ...source.headers },
      allowPrivate: before?.allowPrivate || source.allowPrivate,
    });
  }
  return (url) => (URL.canParse(url) ? (byOrigin.get(new URL(url).origin) ?? {}) : {});
}
