/** Reads a sitemap or an index of sitemaps (sitemaps.org), plain or compressed, and chooses its addresses by patterns. */
import { ClientError } from '../../domain/errors.js';
import { matchesPattern } from '../../net/robots.js';
import type { Candidate } from '../candidate.js';
import { childElements, eachElement, textOf } from '../document-tree.js';
import { MAX_SITEMAPS } from '../limits.js';
import { webUrl } from '../link.js';
import { BestCandidates } from './best-candidates.js';
import { candidateOf, type ItemContext } from './item-fields.js';

export interface SitemapPatterns {
  /** Addresses of torrent files; `*` stands for any characters. */
  readonly torrents: string;
  /** Addresses of the pages about torrents. */
  readonly torrentPages?: string | undefined;
  /** Which sitemaps of an index are read. */
  readonly sitemaps: string;
}

export interface SitemapPart {
  readonly candidates: Candidate[];
  /** Sitemaps that this one names. */
  readonly sitemaps: string[];
}

const MAX_LOCATION_CHARACTERS = 4_000;

/** @throws ClientError `invalid-document` if the text is not a sitemap */
export function parseSitemap(text: string, patterns: SitemapPatterns, context: ItemContext): SitemapPart {
  const candidates = new BestCandidates();
  const sitemaps: string[] = [];
  const root = eachElement(text, new Set(['url', 'sitemap']), (element) => {
    const field = (name: string): string | undefined => {
      const child = childElements(element).find((each) => each.name.toLowerCase() === name);
      return child === undefined ? undefined : textOf(child, MAX_LOCATION_CHARACTERS).trim();
    };
    const url = webUrl(field('loc'), context.baseUrl);
    if (url === undefined) return;
    if (element.name.toLowerCase() === 'sitemap') {
      if (sitemaps.length < MAX_SITEMAPS && matchesPattern(anywhere(patterns.sitemaps), url)) sitemaps.push(url);
      return;
    }
    const published = field('lastmod');
    if (matchesPattern(anywhere(patterns.torrents), url)) {
      candidates.add(candidateOf({ links: [url], published }, context));
    } else if (patterns.torrentPages !== undefined && matchesPattern(anywhere(patterns.torrentPages), url)) {
      candidates.add(candidateOf({ links: [], page: url, published }, context, true));
    }
  });
  if (root !== 'urlset' && root !== 'sitemapindex') {
    throw new ClientError('invalid-document', 'the answer is neither a sitemap nor an index of sitemaps');
  }
  return { candidates: candidates.all(), sitemaps };
}

/** A pattern is about a part of the address up to its end: `/torrent/*`, `*.torrent`. */
function anywhere(pattern: string): string {
  return `*${pattern}$`;
}
