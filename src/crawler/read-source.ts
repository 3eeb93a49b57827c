/** Reads one source of any kind into candidates. */

import { readFile, stat } from 'node:fs/promises';
import { startDeadline } from '../domain/deadline.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import { siteAddressOf } from '../domain/site-address.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import { readAccessLog } from './access-log/read-access-log.js';
import { bestOf } from './best-of.js';
import type { Candidate } from './candidate.js';
import type { CrawlDocumentReader, SourceDocument } from './document-tasks.js';
import { MAX_CANDIDATES_PER_SOURCE, MAX_DOCUMENT_BYTES } from './limits.js';
import { orAborted } from './or-aborted.js';
import { demandOf } from './popularity.js';
import { pushedCandidates } from './pushed-torrents.js';
import type { AnnouncedSwarm, AnnouncedSwarms } from './source.js';
import type { Source, SourceOfType } from './source-section.js';
import { withDetails } from './sources/details.js';
import { fetchDocument } from './sources/fetch-document.js';
import { type PagedSource, type PageReading, readPages } from './sources/read-pages.js';
import { readSitemaps } from './sources/read-sitemaps.js';

/** Far more than the time to list its largest swarms. */
const ANNOUNCED_TIMEOUT_MS = 10_000;

export interface SourceReading extends PageReading {
  readonly documents: CrawlDocumentReader;
  readonly catalogue: Catalogue;
  readonly announced?: AnnouncedSwarms | undefined;
}

/** @throws if the source cannot be read or parsed; the message says why */
export async function readSource(source: Source, reading: SourceReading): Promise<Candidate[]> {
  const found = await readKind(source, reading);
  const { category } = source;
  if (category === undefined) return found;
  return found.map((candidate) => ({ ...candidate, category: candidate.category ?? category }));
}

async function readKind(source: Source, reading: SourceReading): Promise<Candidate[]> {
  switch (source.type) {
    case 'feed':
    case 'html':
    case 'json':
    case 'csv':
      return readList(source, reading);
    case 'sitemap': {
      const { documents, signal } = reading;
      const found = await readSitemaps(source, reading, (document) =>
        documents.run('sitemap', { ...document, patterns: source }, { about: document.url, signal }),
      );
      return withDetails(source, found, { ...reading, knownPage: (url) => knownPage(url, reading) });
    }
    case 'list': {
      const document = await listDocument(source, reading);
      return reading.documents.run('plainList', document, { about: document.url, signal: reading.signal });
    }
    case 'push':
      return pushedCandidates(source.name, reading.catalogue, reading.clock.nowMs());
    case 'pinned': {
      const bytes = Buffer.from(source.torrents.join('\n'));
      const about = `the torrents of the source "${source.name}"`;
      const document = asDocument(source, bytes, reading);
      return reading.documents.run('plainList', document, { about, signal: reading.signal });
    }
    case 'access-log':
      return mostWanted(await readAccessLog(source, reading));
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

async function readList(source: PagedSource, reading: SourceReading): Promise<Candidate[]> {
  const { documents, catalogue, dryRun, signal } = reading;
  const withPage = source.details !== undefined;
  if (!dryRun && (source.type === 'feed' || source.type === 'html')) {
    catalogue.recordListing({ ...siteAddressOf(source.url), kind: source.type, source: source.name });
  }
  const found = await readPages(source, ACCEPT[source.type], reading, async (document) => {
    const options = { about: document.url, signal };
    const last = (candidates: Candidate[]) => ({ candidates, nextPage: undefined });
    switch (source.type) {
      case 'feed':
        return last(await documents.run('feed', { ...document, withPage }, options));
      case 'html':
        return documents.run('listPage', { ...document, fields: source, withPage }, options);
      case 'json':
        return documents.run('jsonList', { ...document, fields: source, withPage }, options);
      case 'csv':
        return last(await documents.run('csvList', { ...document, fields: source, withPage }, options));
    }
  });
  return withDetails(source, found, { ...reading, knownPage: (url) => knownPage(url, reading) });
}

const ACCEPT: Readonly<Record<PagedSource['type'], string>> = {
  feed: 'application/rss+xml, application/atom+xml, */*;q=0.5',
  html: 'text/html, */*;q=0.5',
  json: 'application/json, */*;q=0.5',
  csv: 'text/csv, */*;q=0.5',
};

/** What an earlier crawl found on a page of a site. */
function knownPage(pageUrl: string, { catalogue }: SourceReading) {
  const { host, path } = siteAddressOf(pageUrl);
  const origin = catalogue.findOrigin(host, path);
  const torrent = origin?.kind === 'page' ? catalogue.get(origin.infoHash) : undefined;
  if (torrent === undefined) return undefined;
  const { infoHash, torrentUrl, magnet } = torrent;
  return { infoHash, torrentUrls: torrentUrl === undefined ? [] : [torrentUrl], magnet };
}

async function listDocument(source: SourceOfType<'list'>, reading: SourceReading): Promise<SourceDocument> {
  const { url, file } = source;
  if (url !== undefined) return fetchDocument(source, url, 'text/plain, */*;q=0.5', reading);
  const { maxDocumentBytes = MAX_DOCUMENT_BYTES } = reading;
  try {
    const { size } = await stat(file!);
    if (size > maxDocumentBytes) throw new Error(`it has more than ${maxDocumentBytes} bytes (crawler.maxPageSize)`);
    return asDocument(source, await readFile(file!), reading);
  } catch (thrown) {
    throw new OperatorError(`cannot read the list ${file}: ${messageOf(thrown)}`, {
      code: 'file-access',
      cause: thrown,
    });
  }
}

/** A document that is not at a site: its links are whole, or they are not links. */
function asDocument({ name }: Source, bytes: Uint8Array, { clock }: SourceReading): SourceDocument {
  return { bytes, contentType: undefined, url: 'about:blank', source: name, nowMs: clock.nowMs() };
}

/** The tracker runs in another thread: a crawl must not hang because that thread does. */
async function announcedSwarms({ announced, signal }: SourceReading): Promise<readonly AnnouncedSwarm[]> {
  if (announced === undefined) return [];
  const deadline = startDeadline(ANNOUNCED_TIMEOUT_MS, signal);
  try {
    return await orAborted(Promise.resolve(announced.announced()), deadline.signal);
  } catch (thrown) {
    if (!deadline.isOver) throw thrown;
    throw new Error(`the tracker did not report its swarms within ${ANNOUNCED_TIMEOUT_MS / 1_000} s`);
  } finally {
    deadline.end();
  }
}

function mostWanted(candidates: Candidate[]): Candidate[] {
  return bestOf(candidates, MAX_CANDIDATES_PER_SOURCE, demandOf);
}
