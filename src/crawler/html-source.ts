/**
 * Reads a list page of torrents by CSS selectors, which the operator configures for that site. The cost of a selector
 * (`~`, `:nth-child` and `:has` visit many elements for each) is the operator's choice.
 */
import { select } from 'cheerio-select';
import { cutToBytes } from '../domain/cut-text.js';
import { ClientError, messageOf, OperatorError } from '../domain/errors.js';
import { type Candidate, parseSwarmCount } from './candidate.js';
import { type DocumentTree, documentTree, type TreeElement, textOf } from './document-tree.js';
import {
  MAX_CANDIDATES_PER_SOURCE,
  MAX_FIELD_CHARACTERS,
  MAX_ITEM_NESTING,
  MAX_TITLE_BYTES,
  MAX_TORRENT_URLS,
} from './limits.js';
import { isMagnetLink, usableMagnet, webUrl } from './link.js';

/** All selectors except `item` are matched inside an item. */
export interface HtmlSelectors {
  /** One match for each torrent, such as a table row. */
  readonly item: string;
  /** The link to the torrent file, or a magnet link. */
  readonly link: string;
  readonly title?: string | undefined;
  /** The link to the site's page about it; the first other link if not set. */
  readonly page?: string | undefined;
  readonly seeds?: string | undefined;
  readonly leechers?: string | undefined;
}

/**
 * @throws OperatorError for a selector that is not CSS; ClientError `invalid-document` if the page exceeds a limit; `invalid-document` if
 *   nothing matches, which shows that the site has changed its layout
 */
export function parseListPage(html: string, selectors: HtmlSelectors, baseUrl: string, source: string): Candidate[] {
  const page = documentTree(html, 'html');
  const base = webUrl(firstInside(page, 'base[href]')?.attribs.href, baseUrl) ?? baseUrl;
  try {
    const items = shallowItems(inside(page, selectors.item)).slice(0, MAX_CANDIDATES_PER_SOURCE);
    if (items.length === 0)
      throw new ClientError('invalid-document', `nothing on the page matches item: ${selectors.item}`);
    const candidates = items.map((item) => readItem(item, selectors, base, source));
    const usable = candidates.filter((candidate) => candidate !== undefined);
    if (usable.length === 0)
      throw new ClientError('invalid-document', `no item holds a link that matches link: ${selectors.link}`);
    return usable;
  } catch (thrown) {
    if (thrown instanceof ClientError) throw thrown;
    throw new OperatorError(`a CSS selector of the source "${source}" cannot be used: ${messageOf(thrown)}`);
  }
}

/** Leaves out items that are nested too deeply: the innermost content is read once for each enclosing item. */
function shallowItems(items: readonly TreeElement[]): TreeElement[] {
  const nesting = new Map<unknown, number>();
  return items.filter((item) => {
    let above = item.parent;
    while (above !== null && !nesting.has(above)) above = above.parent;
    const depth = (nesting.get(above) ?? 0) + 1;
    nesting.set(item, depth);
    return depth <= MAX_ITEM_NESTING;
  });
}

/**
 * Matches inside an element or the page. Passing a list of the element's children gives the same result, but compares
 * each child with all others.
 */
function inside(parent: TreeElement | DocumentTree, selector: string, limit?: number): TreeElement[] {
  return select(selector, parent, { context: [parent] }, limit);
}

function firstInside(parent: TreeElement | DocumentTree, selector: string): TreeElement | undefined {
  return inside(parent, selector, 1)[0];
}

function readItem(item: TreeElement, selectors: HtmlSelectors, base: string, source: string): Candidate | undefined {
  const links = inside(item, selectors.link);
  const hrefs = links.map((link) => link.attribs.href?.trim() ?? '');
  const magnet = hrefs.find(usableMagnet);
  const addresses = hrefs
    .filter((link) => link !== '' && !isMagnetLink(link))
    .map((link) => webUrl(link, base))
    .filter((url) => url !== undefined);
  const torrentUrls = [...new Set(addresses)].slice(0, MAX_TORRENT_URLS);
  if (magnet === undefined && torrentUrls.length === 0) return undefined;
  const pageLink = selectors.page === undefined ? otherLink(item, links) : firstInside(item, selectors.page);
  const titleElement = selectors.title === undefined ? pageLink : firstInside(item, selectors.title);
  const title = cutToBytes(shownText(titleElement) || shownText(links[0]), MAX_TITLE_BYTES);
  const count = (selector: string | undefined): number | undefined =>
    selector === undefined ? undefined : parseSwarmCount(shownText(firstInside(item, selector)));
  return {
    source,
    title: title === '' ? undefined : title,
    torrentUrls,
    magnet,
    pageUrl: webUrl(pageLink?.attribs.href, base),
    seeds: count(selectors.seeds),
    leechers: count(selectors.leechers),
  };
}

function otherLink(item: TreeElement, links: readonly TreeElement[]): TreeElement | undefined {
  const torrents = new Set(links);
  return inside(item, 'a[href]').find((link) => !torrents.has(link));
}

function shownText(element: TreeElement | undefined): string {
  if (element === undefined) return '';
  return textOf(element, MAX_FIELD_CHARACTERS).trim().replace(/\s+/g, ' ');
}
