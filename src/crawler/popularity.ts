/**
 * Estimates how popular a torrent is: one number from what unlike sources tell of it, smoothed over time, and the words
 * that explain it. Pure functions; docs/crawler.md describes the formula for operators.
 */
import { counted } from '../domain/counted.js';
import type { StoredPopularity } from '../store/sqlite/catalogue-popularity.js';

/** What is known of the demand for a torrent. Undefined counts are unknown. */
export interface DemandNumbers {
  readonly seeds?: number | undefined;
  readonly leechers?: number | undefined;
  /** Completed downloads since the torrent exists. */
  readonly downloads?: number | undefined;
  /** Requests of the last days in access logs, and peers that announced, inside the operator's network. */
  readonly innerRequests?: number | undefined;
  readonly publishedMs?: number | undefined;
  /** The largest weight of its sources; default: 1. */
  readonly weight?: number | undefined;
}

/** A leecher wants the torrent now, a seed only shows that somebody wanted it. */
export const LEECHER_FACTOR = 2;
/** Only inner demand can be served from inside. */
export const INNER_FACTOR = 4;
/** A torrent that leaves the top has to be this much less popular than one that enters it. */
export const STAY_FACTOR = 1.1;

const DAY_MS = 86_400_000;
/** Of a torrent whose site does not say when it was published. */
const USUAL_AGE_DAYS = 30;
/** Two reports of completed downloads that are closer than this say little about a rate. */
export const MIN_RATE_MS = 3_600_000;

/**
 * Completed downloads a day: the growth since an earlier report of the same torrent. At first the total by its age, but only
 * if the swarm's size is unknown, so that sites that publish the total have no advantage over others.
 */
export function downloadsPerDay(
  numbers: DemandNumbers,
  before: StoredPopularity | undefined,
  nowMs: number,
): number | undefined {
  const { downloads, publishedMs } = numbers;
  if (downloads === undefined) return before?.downloadsPerDay;
  if (before?.downloads !== undefined && before.downloadsMs !== undefined && downloads >= before.downloads) {
    const passedMs = nowMs - before.downloadsMs;
    if (passedMs < MIN_RATE_MS) return before.downloadsPerDay;
    return ((downloads - before.downloads) * DAY_MS) / passedMs;
  }
  if (numbers.seeds !== undefined || numbers.leechers !== undefined) return undefined;
  const ageDays = publishedMs === undefined ? USUAL_AGE_DAYS : Math.max(1, (nowMs - publishedMs) / DAY_MS);
  return downloads / ageDays;
}

/**
 *     demand = weight × (seeds + 2 × leechers + downloads a day + 4 × inner requests)
 *
 * @param perDay completed downloads a day, if known
 */
export function demandOf(numbers: DemandNumbers, perDay?: number): number {
  const { seeds = 0, leechers = 0, innerRequests = 0, weight = 1 } = numbers;
  return weight * (seeds + LEECHER_FACTOR * leechers + (perDay ?? 0) + INNER_FACTOR * innerRequests);
}

/**
 * An exponentially weighted mean: after one half-life, half of a lasting change has arrived. A torrent that was not
 * observed before begins with its demand of now. @param halfLifeMs 0: no smoothing
 */
export function smoothed(
  demand: number,
  before: Pick<StoredPopularity, 'popularity' | 'updatedMs'> | undefined,
  nowMs: number,
  halfLifeMs: number,
): number {
  if (before === undefined || halfLifeMs === 0) return demand;
  const share = 1 - 2 ** (-Math.max(0, nowMs - before.updatedMs) / halfLifeMs);
  return before.popularity + share * (demand - before.popularity);
}

/** What the latest crawl found of a torrent, as the catalogue stores it for the explanation. */
export interface FoundNumbers extends DemandNumbers {
  readonly downloadsPerDay?: number | undefined;
  readonly sources: readonly string[];
  /** True: an original tracker reported seeds and leechers; else they are what the sources state. */
  readonly measured: boolean;
  /** The demand that these numbers make. */
  readonly demand: number;
  /** The smoothed popularity before this crawl. */
  readonly before?: number | undefined;
  readonly pinned: boolean;
  /** True: it was in the top before this crawl. */
  readonly wasRanked: boolean;
  readonly rank?: number | undefined;
  /** The popularity of the last torrent that got a rank, and how many got one. */
  readonly lastRanked?: number | undefined;
  readonly top: number;
}

/** Why a torrent has its rank, as sentences. */
export function rankInWords(name: string, popularity: number, found: FoundNumbers): string[] {
  const { seeds, leechers, downloadsPerDay: perDay, innerRequests = 0, weight = 1, before, rank, lastRanked } = found;
  const swarm =
    seeds === undefined && leechers === undefined
      ? 'Nobody reports the size of its swarm.'
      : `${found.measured ? 'Its tracker reports' : 'Its sources state'} ${counted(seeds ?? 0, 'seed')} and ${counted(leechers ?? 0, 'leecher')} (each counts ${LEECHER_FACTOR}).`;
  const lines = [
    rank === undefined ? `${name} is not in the top ${found.top}.` : `${name} has rank ${rank} of ${found.top}.`,
    `Named by: ${found.sources.join(', ')}.`,
    swarm,
  ];
  if (perDay !== undefined) lines.push(`It is completed about ${counted(rounded(perDay), 'time')} a day.`);
  if (innerRequests > 0)
    lines.push(`${counted(innerRequests, 'request')} came from inside the network (each counts ${INNER_FACTOR}).`);
  if (weight !== 1) lines.push(`Its sources have the weight ${weight}.`);
  const sum = `${seeds ?? 0} + ${LEECHER_FACTOR} × ${leechers ?? 0} + ${rounded(perDay ?? 0)} + ${INNER_FACTOR} × ${innerRequests}`;
  lines.push(`Demand: ${weight === 1 ? sum : `${weight} × (${sum})`} = ${rounded(found.demand)}.`);
  if (before !== undefined && rounded(before) !== rounded(popularity)) {
    lines.push(`Its popularity was ${rounded(before)}. Smoothed over time, it is ${rounded(popularity)} now.`);
  } else lines.push(`Popularity: ${rounded(popularity)}.`);
  if (found.pinned) lines.push('It is pinned: pinned torrents come first.');
  else if (found.wasRanked) {
    lines.push(`It was in the top before, so ${STAY_FACTOR} times its popularity is compared with newcomers.`);
  }
  if (rank === undefined && lastRanked !== undefined) {
    lines.push(`The last torrent of the top has a popularity of ${rounded(lastRanked)}.`);
  }
  return lines;
}

function rounded(number: number): number {
  return Math.round(number * 10) / 10;
}

/**
 * The number of torrents in the top: the usual one while the tracker is busy, more while it has room.
 * @param load how full the tracker is, from 0 to 1
 */
export function adaptedTop(top: number, topMax: number | undefined, load: number): number {
  if (topMax === undefined || topMax <= top) return top;
  const room = Math.min(1, Math.max(0, (FULL_LOAD - load) / (FULL_LOAD - EASY_LOAD)));
  return Math.round(top + room * (topMax - top));
}

/** Up to this load the top is as large as it may be; from {@link FULL_LOAD} on it has its usual size. */
const EASY_LOAD = 0.5;
const FULL_LOAD = 0.9;
