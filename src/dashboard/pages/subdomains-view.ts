/** How a sub-domain counts, and how it compares with the same weekday. Pure. */
import { counted } from '../../domain/counted.js';
import type { DensityDocument, ProbeDocument } from '../../reports/api/answer-schemas.js';
import { ago, bitRate, duration, percent, UNKNOWN } from '../frame/show.js';

export interface History {
  readonly start: string;
  readonly bytesPerUserPerSecond: number | null;
}

/** Why its density has the weight that it has, in one sentence. */
export function weightInWords(subdomain: DensityDocument | undefined, probes: readonly ProbeDocument[]): string {
  if (probes.length === 0) return 'It counts as average: no probe reports on it.';
  if (subdomain === undefined) {
    const [detail] = probes.flatMap(({ alarms }) => alarms.map((alarm) => alarm.detail));
    const because = detail === undefined ? '' : ` (${detail})`;
    return `It counts as average: no probe has reported a credible value${because}.`;
  }
  const { bytesPerUserPerSecond: rate, users, freshness, ageSeconds, periodSeconds } = subdomain;
  if (rate === null) {
    return users === 0
      ? 'It counts as average: it has no users now.'
      : 'It counts as average: neither a probe nor the BRAS has counted its users.';
  }
  const age = `the newest period ended ${duration(ageSeconds)} ago`;
  if (freshness === 0) return `It counts as average: ${age}, and a period lasts ${duration(periodSeconds)}.`;
  if (freshness < 1) return `It counts with ${percent(freshness)} of its weight, the rest as average: ${age}.`;
  return `It counts in full: ${age}.`;
}

interface Peers {
  readonly seeds: number;
  readonly leechers: number;
}

/** @param countedAt of the count of all swarms; undefined before the first one */
export function peersInWords(peers: Peers | null, countedAt: string | undefined, nowMs: number): string {
  if (peers === null || countedAt === undefined) return UNKNOWN;
  const { seeds, leechers } = peers;
  return `${counted(seeds, 'seed')} and ${counted(leechers, 'leecher')}, counted ${ago(Date.parse(countedAt), nowMs)}`;
}

/** The level in answers beside the one of the median. */
export function levelInWords(
  level: number | undefined,
  scale: { readonly average: number; readonly highest: number } | undefined,
): string {
  if (level === undefined || scale === undefined) return UNKNOWN;
  const than = level === scale.average ? 'average' : level < scale.average ? 'less dense' : 'denser';
  return `${level} of 0 to ${scale.highest} (${than}; average is ${scale.average})`;
}

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

/** @returns the mean of this hour of the same weekday in the weeks before; undefined if nothing is stored */
export function usualRate(history: readonly History[], nowMs: number): number | undefined {
  const rates = history.flatMap(({ start, bytesPerUserPerSecond: rate }) => {
    const weeks = (nowMs - Date.parse(start)) / WEEK_MS;
    const distanceMs = Math.abs(weeks - Math.round(weeks)) * WEEK_MS;
    return rate !== null && weeks > 0.5 && distanceMs <= HOUR_MS ? [rate] : [];
  });
  return rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
}

/** `1.2 Mbit/s a user, 40 % more than usual at this hour of this weekday` */
export function comparisonInWords(rate: number | null | undefined, usual: number | undefined): string {
  if (rate === null || rate === undefined) return 'Its density is not known now.';
  const now = `${bitRate(rate)} a user`;
  if (usual === undefined || usual === 0) return `${now}. Nothing is stored of this weekday in the weeks before.`;
  const ratio = rate / usual - 1;
  if (Math.abs(ratio) < 0.05) return `${now}, as usual at this hour of this weekday (${bitRate(usual)}).`;
  return `${now}, ${percent(Math.abs(ratio))} ${ratio > 0 ? 'more' : 'less'} than usual at this hour of this weekday (${bitRate(usual)}).`;
}

/** Times and values of a plot; the rows come in any order. */
export function plotValues(
  history: readonly History[],
  fromMs: number,
): { timesMs: number[]; values: (number | null)[] } {
  const rows = history
    .map(({ start, bytesPerUserPerSecond }) => ({ atMs: Date.parse(start), value: bytesPerUserPerSecond }))
    .filter(({ atMs }) => atMs >= fromMs)
    .sort((a, b) => a.atMs - b.atMs);
  return { timesMs: rows.map(({ atMs }) => atMs), values: rows.map(({ value }) => value) };
}
