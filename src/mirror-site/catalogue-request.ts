/** The parameters of the addresses of lists: what is searched for, the filters, the order, the page. */
import { ClientError } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { TORRENT_KINDS } from '../domain/torrent-kind.js';
import type { CatalogueFilter, CatalogueSort } from '../store/sqlite/catalogue-search.js';
import { parseMagnet } from '../wire/metainfo-magnet.js';

export interface CatalogueRequest extends CatalogueFilter {
  readonly text: string;
  readonly sort: CatalogueSort;
  readonly reverse: boolean;
  readonly page: number;
  /** One of {@link SIZES}. */
  readonly size: string | undefined;
}

export const SORTS: readonly CatalogueSort[] = ['best', 'inside', 'rank', 'added', 'seeds', 'leechers', 'size', 'name'];
/** By the value of the parameter, in bytes. */
export const SIZES: Readonly<Record<string, { readonly minBytes?: number; readonly maxBytes?: number }>> = {
  small: { maxBytes: 100e6 },
  medium: { minBytes: 100e6, maxBytes: 1e9 },
  large: { minBytes: 1e9, maxBytes: 10e9 },
  huge: { minBytes: 10e9 },
};
/** A magnet link with many trackers fits. */
const MAX_TEXT_CHARACTERS = 2_000;
const MAX_PAGE = 100_000;

/** Invalid parameters fall back to the start of the list. */
export function readCatalogueRequest(parameters: URLSearchParams): CatalogueRequest {
  const pageText = parameters.get('page') ?? '';
  const sizeText = parameters.get('size') ?? '';
  const size = Object.hasOwn(SIZES, sizeText) ? sizeText : undefined;
  const some = (name: string): string | undefined => parameters.get(name)?.trim().slice(0, 200) || undefined;
  return {
    text: (parameters.get('q') ?? '').trim().slice(0, MAX_TEXT_CHARACTERS),
    sort: SORTS.find((sort) => sort === parameters.get('sort')) ?? 'best',
    reverse: parameters.get('order') === 'reverse',
    page: /^\d{1,6}$/.test(pageText) ? Math.min(Math.max(1, Number(pageText)), MAX_PAGE) : 1,
    category: some('category'),
    kind: TORRENT_KINDS.find((kind) => kind === parameters.get('type')),
    site: some('site'),
    size,
    ...(size === undefined ? {} : SIZES[size]),
    seededInside: parameters.get('inside') === '1',
  };
}

/** The torrent that somebody pasted into the search box: a magnet link, or a whole info-hash in any of its spellings. */
export function pastedInfoHash(text: string): InfoHash | undefined {
  const isHash = /^([0-9a-f]{40}|[a-z2-7]{32})$/i.test(text);
  const isHashV2 = /^[0-9a-f]{64}$/i.test(text);
  if (!isHash && !isHashV2 && !/^magnet:/i.test(text)) return undefined;
  try {
    return parseMagnet(isHash ? `magnet:?xt=urn:btih:${text}` : isHashV2 ? `magnet:?xt=urn:btmh:1220${text}` : text)
      .infoHash;
  } catch (thrown) {
    if (thrown instanceof ClientError) return undefined;
    throw thrown;
  }
}

/** The address of this list. @param path of the page, the feed … */
export function addressOf(request: CatalogueRequest, path = '/'): string {
  const { text, sort, reverse, page, category, kind, site, size, seededInside } = request;
  const parameters = new URLSearchParams();
  if (text !== '') parameters.set('q', text);
  if (category !== undefined) parameters.set('category', category);
  if (kind !== undefined) parameters.set('type', kind);
  if (site !== undefined) parameters.set('site', site);
  if (size !== undefined) parameters.set('size', size);
  if (seededInside) parameters.set('inside', '1');
  if (sort !== 'best') parameters.set('sort', sort);
  if (reverse) parameters.set('order', 'reverse');
  if (page > 1) parameters.set('page', String(page));
  const query = parameters.toString();
  return query === '' ? path : `${path}?${query}`;
}
