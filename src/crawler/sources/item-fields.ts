/** Makes a candidate of what an item of a source says, as text: the same rules for feeds, pages, JSON and CSV. */
import { cutToBytes } from '../../domain/cut-text.js';
import type { InfoHash } from '../../domain/info-hash.js';
import { type Candidate, parseSwarmCount } from '../candidate.js';
import { MAX_CATEGORY_BYTES, MAX_TITLE_BYTES, MAX_TORRENT_URLS } from '../limits.js';
import { isMagnetLink, usableMagnet, webUrl } from '../link.js';
import { parseAnyInfoHash, parseContentSize, parsePublished } from './field-values.js';

/** Text as the source has it; undefined or empty if it has none. */
export interface ItemFields {
  readonly title?: string | undefined;
  /** Links to the torrent file, the preferred one first, and magnet links. They may be relative. */
  readonly links: readonly (string | undefined)[];
  readonly infoHash?: string | undefined;
  readonly page?: string | undefined;
  readonly seeds?: string | number | undefined;
  readonly leechers?: string | number | undefined;
  readonly downloads?: string | number | undefined;
  readonly size?: string | undefined;
  readonly category?: string | undefined;
  readonly published?: string | undefined;
}

export interface ItemContext {
  readonly source: string;
  /** For relative links. */
  readonly baseUrl: string;
  readonly nowMs: number;
}

/** @returns undefined if nothing in the item leads to a torrent, not even a page that `withPage` accepts */
export function candidateOf(
  fields: ItemFields,
  { source, baseUrl, nowMs }: ItemContext,
  withPage = false,
): Candidate | undefined {
  const links = fields.links.flatMap((link) => link?.trim() || []);
  const urls = links.filter((link) => !isMagnetLink(link)).flatMap((link) => webUrl(link, baseUrl) ?? []);
  const torrentUrls = [...new Set(urls)].slice(0, MAX_TORRENT_URLS);
  const title = cutToBytes(fields.title?.trim().replace(/\s+/g, ' ') ?? '', MAX_TITLE_BYTES) || undefined;
  const infoHash = parseAnyInfoHash(fields.infoHash);
  const magnet =
    links.find(usableMagnet) ??
    (infoHash !== undefined && torrentUrls.length === 0 ? magnetOf(infoHash, title) : undefined);
  const pageUrl = webUrl(fields.page?.trim() || undefined, baseUrl);
  if (torrentUrls.length === 0 && magnet === undefined && !(withPage && pageUrl !== undefined)) return undefined;
  return {
    source,
    title,
    infoHash,
    torrentUrls,
    magnet,
    pageUrl,
    seeds: count(fields.seeds),
    leechers: count(fields.leechers),
    downloads: count(fields.downloads),
    category: cutToBytes(fields.category?.trim() ?? '', MAX_CATEGORY_BYTES) || undefined,
    bytes: parseContentSize(fields.size),
    publishedMs: parsePublished(fields.published, nowMs),
  };
}

function count(value: string | number | undefined): number | undefined {
  return parseSwarmCount(typeof value === 'number' ? String(value) : value);
}

/** Clients find the peers of such a link by the trackers that the catalogue adds. */
function magnetOf(infoHash: InfoHash, title: string | undefined): string {
  return `magnet:?xt=urn:btih:${infoHash}${title === undefined ? '' : `&dn=${encodeURIComponent(Buffer.from(title).toString())}`}`;
}
