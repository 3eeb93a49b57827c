/**
 * Finds the best N of a crawl's candidates. What sources state of swarms may be false, so the order is only known once the
 * original trackers have reported: in each round the best candidates are described, their trackers are asked, and the next
 * round tries those whose stated popularity is above that of the N-th torrent found so far. Broken candidates make room for
 * the next ones.
 */
import type { InfoHash } from '../domain/info-hash.js';
import { maskUrlSecrets } from '../domain/mask-url-secrets.js';
import { type Candidate, merged } from './candidate.js';
import type { CrawlEntry, CrawlProgress } from './crawl-result.js';
import type { Described } from './description.js';
import { MIN_TRIES, TRIES_PER_PLACE } from './limits.js';
import { measureSwarms, type TrackedTorrent } from './measure.js';
import type { Scraper } from './source.js';
import type { Standings } from './standings.js';

/** A torrent that may get a rank. */
export interface Found extends TrackedTorrent {
  readonly candidate: Candidate & { readonly infoHash: InfoHash };
  readonly name: string;
  /** Addresses that its file was fetched from in this crawl. */
  readonly fetchedFrom: readonly string[];
  /** True: the catalogue did not have it before this crawl. */
  readonly isNew: boolean;
  /** True: this crawl has fetched another file or link than the catalogue had. */
  readonly isChanged: boolean;
}

export interface Choosing {
  readonly top: number;
  readonly standings: Standings;
  readonly describe: (candidate: Candidate) => Promise<Described>;
  /** Trackers of a torrent that need no fetch; undefined if they are not known. */
  readonly knownTrackers: (candidate: Candidate) => readonly string[] | undefined;
  /** Keeps the description. @returns the reason why the torrent is refused */
  readonly stage: (candidate: Candidate, described: Described & { kind: 'described' | 'stored' }) => Found | string;
  readonly scraper: Scraper | undefined;
  /** Stops the crawl with an error. */
  readonly stopped: AbortSignal | undefined;
  /** Aborted when the crawl is stopped or its time is up. */
  readonly signal: AbortSignal;
  readonly onProgress: ((progress: CrawlProgress) => void) | undefined;
}

export interface Chosen {
  /** The best first. */
  readonly found: readonly Found[];
  /** Found, but not good enough. */
  readonly others: readonly Found[];
  readonly failures: readonly CrawlEntry[];
}

/** Candidates that are described at once, over all sites: at most, and once N torrents were found. */
const MAX_ROUND = 256;
const MIN_ROUND = 8;

export async function chooseBest(candidates: readonly Candidate[], choosing: Choosing): Promise<Chosen> {
  const { top, standings, signal, onProgress } = choosing;
  const found = new Map<InfoHash, Found>();
  const failures: CrawlEntry[] = [];
  const queue = new Queue(await premeasured(candidates, choosing), choosing);
  while (!signal.aborted) {
    const ranked = inOrder(found.values(), standings);
    const least = ranked.length < top ? Number.NEGATIVE_INFINITY : standings.standing(ranked[top - 1]!.candidate);
    const round = queue.take(ranked.length < top ? Math.min(MAX_ROUND, top - ranked.length) : MIN_ROUND, least);
    if (round.length === 0) break;
    const results = await Promise.all(round.map((candidate) => tryOne(candidate, choosing)));
    const fresh: Found[] = [];
    results.forEach((result, i) => {
      if (result === undefined) return;
      if ('status' in result) {
        queue.failed(round[i]!);
        failures.push(result);
        onProgress?.({ step: 'torrent', entry: result });
        return;
      }
      const before = found.get(result.infoHash);
      const one = before === undefined ? result : moreOf(before, result);
      found.set(result.infoHash, one);
      if (before === undefined) fresh.push(one);
    });
    for (const each of await remeasured(fresh, choosing)) found.set(each.infoHash, each);
  }
  choosing.stopped?.throwIfAborted();
  const ranked = inOrder(found.values(), standings);
  return { found: ranked.slice(0, top), others: ranked.slice(top), failures };
}

function inOrder(found: Iterable<Found>, standings: Standings): Found[] {
  const standing = new Map([...found].map((each) => [each, standings.standing(each.candidate)]));
  return [...standing.keys()].sort((a, b) => compare(standing.get(b)!, standing.get(a)!));
}

/** As `a - b`, also where both are infinite. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** Two candidates turned out to be one torrent: the better numbers count. */
function moreOf(a: Found, b: Found): Found {
  const candidate = { ...merged(a.candidate, b.candidate), infoHash: a.infoHash };
  return { ...a, candidate, fetchedFrom: [...a.fetchedFrom, ...b.fetchedFrom], isNew: a.isNew || b.isNew };
}

/** The candidates in the order in which they are tried. */
class Queue {
  readonly #choosing: Choosing;
  readonly #known: readonly Candidate[];
  /** Nobody states the size of their swarms: they are measured, whatever their standing. */
  readonly #unknown: readonly Candidate[];
  #nextKnown = 0;
  #nextUnknown = 0;
  readonly #failures = new Map<string, number>();

  constructor(candidates: readonly Candidate[], choosing: Choosing) {
    const { standings, scraper, top } = choosing;
    this.#choosing = choosing;
    const standing = new Map(candidates.map((candidate) => [candidate, standings.standing(candidate)]));
    // Sorting is stable: equal standings keep the order of the sources and their entries.
    const sorted = [...candidates].sort((a, b) => compare(standing.get(b)!, standing.get(a)!));
    const isUnknown = (candidate: Candidate): boolean => scraper !== undefined && sizeIsUnknown(candidate);
    this.#unknown = inTurns(sorted.filter(isUnknown), top * TRIES_PER_PLACE);
    this.#known = sorted.filter((candidate) => !isUnknown(candidate));
  }

