/** Reads a list of several pages: numbered by `{page}` in the URL, or each with a link to the next one. */
import { ClientError, messageOf } from '../../domain/errors.js';
import type { Candidate } from '../candidate.js';
import type { SourceDocument } from '../document-tasks.js';
import { webUrl } from '../link.js';
import type { SiteSource } from '../source-section.js';
import { BestCandidates } from './best-candidates.js';
import { type DocumentFetching, fetchDocument } from './fetch-document.js';
import type { ListPart } from './field-names.js';

const PAGE = '{page}';
const DEFAULT_PAGES = 10;

export type PagedSource = Extract<SiteSource, { maxPages?: number | undefined }>;

export interface PageReading extends DocumentFetching {
  /** Called with what the operator should know although the source can be read. */
  readonly onNote: (note: string) => void;
}

/**
 * @param read parses one page
 * @throws what the first page throws; an error of a later page ends the list
 */
export async function readPages(
  source: PagedSource,
  accept: string,
  reading: PageReading,
  read: (document: SourceDocument) => Promise<ListPart>,
): Promise<Candidate[]> {
  const { url: pattern, maxPages = DEFAULT_PAGES, firstPage = 1 } = source;
  const isNumbered = pattern.includes(PAGE);
  const numbered = (page: number): string => pattern.replaceAll(PAGE, String(firstPage + page));
  const candidates = new BestCandidates();
  const seen = new Set<string>();
  let first = '';
  let url: string | undefined = numbered(0);
  for (let page = 0; url !== undefined && page < maxPages && !seen.has(url); page++) {
    seen.add(url);
    let part: ListPart;
    let base: string;
    try {
      const document = await fetchDocument(source, url, accept, reading);
      base = document.url;
      part = await read(document);
    } catch (thrown) {
      if (page === 0 || !(thrown instanceof ClientError)) throw thrown;
      // Many sites answer 404, or a page without items, after the last one.
      if (!isNumbered) reading.onNote(`page ${page + 1} cannot be read: ${messageOf(thrown)}`);
      break;
    }
    const begin = JSON.stringify(part.candidates.slice(0, 3));
    // Some sites repeat the last page for every higher number.
    if (part.candidates.length === 0 || begin === first) break;
    first = begin;
    for (const candidate of part.candidates) candidates.add(candidate);
    url = isNumbered ? numbered(page + 1) : nextOnSameSite(part.nextPage, base);
  }
  return candidates.all();
}

/** A list does not go on at another site: what the operator has allowed holds for this one. */
function nextOnSameSite(nextPage: string | undefined, base: string): string | undefined {
  const next = webUrl(nextPage, base);
  return next !== undefined && new URL(next).origin === new URL(base).origin ? next : undefined;
}
