/** Fetches a document of a source, conditionally if an earlier crawl has stored it. */
import type { Clock } from '../../domain/clock.js';
import { ClientError } from '../../domain/errors.js';
import type { PoliteFetcher } from '../../net/polite-fetch.js';
import type { CrawlState } from '../../store/sqlite/catalogue-crawl-state.js';
import type { SourceDocument } from '../document-tasks.js';
import { MAX_DOCUMENT_BYTES } from '../limits.js';
import type { Source } from '../source-section.js';

export interface DocumentFetching {
  readonly fetcher: PoliteFetcher;
  readonly state: CrawlState;
  readonly clock: Clock;
  readonly maxDocumentBytes?: number | undefined;
  readonly dryRun: boolean;
  readonly signal: AbortSignal | undefined;
}

/** What holds for requests to the site of the source's URL alone: protocol, host and port are those of the URL. */
export interface SiteAccess {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly allowPrivate?: boolean | undefined;
}

/** @param url a page or file that the source names, maybe at another site */
export function siteAccess(source: Source, url: string): SiteAccess {
  if (!('url' in source) || source.url === undefined) return {};
  if (!URL.canParse(url) || new URL(url).origin !== new URL(source.url).origin) return {};
  const { headers, query, allowPrivate } = source;
  return { headers, query, allowPrivate };
}

/**
 * @param url a page of the source; the parameters of its `query` are added if the page is at the source's site
 * @throws ClientError
 */
export async function fetchDocument(
  source: Source,
  url: string,
  accept: string,
  { fetcher, state, clock, maxDocumentBytes = MAX_DOCUMENT_BYTES, dryRun, signal }: DocumentFetching,
): Promise<SourceDocument> {
  const nowMs = clock.nowMs();
  const { query = {}, ...access } = siteAccess(source, url);
  // The key in the query is not stored.
  const stored = state.document(url);
  const answer = await fetcher.fetch(withQuery(url, query), {
    ...access,
    maxBytes: maxDocumentBytes,
    accept,
    etag: stored?.etag,
    lastModified: stored?.lastModified,
    signal,
  });
  if (answer.kind === 'magnet')
    throw new ClientError('invalid-answer', `${new URL(url).host} answers with a magnet link`);
  if (answer.kind === 'not-modified') {
    if (stored === undefined)
      throw new ClientError('invalid-answer', 'the site says "not modified" to a plain request');
    return { bytes: stored.body, contentType: stored.contentType, url, source: source.name, nowMs };
  }
  if (!dryRun && (answer.etag !== undefined || answer.lastModified !== undefined)) {
    state.storeDocument(url, { ...answer, body: answer.bytes }, nowMs);
  }
  const { bytes, contentType } = answer;
  return { bytes, contentType, url: answer.url, source: source.name, nowMs };
}

function withQuery(url: string, query: Readonly<Record<string, string>>): string {
  const full = new URL(url);
  for (const [name, value] of Object.entries(query)) full.searchParams.set(name, value);
  return Object.keys(query).length === 0 ? url : full.href;
}
