/**
 * Reads an RSS (0.9x, 1.0, 2.0) or Atom feed of torrents. Swarm sizes and info-hashes are taken from the extensions in
 * use: ezRSS (`torrent:seeds`, `torrent:infoHash`), Nyaa (`nyaa:seeders`), Torznab (`torznab:attr`), and else from words
 * like "Seeders: 12" in the description.
 */
import { type CheerioAPI, load } from 'cheerio';
import { ClientError } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import { parseInfoHash } from '../domain/info-hash.js';
import { type Candidate, parseSwarmCount } from './candidate.js';
import { MAX_CANDIDATES_PER_SOURCE, MAX_TITLE_CHARACTERS } from './limits.js';
import { isMagnetLink, looksLikeTorrentUrl, webUrl } from './link.js';

/** An element of the document; the parser's package keeps the type to itself. */
type XmlElement = ReturnType<typeof firstElement>;
const firstElement = ($: CheerioAPI) => $('*').children().toArray()[0]!;

/**
 * @param baseUrl where the feed came from, for relative links
 * @throws ClientError `feed` where the text is no feed
 */
export function parseFeed(text: string, baseUrl: string, source: string): Candidate[] {
  const $ = load(text, { xml: { xmlMode: true, decodeEntities: true } });
  const root = $.root().children().first()[0];
  if (root === undefined || !['rss', 'feed', 'rdf:rdf'].includes(root.name.toLowerCase())) {
    throw new ClientError('feed', 'the answer is neither an RSS nor an Atom feed');
  }
  return $('item, entry')
    .slice(0, MAX_CANDIDATES_PER_SOURCE)
    .toArray()
    .map((item) => readItem($, item, baseUrl, source))
    .filter((candidate) => candidate !== undefined);
}

function readItem($: CheerioAPI, item: XmlElement, baseUrl: string, source: string): Candidate | undefined {
  const fields = new Map<string, string>();
  const links: { url: string; isTorrent: boolean }[] = [];
  const addLink = (url: string | undefined, type = ''): void => {
    if (url === undefined || url.trim() === '') return;
    links.push({ url: url.trim(), isTorrent: type.includes('x-bittorrent') || looksLikeTorrentUrl(url) });
  };
  const guid = '';
  const visit = (element: XmlElement): void => {
    const name = element.name.toLowerCase();
    const attributes = element.attribs;
    const text = $(element).text().trim();
    if (name === 'enclosure' || name === 'media:content') addLink(attributes.url, attributes.type ?? '');
    else if (name === 'link' && attributes.href !== undefined) {
      addLink(attributes.href, attributes.rel === 'enclosure' ? 'application/x-bittorrent' : (attributes.type ?? ''));
    } else if (name === 'link' || name === 'guid' || name === 'comments') addLink(text);
    else if (name === 'torznab:attr' || name === 'newznab:attr') {
      fields.set(`attr:${attributes.name?.toLowerCase() ?? ''}`, attributes.value ?? '');
    } else if (name === 'torrent') for (const child of $(element).children().toArray()) visit(child);
    else fields.set(name.slice(name.indexOf(':') + 1), text);
  };
  for (const child of $(item).children().toArray()) visit(child);
  // An identifier need not be an address.
  if (/^(?:https?|magnet):/i.test(guid)) addLink(guid);

  const field = (...names: string[]): string | undefined =>
    names.map((name) => fields.get(name)).find((value) => value !== undefined && value !== '');
  const prose = field('description', 'summary', 'content', 'encoded') ?? '';
  const magnet = [field('magneturi', 'attr:magneturl'), ...links.map((link) => link.url)].find(
    (url) => url !== undefined && isMagnetLink(url),
  );
  const torrentUrl = links.find((link) => link.isTorrent && !isMagnetLink(link.url))?.url;
  const pageUrl = links.find((link) => !link.isTorrent && !isMagnetLink(link.url))?.url;
  const seeds = parseSwarmCount(field('seeds', 'seeders', 'attr:seeders')) ?? countIn(prose, /seed(?:er)?s?/i);
  const peers = parseSwarmCount(field('attr:peers'));
  const leechers =
    parseSwarmCount(field('leechers', 'peers', 'attr:leechers')) ??
    (peers === undefined ? countIn(prose, /(?:leech(?:er)?|peer)s?/i) : Math.max(0, peers - (seeds ?? 0)));
  const candidate: Candidate = {
    source,
    title: field('title')?.slice(0, MAX_TITLE_CHARACTERS),
    infoHash: optionalInfoHash(field('infohash', 'attr:infohash')),
    torrentUrl: webUrl(torrentUrl, baseUrl),
    magnet,
    pageUrl: webUrl(pageUrl, baseUrl),
    seeds,
    leechers,
  };
  return candidate.torrentUrl === undefined && magnet === undefined ? undefined : candidate;
}

function countIn(prose: string, word: RegExp): number | undefined {
  const match = new RegExp(`\\b${word.source}\\b\\s*(?:\\([^)]*\\))?\\s*[:=]\\s*(\\d[\\d,]*)`, 'i').exec(prose);
  return parseSwarmCount(match?.[1]);
}

function optionalInfoHash(text: string | undefined): InfoHash | undefined {
  return text !== undefined && /^[0-9a-f]{40}$/i.test(text) ? parseInfoHash(text) : undefined;
}
