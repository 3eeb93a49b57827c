/**
 * Reads an RSS (0.9x, 1.0, 2.0) or Atom feed of torrents. Swarm sizes, sizes and info-hashes come from the usual
 * extensions: ezRSS (`torrent:`), Nyaa (`nyaa:`), Torznab and Newznab (`attr` elements), Media RSS and Dublin Core.
 * Where these say nothing, words like "Seeders: 12" in the description count. An item inside an item is ignored.
 */
import { ClientError } from '../../domain/errors.js';
import { type Candidate, parseSwarmCount } from '../candidate.js';
import { childElements, eachElement, type TreeElement, textOf } from '../document-tree.js';
import { MAX_FIELD_CHARACTERS, MAX_LINKS_PER_ITEM } from '../limits.js';
import { isMagnetLink, looksLikeTorrentUrl } from '../link.js';
import { BestCandidates } from './best-candidates.js';
import { candidateOf, type ItemContext } from './item-fields.js';
import { countsInProse } from './prose-counts.js';

const ROOTS: ReadonlySet<string> = new Set(['rss', 'feed', 'rdf:rdf']);
const ITEMS: ReadonlySet<string> = new Set(['item', 'entry']);
/** Elements whose children belong to the item: ezRSS and Media RSS group theirs. */
const GROUPS: ReadonlySet<string> = new Set(['torrent', 'media:group', 'torrent:torrent']);
/** What an enclosure without a useful type leads to if its name ends like this: images and media, not a torrent. */
const MEDIA_NAME = /\.(?:jpe?g|png|gif|webp|svg|avif|mp[34]|m4[av]|mkv|webm|ogg|opus|flac|avi|pdf|epub|zip)(?:$|[?#])/i;

/**
 * @param withPage true: an entry that has only a link to a page is a candidate too
 * @throws ClientError `invalid-document` if the text is not a feed, or exceeds a limit
 */
export function parseFeed(text: string, context: ItemContext, withPage = false): Candidate[] {
  const candidates = new BestCandidates();
  const root = eachElement(text, ITEMS, (item) => candidates.add(readItem(item, context, withPage)));
  if (root === undefined || !ROOTS.has(root)) {
    throw new ClientError('invalid-document', 'the answer is neither an RSS nor an Atom feed');
  }
  return candidates.all();
}

interface Link {
  readonly url: string;
  /** Enclosures are preferred (BEP 36): a link may lead to a page whose address looks like a file. */
  readonly isEnclosure: boolean;
  readonly isTorrent: boolean;
}

function readItem(item: TreeElement, context: ItemContext, withPage: boolean): Candidate | undefined {
  const { fields, links } = readFields(item);
  const field = (...names: string[]): string | undefined =>
    names.map((name) => fields.get(name)).find((value) => value !== undefined && value !== '');
  const torrents = links.filter(({ url, isTorrent }) => isTorrent && !isMagnetLink(url));
  const magnets = links.filter(({ url }) => isMagnetLink(url));
  const page = links.find((link) => !link.isEnclosure && !link.isTorrent && !isMagnetLink(link.url));
  return candidateOf(
    {
      title: field('title'),
      links: [
        ...torrents.filter((link) => link.isEnclosure).map(({ url }) => url),
        ...torrents.filter((link) => !link.isEnclosure).map(({ url }) => url),
        field('magneturi', 'attr:magneturl'),
        ...magnets.map(({ url }) => url),
      ],
      infoHash: field('infohash', 'attr:infohash'),
      page: page?.url,
      ...swarmSizes(field),
      size: field('size', 'attr:size', 'contentlength'),
      category: field('category', 'attr:category', 'subject'),
      published: field('pubdate', 'published', 'date', 'updated', 'pubdatetime'),
    },
    context,
    withPage,
  );
}

/** Torznab's `peers` include the seeds, ezRSS's do not. Prose counts only where the extensions say nothing. */
function swarmSizes(field: (...names: string[]) => string | undefined) {
  const prose = countsInProse(field('description', 'summary', 'content', 'encoded') ?? '');
  const seeds = parseSwarmCount(field('seeds', 'seeders', 'attr:seeders')) ?? prose.seeds;
  const peers = parseSwarmCount(field('attr:peers'));
  return {
    seeds,
    leechers:
      parseSwarmCount(field('leechers', 'peers', 'attr:leechers')) ??
      (peers === undefined ? prose.leechers : Math.max(0, peers - (seeds ?? 0))),
    downloads: parseSwarmCount(field('downloads', 'attr:grabs', 'grabs', 'completed', 'snatches')) ?? prose.downloads,
  };
}

/** The links of an item, and its values by local name in lower case; Torznab's as `attr:` and their name. */
function readFields(item: TreeElement): { fields: Map<string, string>; links: Link[] } {
  const fields = new Map<string, string>();
  const links: Link[] = [];
  for (const element of fieldElements(item)) {
    const name = element.name.toLowerCase();
    const local = name.slice(name.indexOf(':') + 1);
    const { href, term, name: attribute = '', value = '' } = element.attribs;
    const link = linkOf(element, name);
    if (link !== undefined && links.length < MAX_LINKS_PER_ITEM) links.push(link);
    if (name === 'enclosure' || name === 'media:content' || (name === 'link' && href !== undefined)) continue;
    // The first counts: of several categories it is the main one.
    const add = (key: string, text: string): void => {
      if (text !== '' && !fields.has(key)) fields.set(key, text);
    };
    if (local === 'attr' && name !== 'attr') add(`attr:${attribute.toLowerCase()}`, value.trim());
    // An element without a prefix is the item's own: `title` comes before `media:title`.
    else if (name === local && local !== 'category') fields.set(local, fieldText(element) || fields.get(local) || '');
    else add(local, term ?? fieldText(element));
  }
  const about = item.attribs['rdf:about'];
  if (about !== undefined) links.push({ url: about.trim(), isEnclosure: false, isTorrent: looksLikeTorrentUrl(about) });
  return { fields, links };
}

function fieldElements(item: TreeElement): TreeElement[] {
  return childElements(item)
    .flatMap((child) => (GROUPS.has(child.name.toLowerCase()) ? childElements(child) : [child]))
    .filter((child) => !ITEMS.has(child.name.toLowerCase()));
}

function fieldText(element: TreeElement): string {
  return textOf(element, MAX_FIELD_CHARACTERS).trim();
}

function linkOf(element: TreeElement, name: string): Link | undefined {
  const { url, type, href, rel } = element.attribs;
  if (name === 'enclosure') return asLink(url, type, true);
  // A picture beside the torrent often has no type.
  if (name === 'media:content') return asLink(url, type ?? element.attribs.medium ?? 'unknown', true);
  if (name === 'link' && href !== undefined) return asLink(href, type, rel === 'enclosure');
  if (name !== 'link' && name !== 'comments' && name !== 'guid' && name !== 'id') return undefined;
  const text = fieldText(element);
  // RSS 2.0: an identifier is an address if it looks like one, unless isPermaLink is false. Atom's `id` never is one,
  // but a magnet link in it is what it says.
  const isAddress = element.attribs.isPermaLink?.toLowerCase() !== 'false' && /^(?:https?|magnet):/i.test(text);
  if (name === 'guid' && !isAddress) return undefined;
  if (name === 'id' && !isMagnetLink(text)) return undefined;
  return asLink(text, undefined, false);
}

function asLink(address: string | undefined, type: string | undefined, isEnclosure: boolean): Link | undefined {
  const url = address?.trim() ?? '';
  if (url === '') return undefined;
  const kind = type?.trim().toLowerCase() ?? '';
  // Some sites omit the type of an enclosure, or state a generic one.
  const isUntyped = isEnclosure && (kind === '' || kind === 'application/octet-stream') && !MEDIA_NAME.test(url);
  return { url, isEnclosure, isTorrent: kind.includes('x-bittorrent') || isUntyped || looksLikeTorrentUrl(url) };
}
