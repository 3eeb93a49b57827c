/** Reads a list page of torrents by CSS selectors that the operator gives for that site. */
import { type CheerioAPI, load } from 'cheerio';
import { ClientError, messageOf, OperatorError } from '../domain/errors.js';
import { type Candidate, parseSwarmCount } from './candidate.js';
import { MAX_CANDIDATES_PER_SOURCE, MAX_TITLE_CHARACTERS } from './limits.js';
import { isMagnetLink, webUrl } from './link.js';

/** All but `item` are looked for within an item. */
export interface HtmlSelectors {
  /** One for each torrent, such as a table row. */
  readonly item: string;
  /** The link to the torrent file, or a magnet link. */
  readonly link: string;
  readonly title?: string | undefined;
  /** The link to the site's page about it; the first other link where not given. */
  readonly page?: string | undefined;
  readonly seeds?: string | undefined;
  readonly leechers?: string | undefined;
}

/**
 * @throws OperatorError for a selector that is no CSS; ClientError `html` where nothing on the page matches, which is how
 *   a site that has changed its layout is noticed
 */
export function parseListPage(html: string, selectors: HtmlSelectors, baseUrl: string, source: string): Candidate[] {
  const $ = load(html);
  const base = webUrl($('base[href]').attr('href'), baseUrl) ?? baseUrl;
  try {
    const items = $(selectors.item).slice(0, MAX_CANDIDATES_PER_SOURCE).toArray();
    if (items.length === 0) throw new ClientError('html', `nothing on the page matches item: ${selectors.item}`);
    const candidates = items.map((item) => readItem($, $(item), selectors, base, source));
    const usable = candidates.filter((candidate) => candidate !== undefined);
    if (usable.length === 0) throw new ClientError('html', `no item holds a link that matches link: ${selectors.link}`);
    return usable;
  } catch (thrown) {
    if (thrown instanceof ClientError) throw thrown;
    throw new OperatorError(`a CSS selector of the source "${source}" cannot be used: ${messageOf(thrown)}`);
  }
}

function readItem(
  $: CheerioAPI,
  item: ReturnType<CheerioAPI>,
  selectors: HtmlSelectors,
  base: string,
  source: string,
): Candidate | undefined {
  const hrefs = item
    .find(selectors.link)
    .toArray()
    .map((link) => $(link).attr('href')?.trim() ?? '');
  const magnet = hrefs.find(isMagnetLink);
  const href = hrefs.find((link) => link !== '' && !isMagnetLink(link));
  const torrentUrl = webUrl(href, base);
  if (magnet === undefined && torrentUrl === undefined) return undefined;
  const pageLink =
    selectors.page === undefined ? item.find('a[href]').not(selectors.link).first() : item.find(selectors.page).first();
  const titleElement = selectors.title === undefined ? pageLink : item.find(selectors.title).first();
  const title = (titleElement.text().trim() || item.find(selectors.link).first().text().trim()).replace(/\s+/g, ' ');
  const count = (selector: string | undefined): number | undefined =>
    selector === undefined ? undefined : parseSwarmCount(item.find(selector).first().text());
  return {
    source,
    title: title === '' ? undefined : title.slice(0, MAX_TITLE_CHARACTERS),
    torrentUrl,
    magnet,
    pageUrl: webUrl(pageLink.attr('href'), base),
    seeds: count(selectors.seeds),
    leechers: count(selectors.leechers),
  };
}
