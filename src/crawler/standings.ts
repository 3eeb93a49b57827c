/**
 * How the candidates of a crawl compare: by smoothed popularity, with an advantage for torrents that are in the top already,
 * so that it does not change with every small difference. Pinned torrents come first.
 */
import type { InfoHash } from '../domain/info-hash.js';
import type { StoredPopularity } from '../store/sqlite/catalogue-popularity.js';
import type { Candidate } from './candidate.js';
import { placesOf } from './candidate.js';
import { demandOf, downloadsPerDay, type FoundNumbers, MIN_RATE_MS, STAY_FACTOR, smoothed } from './popularity.js';

export interface StandingsOptions {
  readonly history: ReadonlyMap<InfoHash, StoredPopularity>;
  readonly rankedBefore: ReadonlySet<InfoHash>;
  readonly pinned: ReadonlySet<InfoHash>;
  /** Sources whose torrents are all pinned. */
  readonly pinningSources: ReadonlySet<string>;
  readonly halfLifeMs: number;
  readonly nowMs: number;
}

export class Standings {
  readonly #options: StandingsOptions;

  constructor(options: StandingsOptions) {
    this.#options = options;
  }

  /** @returns the smoothed popularity */
  popularity(candidate: Candidate): number {
    const { history, halfLifeMs, nowMs } = this.#options;
    const before = candidate.infoHash === undefined ? undefined : history.get(candidate.infoHash);
    return smoothed(demandOf(candidate, downloadsPerDay(candidate, before, nowMs)), before, nowMs, halfLifeMs);
  }

  /** What candidates are ordered by: the higher, the better. */
  standing(candidate: Candidate): number {
    const { rankedBefore } = this.#options;
    const { infoHash } = candidate;
    if (this.#isPinned(candidate)) return Number.POSITIVE_INFINITY;
    const stays = infoHash !== undefined && rankedBefore.has(infoHash);
    return this.popularity(candidate) * (stays ? STAY_FACTOR : 1);
  }

  #isPinned(candidate: Candidate): boolean {
    const { pinned, pinningSources } = this.#options;
    if (candidate.infoHash !== undefined && pinned.has(candidate.infoHash)) return true;
    return pinningSources.size > 0 && placesOf(candidate).some(({ source }) => pinningSources.has(source));
  }

  /** What is remembered of a candidate: its popularity for the next crawl, its numbers for the explanation. */
  record(
    candidate: Candidate & { readonly infoHash: InfoHash },
    place: Pick<FoundNumbers, 'rank' | 'lastRanked' | 'top'>,
  ): StoredPopularity {
    const { history, rankedBefore, nowMs } = this.#options;
    const { infoHash, seeds, leechers, downloads, innerRequests, publishedMs, weight } = candidate;
    const before = history.get(infoHash);
    const perDay = downloadsPerDay(candidate, before, nowMs);
    // Rates span at least an hour: an earlier report is left out.
    const tooSoon = before?.downloadsMs !== undefined && nowMs - before.downloadsMs < MIN_RATE_MS;
    const keepsReport = downloads === undefined || tooSoon;
    const sources = [...new Set(placesOf(candidate).map(({ source }) => source))];
    const numbers: FoundNumbers = {
      ...{ seeds, leechers, downloads, innerRequests, publishedMs, weight, sources, ...place },
      downloadsPerDay: perDay,
      measured: candidate.measured ?? false,
      demand: demandOf(candidate, perDay),
      before: before?.popularity,
      pinned: this.#isPinned(candidate),
      wasRanked: rankedBefore.has(infoHash),
    };
    return {
      popularity: this.popularity(candidate),
      updatedMs: nowMs,
      downloads: keepsReport ? before?.downloads : downloads,
      downloadsMs: keepsReport ? before?.downloadsMs : nowMs,
      downloadsPerDay: perDay,
      numbers,
    };
  }
}
