/**
 * Reads an RSS (0.9x, 1.0, 2.0) or Atom feed of torrents. Swarm sizes and info-hashes come from the usual extensions:
 * ezRSS (`torrent:seeds`, `torrent:infoHash`), Nyaa (`nyaa:seeders`), Torznab (`torznab:attr`). Otherwise they come
 * from words like "Seeders: 12" in the description. Each part of the feed is read once: an item inside an item is
 * ignored.
 */
import { cutToBytes } from '../domain/cut-text.js';
import { ClientError } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { parseInfoHash } from '../domain/info-hash.js';
import { type Candidate, parseSwarmCount } from './candidate.js';
import { childElements, type DocumentTree, documentTree, type TreeElement, textOf } from './document-tree.js';
import { MAX_CANDIDATES_PER_SOURCE, MAX_FIELD_CHARACTERS, MAX_TITLE_BYTES, MAX_TORRENT_URLS } from './limits.js';
import { isMagnetLink, looksLikeTorrentUrl, usableMagnet, webUrl } from './link.js';

const ROOTS: ReadonlySet<string> = new Set(['rss', 'feed', 'rdf:rdf']);
const ITEMS: ReadonlySet<string> = new Set(['item', 'entry']);

/**
 * @param baseUrl the feed's address, for relative links
 * @throws ClientError `invalid-document` if the text is not a feed, `invalid-document` if it exceeds a limit
 */
export function parseFeed(text: string, baseUrl: string, source: string): Candidate[] {
  const tree = documentTree(text, 'xml');
  const root = childElements(tree)[0];
  if (root === undefined || !ROOTS.has(root.name.toLowerCase())) {
    throw new ClientError('invalid-document', 'the answer is neither an RSS nor an Atom feed');
  }
  const items: TreeElement[] = [];
  addItems(tree, items);
  return items
    .slice(0, MAX_CANDIDATES_PER_SOURCE)
    .map((item) => readItem(item, baseUrl, source))
    .filter((candidate) => candidate !== undefined);
}

function addItems(parent: DocumentTree | TreeElement, items: TreeElement[]): void {
  for (const element of childElements(parent)) {
    if (ITEMS.has(element.name.toLowerCase())) items.push(element);
    else addItems(element, items);
  }
}

interface Link {
  readonly url: string;
  /** Enclosures are preferred (BEP 36): a link may lead to a page whose address looks like a file. */
  readonly isEnclosure: boolean;
  readonly isTorrent: boolean;
}

function readItem(item: TreeElement, baseUrl: string, source: string): Candidate | undefined {
  const { fields, links } = readFields(item);
  const field = (...names: string[]): string | undefined =>
    names.map((name) => fields.get(name)).find((value) => value !== undefined && value !== '');
  const prose = field('description', 'summary', 'content', 'encoded') ?? '';
  const magnet = [field('magneturi', 'attr:magneturl'), ...links.map((link) => link.url)].find(usableMagnet);
  const torrents = links.filter((link) => link.isTorrent && !isMagnetLink(link.url));
  const addresses = [...torrents.filter((link) => link.isEnclosure), ...torrents.filter((link) => !link.isEnclosure)];
  const torrentUrls = new Set(addresses.map((link) => webUrl(link.url, baseUrl)).filter((url) => url !== undefined));
  const pageUrl = links.find((link) => !link.isEnclosure && !link.isTorrent && !isMagnetLink(link.url))?.url;
  const seeds = parseSwarmCount(field('seeds', 'seeders', 'attr:seeders')) ?? countIn(prose, 'seed(?:er)?s?');
  const peers = parseSwarmCount(field('attr:peers'));
  const leechers =
    parseSwarmCount(field('leechers', 'peers', 'attr:leechers')) ??
    (peers === undefined ? countIn(prose, '(?:leech(?:er)?|peer)s?') : Math.max(0, peers - (seeds ?? 0)));
  const candidate: Candidate = {
    source,
    title: cutToBytes(field('title') ?? '', MAX_TITLE_BYTES) || undefined,
    infoHash: optionalInfoHash(field('infohash', 'attr:infohash')),
    torrentUrls: [...torrentUrls].slice(0, MAX_TORRENT_URLS),
    magnet,
    pageUrl: webUrl(pageUrl, baseUrl),
    seeds,
    leechers,
  };
  return candidate.torrentUrls.length === 0 && magnet === undefined ? undefined : candidate;
}

/** The links of an item, and its values by local name in lower case; torznab's as `attr:` and their name. */
function readFields(item: TreeElement): { fields: Map<string, string>; links: Link[] } {
  const fields = new Map<string, string>();
  const links: Link[] = [];
  const addLink = (address: string | undefined, type: string, isEnclosure: boolean): void => {
    const url = address?.trim() ?? '';
    if (url === '') return;
    const kind = type.trim().toLowerCase();
    // Some sites omit the type of an enclosure, or state a generic one.
    const isUntyped = isEnclosure && (kind === '' || kind === 'application/octet-stream');
    const isTorrent = kind.includes('x-bittorrent') || isUntyped || looksLikeTorrentUrl(url);
    links.push({ url, isEnclosure, isTorrent });
  };
  // ezRSS puts its fields into the item, or into a `torrent` element inside it.
  const elements = childElements(item).flatMap((child) =>
    child.name.toLowerCase() === 'torrent' ? childElements(child) : [child],
  );
  for (const element of elements) {
    const name = element.name.toLowerCase();
    const { url, type = '', href, rel, name: attribute = '', value = '', isPermaLink } = element.attribs;
    if (ITEMS.has(name)) continue;
    if (name === 'enclosure' || name === 'media:content') addLink(url, type, true);
    else if (name === 'link' && href !== undefined) addLink(href, type, rel === 'enclosure');
    else if (name === 'torznab:attr' || name === 'newznab:attr') fields.set(`attr:${attribute.toLowerCase()}`, value);
    else {
      const text = textOf(element, MAX_FIELD_CHARACTERS).trim();
      // RSS 2.0: an identifier is an address if it looks like one, unless isPermaLink is false.
      const isAddress = isPermaLink?.toLowerCase() !== 'false' && /^(?:https?|magnet):/i.test(text);
      if (name === 'link' || name === 'comments' || (name === 'guid' && isAddress)) addLink(text, '', false);
      else fields.set(name.slice(name.indexOf(':') + 1), text);
    }
  }
  return { fields, links };
}

/** Every repetition is limited, so that the search takes time proportional to the text. */
function countIn(prose: string, word: string): number | undefined {
  const pattern = `\\b${word}\\b\\s{0,20}(?:\\([^()]{0,40}\\))?\\s{0,20}[:=]\\s{0,20}(\\d[\\d,]{0,20})`;
  return parseSwarmCount(new RegExp(pattern, 'i').exec(prose)?.[1]);
}

function optionalInfoHash(text: string | undefined): InfoHash | undefined {
  return text !== undefined && /^[0-9a-f]{40}$/i.test(text) ? parseInfoHash(text) : undefined;
}
