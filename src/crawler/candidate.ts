/**
 * A torrent that a source names, before anything of it is fetched. Different sources, and different entries of one
 * source, often name the same torrent: {@link mergeCandidates} merges those that share an info-hash or an address.
 */
import type { InfoHash } from '../domain/info-hash.js';
import { MAX_COUNT_CHARACTERS, MAX_SWARM_COUNT } from './limits.js';

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
  /** Requests from inside the operator's network: lines of an access log, or peers that announced. */
  readonly innerRequests?: number | undefined;
}

/**
 * Estimates the demand for a torrent. A leecher counts twice as much as a seed, because it wants the torrent now. A
 * request from inside the network counts twice as much again, because only inner demand can be served from inside.
 *
 *     score = seeds + 2 × leechers + 4 × inner requests
 */
export function scoreOf(candidate: Pick<Candidate, 'seeds' | 'leechers' | 'innerRequests'>): number {
  return (candidate.seeds ?? 0) + 2 * (candidate.leechers ?? 0) + 4 * (candidate.innerRequests ?? 0);
}

/**
 * Merges in order: the first value of a field wins, swarm sizes are the largest, inner requests are summed. Further
 * addresses of a file do not merge: an item with the addresses of other torrents would take these into itself.
 */
export function mergeCandidates(candidates: Iterable<Candidate>): Candidate[] {
  const groups: Candidate[] = [];
  const groupByKey = new Map<string, number>();
  for (const candidate of candidates) {
    const keys = [candidate.infoHash, candidate.torrentUrls[0]].filter((key) => key !== undefined);
    if (keys.length === 0 && candidate.magnet !== undefined) keys.push(candidate.magnet);
    const found = keys.map((key) => groupByKey.get(key)).find((index) => index !== undefined);
    const index = found ?? groups.push(candidate) - 1;
    if (found !== undefined) groups[index] = merged(groups[index]!, candidate);
    for (const key of keys) if (!groupByKey.has(key)) groupByKey.set(key, index);
  }
  return groups;
}

function merged(a: Candidate, b: Candidate): Candidate {
  return {
    source: a.source,
    title: a.title ?? b.title,
    infoHash: a.infoHash ?? b.infoHash,
    torrentUrls: [...new Set([...a.torrentUrls, ...b.torrentUrls])],
    magnet: a.magnet ?? b.magnet,
    pageUrl: a.pageUrl ?? b.pageUrl,
    seeds: largest(a.seeds, b.seeds),
    leechers: largest(a.leechers, b.leechers),
    downloads: largest(a.downloads, b.downloads),
    category: a.category ?? b.category,
    bytes: a.bytes ?? b.bytes,
    publishedMs: a.publishedMs ?? b.publishedMs,
    innerRequests: (a.innerRequests ?? 0) + (b.innerRequests ?? 0),
  };
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
  const count = Math.round(number * factor);
  return count <= MAX_SWARM_COUNT ? count : undefined;
}
