/** Reads the sources of a crawl in parallel, and prepares what they name: block lists, weights, plausible counts. */
import { messageOf, OperatorError } from '../domain/errors.js';
import { maskUrlSecrets } from '../domain/mask-url-secrets.js';
import { siteAddressOf } from '../domain/site-address.js';
import type { PoliteFetcher } from '../net/polite-fetch.js';
import { matchesPattern } from '../net/robots.js';
import { bestOf } from './best-of.js';
import { type Candidate, plausibleCount, uniform } from './candidate.js';
import type { CrawlProgress, CrawlResult } from './crawl-result.js';
import { demandOf } from './popularity.js';
import { readSource, type SourceReading } from './read-source.js';
import type { SiteVisits } from './site-visits.js';
import type { Source } from './source-section.js';

export interface SourcesRead {
  readonly candidates: Candidate[];
  readonly sources: CrawlResult['sources'];
  /** Names of sources that were not read. Their torrents keep their rank. */
  readonly unread: ReadonlySet<string>;
}

export interface SourcesToRead {
  readonly all: readonly Source[];
  /** Only the one with this name. */
  readonly only: string | undefined;
  /** At most this many candidates of each source, the best ones. */
  readonly limit: number;
  readonly visits: SiteVisits;
  readonly reading: Omit<SourceReading, 'onNote'>;
  /** Ends the crawl with an error; `reading.signal` may also abort because its time is up. */
  readonly stopped: AbortSignal | undefined;
  readonly onProgress: ((progress: CrawlProgress) => void) | undefined;
}

/** @throws OperatorError if there is nothing to read; the reason of `stopped` */
export async function readSources(wanted: SourcesToRead): Promise<SourcesRead> {
  const { all, only, onProgress, stopped, visits, reading } = wanted;
  const chosen = all.filter((source) => only === undefined || source.name === only);
  if (chosen.length === 0) {
    const names = all.map((source) => source.name).join(', ');
    throw new OperatorError(
      only === undefined
        ? 'the crawler has no sources; add one under crawler.sources'
        : `unknown source "${only}"; the configuration has ${names}`,
    );
  }
  const unread = new Set(all.filter((source) => !chosen.includes(source)).map((source) => source.name));
  const read = await Promise.all(
    chosen.map(async (source) => {
      try {
        const onNote = (note: string): void => onProgress?.({ step: 'source-note', source: source.name, note });
        const fetch: PoliteFetcher['fetch'] = (url, request) => visits.fetch(url, request, [source.name]);
        const fetcher = { ...reading.fetcher, fetch };
        const found = await readSource(source, { ...reading, fetcher, onNote });
        onProgress?.({ step: 'source', source: source.name, candidates: found.length });
        const candidates = bestOf(prepared(found, source), wanted.limit, demandOf);
        return { name: source.name, candidates, count: found.length, error: undefined };
      } catch (thrown) {
        stopped?.throwIfAborted();
        const reason = maskUrlSecrets(reading.signal?.aborted ? 'the time of the crawl was up' : messageOf(thrown));
        unread.add(source.name);
        onProgress?.({ step: 'source-failed', source: source.name, reason });
        return { name: source.name, candidates: [], count: 0, error: reason };
      }
    }),
  );
  return {
    candidates: read.flatMap((source) => source.candidates),
    sources: read.map(({ name, count, error }) => ({ name, candidates: count, error })),
    unread,
  };
}

function* prepared(candidates: Iterable<Candidate>, source: Source): Generator<Candidate> {
  const { weight } = source;
  const isBlocked = blocklist(source);
  for (const candidate of candidates) {
    if (isBlocked(candidate.title, candidate.category, candidate.infoHash)) continue;
    yield {
      ...uniform(candidate),
      weight: candidate.weight ?? weight,
      seeds: plausibleCount(candidate.seeds),
      leechers: plausibleCount(candidate.leechers),
      foreignAddress: isElsewhere(candidate.torrentUrls[0], source),
    };
  }
}

/** Whether a source that is a site names a file on another site. Logs and lists of the operator's own have no site. */
function isElsewhere(torrentUrl: string | undefined, source: Source): boolean {
  if (torrentUrl === undefined || !('url' in source) || source.url === undefined) return false;
  return URL.canParse(torrentUrl) && siteAddressOf(torrentUrl).host !== siteAddressOf(source.url).host;
}

/** @returns whether one of these texts holds a blocked word, or is a blocked info-hash */
export function blocklist({ block = [] }: Pick<Source, 'block'>): (...texts: (string | undefined)[]) => boolean {
  const words = block.map((word) => word.toLowerCase());
  if (words.length === 0) return () => false;
  return (...texts) =>
    texts.some((text) => {
      const lower = text?.toLowerCase();
      return (
        lower !== undefined &&
        words.some((word) => (word.includes('*') ? matchesPattern(`*${word}`, lower) : lower.includes(word)))
      );
    });
}
