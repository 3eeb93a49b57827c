/**
 * The requests of one crawl to sites. A site that fails several times in a row, or asks for a longer pause than a crawl
 * waits, is left out of the rest of the crawl, so that it cannot hold the crawl. Requests to one host go out one after
 * another; the rules of politeness are in src/net/polite-fetch.ts.
 *
 * Sources are written by strangers. What one of them names on another's site uses up its own tries alone: dead links do not
 * make the crawl leave out a site that works. Headers and private addresses that the configuration gives a source hold for
 * what that source names on its own site.
 */
import type { Clock } from '../domain/clock.js';
import { ClientError } from '../domain/errors.js';
import { siteName } from '../domain/site-address.js';
import type { FetchRequest } from '../net/http-fetch.js';
import { type Fetched, type PoliteFetcher, SiteRefusal } from '../net/polite-fetch.js';
import type { CrawlState } from '../store/sqlite/catalogue-crawl-state.js';
import { MAX_DEAD_LINKS, MAX_HOST_FAILURES } from './limits.js';
import type { Source } from './source-section.js';
import { siteAccess } from './sources/fetch-document.js';

export interface SiteVisits {
  /** @param namedBy the sources that name the URL */
  fetch(url: string, request: FetchRequest, namedBy: readonly string[]): Promise<Fetched>;
  /** Says that what came from the URL is a torrent. */
  usable(url: string, namedBy: readonly string[]): void;
  /** Says that what came from the URL cannot be used. */
  unusable(url: string, namedBy: readonly string[]): void;
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
  /** Why nobody may ask it. */
  givenUp: string | undefined;
  readonly bySource: Map<string, Tries>;
}

/** What became of the URLs that one source names on a host. */
interface Tries {
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
    const host: Host = { last: Promise.resolve(), givenUp: held?.reason, bySource: new Map() };
    hosts.set(name, host);
    return host;
  };
  const access = accessOf(sources);

  const failed = (host: Host, url: string, namedBy: readonly string[], thrown: unknown): void => {
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
    for (const tries of triesOf(host, namedBy)) {
      if (!ofSite) deadLink(tries, reason);
      else if (++tries.failures >= MAX_HOST_FAILURES) tries.givenUp = reason;
    }
  };

  return {
    fetch: (url, request, namedBy) => {
      const host = hostOf(url);
      const done = host.last.then(async () => {
        const givenUp = host.givenUp ?? givenUpBy(triesOf(host, namedBy));
        if (givenUp !== undefined) {
          throw new ClientError('unreachable', `${new URL(url).host} is left out of this crawl: ${givenUp}`);
        }
        const { headers, allowPrivate } = access(url, namedBy);
        const own = { headers: request.headers ?? headers, allowPrivate: request.allowPrivate ?? allowPrivate };
        try {
          const fetched = await fetcher.fetch(url, { ...request, ...own });
          for (const tries of triesOf(host, namedBy)) tries.failures = 0;
          return fetched;
        } catch (thrown) {
          request.signal?.throwIfAborted();
          failed(host, url, namedBy, thrown);
          throw thrown;
        }
      });
      host.last = done.catch(() => undefined);
      return done;
    },
    usable: (url, namedBy) => {
      for (const tries of triesOf(hostOf(url), namedBy)) tries.deadLinks = 0;
    },
    unusable: (url, namedBy) => {
      for (const tries of triesOf(hostOf(url), namedBy)) deadLink(tries, 'too many of its files cannot be used');
    },
  };
}

/** However long a site wants to be left alone, it is asked again after this. */
const MAX_HOLD_MS = 7 * 86_400_000;

function triesOf({ bySource }: Host, namedBy: readonly string[]): Tries[] {
  return namedBy.map((source) => {
    const known = bySource.get(source) ?? { failures: 0, deadLinks: 0, givenUp: undefined };
    bySource.set(source, known);
    return known;
  });
}

/** One source with tries left is enough: the others may name the URL only to spoil it. */
function givenUpBy(tries: readonly Tries[]): string | undefined {
  return tries.every(({ givenUp }) => givenUp !== undefined) ? tries[0]?.givenUp : undefined;
}

function deadLink(tries: Tries, reason: string): void {
  if (++tries.deadLinks >= MAX_DEAD_LINKS) tries.givenUp = reason;
}

/** What the configuration gives sources for what they name on their own sites. */
function accessOf(
  sources: readonly Source[],
): (url: string, namedBy: readonly string[]) => Pick<FetchRequest, 'headers' | 'allowPrivate'> {
  return (url, namedBy) => {
    const own = sources.filter(({ name }) => namedBy.includes(name)).map((source) => siteAccess(source, url));
    return {
      headers: Object.assign({}, ...own.map(({ headers }) => headers)) as Record<string, string>,
      allowPrivate: own.some(({ allowPrivate }) => allowPrivate),
    };
  };
}
