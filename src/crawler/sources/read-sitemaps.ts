/** Reads a sitemap, and those that an index of sitemaps names, one level deep (sitemaps.org). */
import { ClientError, messageOf } from '../../domain/errors.js';
import type { Candidate } from '../candidate.js';
import type { SourceDocument } from '../document-tasks.js';
import { MAX_SITEMAPS } from '../limits.js';
import type { SourceOfType } from '../source-section.js';
import { BestCandidates } from './best-candidates.js';
import { fetchDocument } from './fetch-document.js';
import type { PageReading } from './read-pages.js';
import type { SitemapPart } from './sitemap.js';

const ACCEPT = 'application/xml, text/xml, application/gzip, */*;q=0.5';

/** @throws what the first sitemap throws; later ones that cannot be read are noted */
export async function readSitemaps(
  source: SourceOfType<'sitemap'>,
  reading: PageReading,
  read: (document: SourceDocument) => Promise<SitemapPart>,
): Promise<Candidate[]> {
  const candidates = new BestCandidates();
  const fetchOne = async (url: string): Promise<readonly string[]> => {
    const part = await read(await fetchDocument(source, url, ACCEPT, reading));
    for (const candidate of part.candidates) candidates.add(candidate);
    return part.sitemaps;
  };
  const { origin } = new URL(source.url);
  const further = new Set(await fetchOne(source.url));
  further.delete(source.url);
  for (const url of [...further].filter((each) => new URL(each).origin === origin).slice(0, MAX_SITEMAPS)) {
    try {
      await fetchOne(url);
    } catch (thrown) {
      if (!(thrown instanceof ClientError)) throw thrown;
      reading.onNote(`${url} cannot be read: ${messageOf(thrown)}`);
    }
  }
  return candidates.all();
}
