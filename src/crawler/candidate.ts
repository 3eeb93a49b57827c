/**
 * A torrent that a source names, before anything of it is fetched. Different sources, and different entries of one
 * source, often name the same torrent: {@link mergeCandidates} merges those that share an info-hash or an address.
 */
import type { InfoHash } from '../domain/info-hash.js';
import { addressKey } from '../domain/site-address.js';
import { MAX_COUNT_CHARACTERS, MAX_OFFERS, MAX_PLACES_PER_SOURCE, MAX_SWARM_COUNT } from './limits.js';

export interface Candidate {
  /** Name of the first source that named it. */
  readonly source: string;
  readonly title?: string | undefined;
  readonly infoHash?: InfoHash | undefined;
  /** Where its torrent file may be, the preferred address first; empty if the source names none. */
  readonly torrentUrls: readonly string[];
  /** Used if no file can be fetched. */
  readonly magnet?: string | undefined;
  /** The page about it on the original site. */
  readonly pageUrl?: string | undefined;
  /** Swarm sizes as the source states them; undefined if it states none. */
  readonly seeds?: number | undefined;
  readonly leechers?: number | undefined;
  /** How many clients have completed it since it was published. */
  readonly downloads?: number | undefined;
  /** As the source names it. */
  readonly category?: string | undefined;
  /** The size of its content. */
  readonly bytes?: number | undefined;
  /** Since the Unix epoch. */
  readonly publishedMs?: number | undefined;
  /** The largest weight of the sources that name it; set by the crawl. */
  readonly weight?: number | undefined;
  /** True: seeds and leechers are what its trackers report; set by the crawl. */
  readonly measured?: boolean | undefined;
  /** True: its file is not on the site of the source that names it; set by the crawl. */
  readonly foreignAddress?: boolean | undefined;
  /** Every place that names it, where several do; set by merging. */
  readonly places?: readonly Candidate[] | undefined;
  /** Requests from inside the operator's network: lines of an access log, or peers that announced. */
  readonly innerRequests?: number | undefined;
}

/**
 * A copy with every field, in one order. Objects from another thread have a hidden class each, which takes more memory than
 * what is in them; of thousands of candidates that is tens of megabytes.
 */
export function uniform(candidate: Candidate): { readonly [Key in keyof Required<Candidate>]: Candidate[Key] } {
  return {
    source: candidate.source,
    title: candidate.title,
    infoHash: candidate.infoHash,
    torrentUrls: candidate.torrentUrls,
    magnet: candidate.magnet,
    pageUrl: candidate.pageUrl,
    seeds: candidate.seeds,
    leechers: candidate.leechers,
    downloads: candidate.downloads,
    category: candidate.category,
    bytes: candidate.bytes,
    publishedMs: candidate.publishedMs,
    weight: candidate.weight,
    measured: candidate.measured,
    foreignAddress: candidate.foreignAddress,
    places: candidate.places,
    innerRequests: candidate.innerRequests,
  };
}

/**
 * Merges in order: the first value of a field wins, swarm sizes are the largest, inner requests are summed. Further
 * addresses of a file do not merge: an item with the addresses of other torrents would take these into itself. Neither does
 * an item that states an info-hash for a file on somebody else's site: with a false one it would take the torrent there.
 */
export function mergeCandidates(candidates: Iterable<Candidate>): Candidate[] {
  const groups: Candidate[] = [];
  const groupByKey = new Map<string, number>();
  for (const candidate of candidates) {
    const { infoHash, magnet, foreignAddress } = candidate;
    const [first] = candidate.torrentUrls;
    const keys: string[] = infoHash === undefined ? [] : [infoHash];
    if (first !== undefined && (infoHash === undefined || !foreignAddress)) {
      keys.push(URL.canParse(first) ? addressKey(first) : first);
    }
    if (keys.length === 0 && magnet !== undefined) keys.push(magnet);
    const found = keys.map((key) => groupByKey.get(key)).find((index) => index !== undefined);
    const index = found ?? groups.push(candidate) - 1;
    if (found !== undefined) groups[index] = merged(groups[index]!, candidate);
    for (const key of keys) if (!groupByKey.has(key)) groupByKey.set(key, index);
  }
  return groups;
}

/** Both name the same torrent. A source whose many items name it cannot displace the places of others. */
export function merged(a: Candidate, b: Candidate): Candidate {
  const places = [...placesOf(a)];
  for (const place of placesOf(b)) {
    const ofSource = places.filter(({ source }) => source === place.source).length;
    if (ofSource < MAX_PLACES_PER_SOURCE && places.length < MAX_OFFERS) places.push(place);
  }
  return {
    ...a,
    title: a.title ?? b.title,
    infoHash: a.infoHash ?? b.infoHash,
    torrentUrls: [...new Set([...a.torrentUrls, ...places.flatMap(({ torrentUrls }) => torrentUrls)])],
    magnet: a.magnet ?? b.magnet,
    pageUrl: a.pageUrl ?? b.pageUrl,
    seeds: largest(a.seeds, b.seeds),
    leechers: largest(a.leechers, b.leechers),
    downloads: largest(a.downloads, b.downloads),
    category: a.category ?? b.category,
    bytes: a.bytes ?? b.bytes,
    publishedMs: a.publishedMs ?? b.publishedMs,
    innerRequests: (a.innerRequests ?? 0) + (b.innerRequests ?? 0),
    weight: largest(a.weight, b.weight),
    measured: a.measured || b.measured,
    places,
  };
}

/** The sources that name this address of its file. */
export function sourcesNaming(candidate: Candidate, torrentUrl: string): string[] {
  const places = placesOf(candidate).filter(({ torrentUrls }) => torrentUrls.includes(torrentUrl));
  return [...new Set(places.map(({ source }) => source))];
}

/** Every place that names the torrent, as the sources gave it. */
export function placesOf(candidate: Candidate): readonly Candidate[] {
  return candidate.places ?? [candidate];
}

export function largest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.max(a, b);
}

/**
 * A swarm size as sites write it: `1234`, `1,234`, `1 234`, `1.2k`, `3M`. Undefined for anything else, and for a number
 * that no swarm has: such a torrent is measured instead.
 */
export function parseSwarmCount(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? '';
  if (trimmed.length > MAX_COUNT_CHARACTERS) return undefined;
  const match = /^([\d.,'\s]*\d)\s*([kKmM]?)$/.exec(trimmed);
  if (match === null) return undefined;
  const digits = match[1]!.replace(/[\s']/g, '');
  const factor = match[2] === '' ? 1 : match[2]!.toLowerCase() === 'k' ? 1_000 : 1_000_000;
  const number = factor === 1 ? Number(digits.replace(/[.,](?=\d{3}(\D|$))/g, '')) : Number(digits.replace(',', '.'));
  return plausibleCount(Math.round(number * factor));
}

/** The count, if a swarm can have that many peers. */
export function plausibleCount(count: number | undefined): number | undefined {
  return count !== undefined && Number.isInteger(count) && count >= 0 && count <= MAX_SWARM_COUNT ? count : undefined;
}
