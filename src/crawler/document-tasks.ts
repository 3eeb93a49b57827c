/**
 * Parses documents that strangers wrote, as pure functions of plain values. `src/app` runs them in a separate thread
 * with limits on time and memory (src/document-reader).
 */

import { type RobotsFile, readRobots } from '../net/robots.js';
import { countRequests, type LogCounts, type LogReading } from './access-log/count-requests.js';
import type { Candidate } from './candidate.js';
import { documentText } from './document-text.js';
import { parseCsvList } from './sources/csv.js';
import { parseFeed } from './sources/feed.js';
import type { FieldNames, ListPart } from './sources/field-names.js';
import type { ItemContext } from './sources/item-fields.js';
import { type JsonFields, parseJsonList } from './sources/json.js';
import { type ListSelectors, parseDetailsPage, parseListPage } from './sources/list-page.js';
import { parsePlainList } from './sources/plain-list.js';
import { parseSitemap, type SitemapPart, type SitemapPatterns } from './sources/sitemap.js';
import { readDescription, readTorrent, type TorrentFacts } from './torrent-facts.js';

export interface SourceDocument {
  readonly bytes: Uint8Array;
  /** As the site states it; undefined if it states none. */
  readonly contentType: string | undefined;
  readonly url: string;
  /** Name of the source. */
  readonly source: string;
  /** A later date is not one. */
  readonly nowMs: number;
}

interface PagedDocument extends SourceDocument {
  /** True: an item that has only a link to a page is a candidate too. */
  readonly withPage: boolean;
}
type With<Fields> = PagedDocument & { readonly fields: Fields };

export const documentTasks = {
  robots: ({ bytes, product }: { bytes: Uint8Array; product: string }): RobotsFile =>
    readRobots(new TextDecoder().decode(bytes), product),
  feed: (document: PagedDocument): Candidate[] => parseFeed(textOf(document), contextOf(document), document.withPage),
  listPage: (document: With<ListSelectors>): ListPart =>
    parseListPage(textOf(document), document.fields, contextOf(document), document.withPage),
  detailsPage: (document: SourceDocument & { readonly fields: FieldNames }): Candidate | undefined =>
    parseDetailsPage(textOf(document), document.fields, contextOf(document)),
  jsonList: (document: With<JsonFields>): ListPart =>
    parseJsonList(textOf(document), document.fields, contextOf(document), document.withPage),
  csvList: (document: With<FieldNames>): Candidate[] =>
    parseCsvList(textOf(document), document.fields, contextOf(document), document.withPage),
  sitemap: (document: SourceDocument & { readonly patterns: SitemapPatterns }): SitemapPart =>
    parseSitemap(textOf(document), document.patterns, contextOf(document)),
  plainList: (document: SourceDocument): Candidate[] => parsePlainList(textOf(document), contextOf(document)),
  torrent: (bytes: Uint8Array): TorrentFacts => readTorrent(bytes),
  description: (bytes: Uint8Array): ReturnType<typeof readDescription> => readDescription(bytes),
  /** Complete lines of an access log. */
  logLines: ({ bytes, reading }: { bytes: Uint8Array; reading: LogReading }): LogCounts =>
    countRequests(bytes, reading),
};

function textOf({ bytes, contentType }: SourceDocument): string {
  return documentText(bytes, contentType);
}

function contextOf({ source, url, nowMs }: SourceDocument): ItemContext {
  return { source, baseUrl: url, nowMs };
}

export type DocumentTasks = typeof documentTasks;

/** Runs a task elsewhere. @throws what the task throws; ClientError `too-costly` if it exceeds a limit */
export interface CrawlDocumentReader {
  run<K extends keyof DocumentTasks>(
    task: K,
    input: Parameters<DocumentTasks[K]>[0],
    options: { readonly about: string; readonly signal?: AbortSignal | undefined },
  ): Promise<ReturnType<DocumentTasks[K]>>;
}
