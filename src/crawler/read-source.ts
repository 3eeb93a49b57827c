/** Reads one source of any kind into candidates. Fetches its document conditionally if it has one. */
import type { Clock } from '../domain/clock.js';
import { ClientError } from '../domain/errors.js';
import { siteAddressOf } from '../domain/site-address.js';
import type { PoliteFetcher } from '../net/polite-fetch.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { CrawlState } from '../store/sqlite/catalogue-crawl-state.js';
import { readAccessLog } from './access-log-source.js';
import { type Candidate, scoreOf } from './candidate.js';
import type { CrawlDocumentReader, SourceDocument } from './document-tasks.js';
import { MAX_CANDIDATES_PER_SOURCE, MAX_DOCUMENT_BYTES } from './limits.js';
import { orAborted } from './or-aborted.js';
import type { AnnouncedSwarm, AnnouncedSwarms } from './source.js';
import type { SiteSource, Source } from './source-section.js';

/** Far more than the time to list its largest swarms. */
const ANNOUNCED_TIMEOUT_MS = 10_000;

export interface SourceReading {
  readonly fetcher: PoliteFetcher;
  readonly documents: CrawlDocumentReader;
  readonly catalogue: Catalogue;
  readonly state: CrawlState;
  readonly clock: Clock;
  readonly announced?: AnnouncedSwarms | undefined;
  readonly maxDocumentBytes?: number | undefined;
  readonly dryRun: boolean;
  readonly signal: AbortSignal | undefined;
}

/** @throws if the source cannot be read or parsed; the message says why */
export async function readSource(source: Source, reading: SourceReading): Promise<Candidate[]> {
  const { documents, signal } = reading;
  switch (source.type) {
    case 'feed': {
      const document = await fetchDocument(source, reading, 'application/rss+xml, application/atom+xml, */*;q=0.5');
      return documents.run('feed', document, { about: source.url, signal });
    }
    case 'html': {
      const document = await fetchDocument(source, reading, 'text/html, */*;q=0.5');
      return documents.run('listPage', { ...document, selectors: source }, { about: source.url, signal });
    }
    case 'access-log':
      return mostWanted(await readAccessLog({ ...reading, file: source.file, source: source.name }));
    case 'announces': {
      const swarms = await announcedSwarms(reading);
      return mostWanted(
        swarms.map(({ infoHash, seeds, leechers }) => ({
          source: source.name,
          infoHash,
          torrentUrls: [],
          innerRequests: seeds + leechers,
        })),
      );
    }
  }
}

/** The tracker runs in another thread: a crawl must not hang because that thread does. */
async function announcedSwarms({ announced, signal }: SourceReading): Promise<readonly AnnouncedSwarm[]> {
  if (announced === undefined) return [];
  const timeout = AbortSignal.timeout(ANNOUNCED_TIMEOUT_MS);
  try {
    const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    return await orAborted(Promise.resolve(announced.announced()), either);
  } catch (thrown) {
    if (!timeout.aborted) throw thrown;
    throw new Error(`the tracker did not report its swarms within ${ANNOUNCED_TIMEOUT_MS / 1_000} s`);
  }
}

function mostWanted(candidates: Candidate[]): Candidate[] {
  return candidates.sort((a, b) => scoreOf(b) - scoreOf(a)).slice(0, MAX_CANDIDATES_PER_SOURCE);
}

async function fetchDocument(
  source: SiteSource,
  { fetcher, catalogue, state, clock, maxDocumentBytes = MAX_DOCUMENT_BYTES, dryRun, signal }: SourceReading,
  accept: string,
): Promise<SourceDocument> {
  const stored = state.document(source.url);
  const answer = await fetcher.fetch(source.url, {
    maxBytes: maxDocumentBytes,
    accept,
    etag: stored?.etag,
    lastModified: stored?.lastModified,
    signal,
  });
  if (!dryRun) catalogue.recordListing({ ...siteAddressOf(source.url), kind: source.type, source: source.name });
  if (answer.kind === 'not-modified') {
    if (stored === undefined)
      throw new ClientError('invalid-answer', 'the site says "not modified" to a plain request');
    return { bytes: stored.body, contentType: stored.contentType, url: source.url, source: source.name };
  }
  if (!dryRun && (answer.etag !== undefined || answer.lastModified !== undefined)) {
    state.storeDocument(source.url, { ...answer, body: answer.bytes }, clock.nowMs());
  }
  const { bytes, contentType, url } = answer;
  return { bytes, contentType, url, source: source.name };
}
