/**
 * Reads pages of a site by CSS selectors, which the operator configures for that site: pages that list torrents, and pages
 * about one torrent. The cost of a selector (`~`, `:nth-child` and `:has` visit many elements for each) is the operator's
 * choice.
 */
import { ClientError } from '../../domain/errors.js';
import type { Candidate } from '../candidate.js';
import { type DocumentTree, documentTree, type TreeElement } from '../document-tree.js';
import { MAX_ITEM_NESTING } from '../limits.js';
import { isMagnetLink, webUrl } from '../link.js';
import { BestCandidates } from './best-candidates.js';
import type { FieldNames, ListPart } from './field-names.js';
import { candidateOf, type ItemContext, type ItemFields } from './item-fields.js';
import { countsInProse } from './prose-counts.js';
import { matches, parseSelector, shownText, valuesOf } from './selector.js';

/** Selectors of a list page. All except `item` and `nextPage` are matched inside an item. */
export interface ListSelectors extends FieldNames {
  /** One match for each torrent, such as a table row. */
  readonly item: string;
  /** The link to the next page. */
  readonly nextPage?: string | undefined;
}

/** Read where `link` is not configured. */
const USUAL_LINKS = 'a[href$=".torrent"], a[href*=".torrent?"], a[href^="magnet:"]';

/**
 * @param withPage true: an item that has only a link to a page is a candidate too
 * @throws OperatorError for a selector that is not CSS; ClientError `invalid-document` if the page exceeds a limit, or if
 *   nothing matches, which shows that the site has changed its layout
 */
export function parseListPage(
  html: string,
  selectors: ListSelectors,
  context: ItemContext,
  withPage: boolean,
): ListPart {
  const page = documentTree(html, 'html');
  const inPage = { ...context, baseUrl: baseOf(page, context.baseUrl) };
  const items = shallowItems(matches(page, selectors.item));
  if (items.length === 0) {
    throw new ClientError('invalid-document', `nothing on the page matches item: ${selectors.item}`);
  }
  const candidates = new BestCandidates();
  for (const item of items) candidates.add(candidateOf(itemFields(item, selectors), inPage, withPage));
  const found = candidates.all();
  if (found.length === 0) {
    const link = selectors.link ?? USUAL_LINKS;
    throw new ClientError('invalid-document', `no item holds a link that matches link: ${link}`);
  }
  const next = selectors.nextPage === undefined ? undefined : valuesOf(page, selectors.nextPage, 'href', 1)[0];
  return { candidates: found, nextPage: webUrl(next, inPage.baseUrl) };
}

/**
 * Reads the page about one torrent.
 * @returns undefined if the page has no link to it
 * @throws OperatorError for a selector that is not CSS; ClientError `invalid-document` if the page exceeds a limit
 */
export function parseDetailsPage(html: string, selectors: FieldNames, context: ItemContext): Candidate | undefined {
  const page = documentTree(html, 'html');
  const read = itemFields(page, { link: USUAL_LINKS, ...selectors });
  return candidateOf({ ...read, page: context.baseUrl }, { ...context, baseUrl: baseOf(page, context.baseUrl) });
}

function baseOf(page: DocumentTree, baseUrl: string): string {
  return webUrl(matches(page, 'base[href]', 1)[0]?.attribs.href, baseUrl) ?? baseUrl;
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

function itemFields(item: TreeElement | DocumentTree, selectors: FieldNames): ItemFields {
  const first = (written: string | undefined, attribute?: string): string | undefined =>
    written === undefined ? undefined : valuesOf(item, written, attribute, 1)[0];
  const link = selectors.link ?? USUAL_LINKS;
  const isPage = !('attribs' in item);
  const pageLink = selectors.page === undefined && !isPage ? otherLink(item, link) : undefined;
  const title =
    selectors.title === undefined
      ? shownText(pageLink) ||
        (selectors.page && pageTitle(item, selectors.page)) ||
        (isPage ? undefined : linkText(item, link))
      : (first(selectors.title) ?? linkText(item, link));
  return {
    title,
    links: [
      ...valuesOf(item, link, 'href'),
      ...(selectors.magnet === undefined ? [] : valuesOf(item, selectors.magnet, 'href')),
    ],
    infoHash: first(selectors.infoHash),
    page: pageLink?.attribs.href ?? first(selectors.page, 'href'),
    seeds: countIn(first(selectors.seeds), 'seeds'),
    leechers: countIn(first(selectors.leechers), 'leechers'),
    downloads: countIn(first(selectors.downloads), 'downloads'),
    size: first(selectors.size),
    category: first(selectors.categoryField),
    published: first(selectors.published) ?? undefined,
  };
}

/** Many pages have the number in words: `12 seeders`. */
function countIn(text: string | undefined, counted: 'seeds' | 'leechers' | 'downloads'): string | number | undefined {
  return text !== undefined && /[a-z]{3}/i.test(text) ? countsInProse(text)[counted] : text;
}

function linkText(item: TreeElement | DocumentTree, link: string): string {
  return shownText(matches(item, parseSelector(link).css || ':scope', 1)[0]);
}

function pageTitle(item: TreeElement | DocumentTree, page: string): string {
  const { css } = parseSelector(page);
  return css === '' ? '' : shownText(matches(item, css, 1)[0]);
}

/** The first link that does not lead to the torrent: usually the one to its page. */
function otherLink(item: TreeElement, link: string): TreeElement | undefined {
  const { css } = parseSelector(link);
  const torrents = new Set(css === '' ? [item] : matches(item, css));
  return matches(item, 'a[href]').find((each) => !torrents.has(each) && !isMagnetLink(each.attribs.href ?? ''));
}
