/**
 * Parses documents that strangers wrote, as pure functions of plain values. `src/app` runs them in a separate thread
 * with limits on time and memory (src/document-reader).
 */

import { type RobotsFile, readRobots } from '../net/robots.js';
import { countTorrents } from './access-log-line.js';
import type { Candidate } from './candidate.js';
import { documentText } from './document-text.js';
import { parseFeed } from './feed-source.js';
import { type HtmlSelectors, parseListPage } from './html-source.js';
import { readTorrent, type TorrentFacts } from './torrent-facts.js';

export interface SourceDocument {
  readonly bytes: Uint8Array;
  /** As the site states it; undefined if it states none. */
  readonly contentType: string | undefined;
  readonly url: string;
  /** Name of the source. */
  readonly source: string;
}

export const documentTasks = {
  robots: ({ bytes, product }: { bytes: Uint8Array; product: string }): RobotsFile =>
    readRobots(new TextDecoder().decode(bytes), product),
  feed: ({ bytes, contentType, url, source }: SourceDocument): Candidate[] =>
    parseFeed(documentText(bytes, contentType), url, source),
  listPage: ({
    bytes,
    contentType,
    url,
    source,
    selectors,
  }: SourceDocument & { selectors: HtmlSelectors }): Candidate[] =>
    parseListPage(documentText(bytes, contentType), selectors, url, source),
  torrent: (bytes: Uint8Array): TorrentFacts => readTorrent(bytes),
  /** @returns the number of requests for each torrent */
  logLines: (bytes: Uint8Array): Map<string, number> => countTorrents(bytes),
};

export type DocumentTasks = typeof documentTasks;

/** Runs a task elsewhere. @throws what the task throws; ClientError `too-costly` if it exceeds a limit */
export interface CrawlDocumentReader {
  run<K extends keyof DocumentTasks>(
    task: K,
    input: Parameters<DocumentTasks[K]>[0],
    options: { readonly about: string; readonly signal?: AbortSignal | undefined },
  ): Promise<ReturnType<DocumentTasks[K]>>;
}