  /** @param least candidates with this standing or a lower one would not get a rank */
  take(count: number, least: number): Candidate[] {
    const round: Candidate[] = [];
    while (round.length < count && this.#nextUnknown < this.#unknown.length) {
      this.#add(round, this.#unknown[this.#nextUnknown++]!);
    }
    while (round.length < count && this.#nextKnown < this.#known.length) {
      const next = this.#known[this.#nextKnown]!;
      if (this.#choosing.standings.standing(next) <= least) break;
      this.#nextKnown++;
      this.#add(round, next);
    }
    return round;
  }

  failed({ source }: Candidate): void {
    this.#failures.set(source, (this.#failures.get(source) ?? 0) + 1);
  }

  /** Leaves out a source whose torrents have failed too often. */
  #add(round: Candidate[], candidate: Candidate): void {
    const tries = Math.max(MIN_TRIES, this.#choosing.top * TRIES_PER_PLACE);
    if ((this.#failures.get(candidate.source) ?? 0) < tries) round.push(candidate);
  }
}

/** The best of each source in turn, so that one without any numbers is tried beside one with thousands of torrents. */
function inTurns(candidates: readonly Candidate[], limit: number): Candidate[] {
  const bySource = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const ofSource = bySource.get(candidate.source) ?? [];
    bySource.set(candidate.source, ofSource);
    ofSource.push(candidate);
  }
  const chosen: Candidate[] = [];
  for (let turn = 0; chosen.length < Math.min(limit, candidates.length); turn++) {
    for (const ofSource of bySource.values()) {
      const next = ofSource[turn];
      if (next !== undefined && chosen.length < limit) chosen.push(next);
    }
  }
  return chosen;
}

function sizeIsUnknown({ seeds, leechers, measured }: Candidate): boolean {
  return seeds === undefined && leechers === undefined && !measured;
}

/** @returns undefined if the time of the crawl was up */
async function tryOne(candidate: Candidate, choosing: Choosing): Promise<Found | CrawlEntry | undefined> {
  const { describe, stage, standings, onProgress, signal, stopped } = choosing;
  let described: Described;
  try {
    described = await describe(candidate);
  } catch (thrown) {
    stopped?.throwIfAborted();
    if (signal.aborted) return undefined;
    throw thrown;
  }
  if (described.kind === 'described' || described.kind === 'stored') {
    const found = stage(candidate, described);
    if (typeof found !== 'string') {
      onProgress?.({ step: 'found', name: found.name, source: candidate.source });
      return found;
    }
    described = { kind: 'skipped', reason: found };
  }
  const { seeds, leechers, innerRequests = 0, source, infoHash, title } = candidate;
  return {
    rank: undefined,
    infoHash,
    name: title ?? maskUrlSecrets(candidate.torrentUrls[0] ?? infoHash ?? candidate.magnet ?? ''),
    ...{ seeds, leechers, innerRequests, source },
    score: standings.popularity(candidate),
    status: described.kind,
    reason: described.reason,
  };
}

/** Asks the trackers of the best candidates that need no fetch for it. */
async function premeasured(candidates: readonly Candidate[], choosing: Choosing): Promise<Candidate[]> {
  const { scraper, standings, top, knownTrackers } = choosing;
  if (scraper === undefined) return [...candidates];
  const asked = new Map<Candidate, TrackedTorrent>();
  const standing = new Map(candidates.map((candidate) => [candidate, standings.standing(candidate)]));
  const sorted = [...candidates].sort((a, b) => compare(standing.get(b)!, standing.get(a)!));
  for (const group of [sorted.filter(sizeIsUnknown), sorted.filter((candidate) => !sizeIsUnknown(candidate))]) {
    for (const candidate of group.slice(0, top * TRIES_PER_PLACE)) {
      const trackers = candidate.infoHash === undefined ? undefined : knownTrackers(candidate);
      if (trackers !== undefined) asked.set(candidate, { infoHash: candidate.infoHash!, trackers });
    }
  }
  const counts = await measure([...asked.values()], choosing);
  return candidates.map((candidate) => withCounts(candidate, asked.get(candidate)?.infoHash, counts));
}

/** Asks the trackers of torrents that were not asked for before. */
async function remeasured(found: readonly Found[], choosing: Choosing): Promise<Found[]> {
  const counts = await measure(
    found.filter(({ candidate }) => !candidate.measured),
    choosing,
  );
  return found.map((each) => ({ ...each, candidate: withCounts(each.candidate, each.infoHash, counts) }));
}

type Counts = Awaited<ReturnType<typeof measureSwarms>>['counts'];

function withCounts<T extends Candidate>(candidate: T, infoHash: InfoHash | undefined, counts: Counts): T {
  const measured = infoHash === undefined ? undefined : counts.get(infoHash);
  if (measured === undefined) return candidate;
  return { ...candidate, ...measured, downloads: measured.downloads ?? candidate.downloads, measured: true };
}

async function measure(torrents: readonly TrackedTorrent[], choosing: Choosing): Promise<Counts> {
  const { scraper, signal, stopped, onProgress } = choosing;
  if (scraper === undefined || torrents.length === 0) return new Map();
  try {
    const { counts, failures } = await measureSwarms(torrents, scraper, signal);
    for (const failure of failures) onProgress?.({ step: 'tracker-failed', ...failure });
    onProgress?.({ step: 'measured', torrents: counts.size });
    return counts;
  } catch (thrown) {
    stopped?.throwIfAborted();
    if (signal.aborted) return new Map();
    throw thrown;
  }
}
