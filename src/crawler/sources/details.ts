/**
 * The second step of a list whose items lead only to pages: fetches the pages of the best items, and finds the torrents
 * there. Pages whose torrent the catalogue has from an earlier crawl are not fetched again.
 */
import { counted } from '../../domain/counted.js';
import { ClientError, messageOf } from '../../domain/errors.js';
import type { Candidate } from '../candidate.js';
import type { CrawlDocumentReader } from '../document-tasks.js';
import { inParallel } from '../in-parallel.js';
import { demandOf } from '../popularity.js';
import type { DetailsSource } from '../source-section.js';
import { fetchDocument } from './fetch-document.js';
import type { PageReading } from './read-pages.js';

export interface DetailsReading extends PageReading {
  readonly documents: CrawlDocumentReader;
  /** What an earlier crawl found on this page; undefined if nothing. */
  readonly knownPage: (pageUrl: string) => Pick<Candidate, 'infoHash' | 'torrentUrls' | 'magnet'> | undefined;
}

/** The fetcher sends one request at a time to each host. */
const PARALLEL_PAGES = 4;

/** @returns the candidates that lead to a torrent, completed by what their pages say */
export async function withDetails(
  source: DetailsSource,
  candidates: readonly Candidate[],
  reading: DetailsReading,
): Promise<Candidate[]> {
  const { details } = source;
  const isComplete = ({ torrentUrls, magnet }: Candidate): boolean => torrentUrls.length > 0 || magnet !== undefined;
  if (details === undefined) return candidates.filter(isComplete);
  const found: Candidate[] = [];
  const incomplete: Candidate[] = [];
  for (const candidate of candidates) {
    const known = candidate.pageUrl === undefined ? undefined : reading.knownPage(candidate.pageUrl);
    if (isComplete(candidate)) found.push(candidate);
    else if (known !== undefined && hasCounts(candidate)) found.push({ ...candidate, ...known });
    else incomplete.push(candidate);
  }
  const best = incomplete.sort((a, b) => demandOf(b) - demandOf(a)).slice(0, details.maxPages);
  const failures: string[] = [];
  await inParallel(best, PARALLEL_PAGES, async (candidate) => {
    try {
      const document = await fetchDocument(source, candidate.pageUrl!, 'text/html, */*;q=0.5', reading);
      const read = await reading.documents.run(
        'detailsPage',
        { ...document, fields: details },
        { about: document.url, signal: reading.signal },
      );
      if (read === undefined) throw new ClientError('invalid-document', `${document.url} has no link to a torrent`);
      found.push(completed(candidate, read));
    } catch (thrown) {
      reading.signal?.throwIfAborted();
      if (!(thrown instanceof ClientError)) throw thrown;
      failures.push(messageOf(thrown));
    }
  });
  if (failures.length > 0)
    reading.onNote(`${failures.length} of ${counted(best.length, 'page')} cannot be read; the first: ${failures[0]}`);
  return found;
}

function hasCounts({ seeds, leechers, downloads }: Candidate): boolean {
  return seeds !== undefined || leechers !== undefined || downloads !== undefined;
}

/** The list knows its own names and dates; the page has the rest. */
function completed(listed: Candidate, page: Candidate): Candidate {
  const { torrentUrls, magnet, infoHash } = page;
  return {
    ...listed,
    torrentUrls,
    magnet,
    infoHash: listed.infoHash ?? infoHash,
    title: listed.title ?? page.title,
    seeds: page.seeds ?? listed.seeds,
    leechers: page.leechers ?? listed.leechers,
    downloads: page.downloads ?? listed.downloads,
    bytes: page.bytes ?? listed.bytes,
    category: listed.category ?? page.category,
    publishedMs: listed.publishedMs ?? page.publishedMs,
  };
}
