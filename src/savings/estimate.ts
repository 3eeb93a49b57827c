/**
 * Estimates what localisation has saved in a time window, from what the operator's own clients announced. Pure.
 *
 * Foreign bytes are estimated twice, and the larger estimate holds. By share: what each client downloaded × the share of foreign
 * peers in its last answer and among those that joined later. That says too little of a small swarm in which one gateway fetches
 * everything. By balance: every byte that an inner client downloads was uploaded by an inner client or has crossed the border, so what
 * all of them downloaded less what they uploaded is a lower bound, whoever received it. Uploads in swarms without foreign leechers went
 * to inner clients, so what all of them downloaded less those uploads is an upper bound. Where all foreign peers are seeds, the two are
 * the same.
 *
 * Baseline: the control group is answered at random, as an original tracker would answer. The foreign share of its bytes, by the
 * share of peers that it was given, is what the others would have had. Its error is estimated by a jackknife over replicates,
 * which are disjoint sets of households. Where the control group is too small, the baseline is that of simulated swarms.
 */
import type { TrafficMeasure } from '../selection/traffic-classes.js';
import { sum, type TrafficWindow } from './traffic-window.js';

/** With fewer replicates of the control group that have traffic, nothing can be said about its error. */
export const MIN_REPLICATES = 8;
/** Errors that no sample shows, as shares: of the baseline, and of foreign bytes. See docs/savings.md for how they were found. */
export const BASELINE_ERROR = 0.08;
export const FOREIGN_ERROR = 0.2;

/** Two-sided 95 % quantiles of Student's t for 7 … 31 degrees of freedom. */
const T_QUANTILES = [
  2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069,
  2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042, 2.04,
] as const;

/** The baseline of simulated swarms, for windows in which the control group is too small. */
export interface SimulatedBaseline {
  readonly foreignShare: number;
  /** Half of the width of its 95 % interval. */
  readonly margin: number;
}

export interface Rates {
  /** Mean rates per gigabyte of the foreign peers in random answers and in localised ones. */
  readonly random: number;
  readonly localised: number;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

export interface SavingsEstimate {
  readonly baseline: {
    readonly method: 'control-group' | 'simulation';
    /** Of the bytes that clients download without localisation. */
    readonly foreignShare: number;
    readonly low: number;
    readonly high: number;
    /** Replicates of the control group that have traffic, of 32. */
    readonly replicates: number;
    readonly controlBytes: number;
  };
  /** Bytes that localised clients downloaded, without the operator's caches. */
  readonly downloadedBytes: number;
  /** Bytes that all inner clients downloaded from outside. */
  readonly foreignBytes: number;
  /** Those of localised clients and caches. */
  readonly localisedForeignBytes: number;
  readonly savedBytes: number;
  readonly savedBytesRange: Range;
  readonly amount: number;
  readonly amountRange: Range;
}

export type Estimated = SavingsEstimate | { readonly reason: string };

/** @param simulated of swarms of the size that this tracker has; undefined if there is none */
export function estimateSavings(
  window: TrafficWindow,
  rates: Rates,
  simulated: SimulatedBaseline | undefined,
): Estimated {
  const downloadedBytes = sum(window.localised.downloaded);
  if (downloadedBytes === 0) return { reason: 'no localised client has downloaded anything that two announces show' };
  const baseline = baselineOf(window, simulated);
  if (baseline === undefined) {
    return { reason: 'the control group has too little traffic, and there are no simulated swarms to compare with' };
  }
  const foreignBytes = foreignBytesOf(window);
  const atRandom = sum(window.control.foreignByShare) + sum(window.plain.foreignByShare);
  const most = downloadedBytes + sum(window.cache.downloaded);
  const localisedForeignBytes = Math.min(most, Math.max(0, foreignBytes - atRandom));
  const baselineBytes = downloadedBytes * baseline.foreignShare;
  const sampling = downloadedBytes * (baseline.high - baseline.foreignShare);
  const margin = Math.hypot(sampling, BASELINE_ERROR * baselineBytes, FOREIGN_ERROR * localisedForeignBytes);
  const savedBytes = baselineBytes - localisedForeignBytes;
  const amount = (baselineBytes * rates.random - localisedForeignBytes * rates.localised) / 1e9;
  const amountMargin =
    Math.hypot(
      sampling * rates.random,
      BASELINE_ERROR * baselineBytes * rates.random,
      FOREIGN_ERROR * localisedForeignBytes * rates.localised,
    ) / 1e9;
  return {
    baseline,
    downloadedBytes,
    foreignBytes,
    localisedForeignBytes,
    savedBytes,
    savedBytesRange: { low: savedBytes - margin, high: savedBytes + margin },
    amount,
    amountRange: { low: amount - amountMargin, high: amount + amountMargin },
  };
}

/** What all inner clients announced in a window, and what follows for the bytes that came from outside. */
export interface AnnouncedTraffic {
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  /** By the share of foreign peers. */
  readonly foreignByShareBytes: number;
  /** What inner clients cannot have received from each other. */
  readonly foreignAtLeastBytes: number;
  /** What they did not certainly receive from each other. */
  readonly foreignAtMostBytes: number;
  /** The estimate. */
  readonly foreignBytes: number;
}

export function announcedTraffic(window: TrafficWindow): AnnouncedTraffic {
  const classes = [window.localised, window.plain, window.control, window.cache];
  const total = (measure: TrafficMeasure): number => sum(classes.map((each) => sum(each[measure])));
  const downloadedBytes = total('downloaded');
  const uploadedBytes = total('uploaded');
  const foreignByShareBytes = total('foreignByShare');
  // Uploads are announced at other times than the downloads that they caused, so a short window may have more of them.
  const foreignAtLeastBytes = Math.max(0, downloadedBytes - uploadedBytes);
  const foreignAtMostBytes = Math.max(foreignAtLeastBytes, downloadedBytes - total('uploadedInside'));
  const foreignBytes = Math.max(foreignAtLeastBytes, Math.min(foreignByShareBytes, foreignAtMostBytes));
  return {
    downloadedBytes,
    uploadedBytes,
    foreignByShareBytes,
    foreignAtLeastBytes,
    foreignAtMostBytes,
    foreignBytes,
  };
}

/** Bytes that inner clients downloaded from outside. */
export function foreignBytesOf(window: TrafficWindow): number {
  return announcedTraffic(window).foreignBytes;
}

function baselineOf(
  { control }: TrafficWindow,
  simulated: SimulatedBaseline | undefined,
): SavingsEstimate['baseline'] | undefined {
  const downloaded = control.downloaded;
  const foreign = control.foreignByShare;
  const used = downloaded.flatMap((bytes, replicate) => (bytes > 0 ? [replicate] : []));
  const controlBytes = sum(downloaded);
  if (used.length < MIN_REPLICATES) {
    if (simulated === undefined) return undefined;
    return { method: 'simulation', ...around(simulated), replicates: used.length, controlBytes };
  }
  const controlForeign = sum(foreign);
  const foreignShare = controlForeign / controlBytes;
  const without = used.map((replicate) => {
    const rest = controlBytes - downloaded[replicate]!;
    return rest <= 0 ? foreignShare : (controlForeign - foreign[replicate]!) / rest;
  });
  const mean = sum(without) / without.length;
  const variance = ((without.length - 1) / without.length) * sum(without.map((share) => (share - mean) ** 2));
  const margin = tQuantile(used.length - 1) * Math.sqrt(variance);
  return { method: 'control-group', ...around({ foreignShare, margin }), replicates: used.length, controlBytes };
}

/** A share and its interval, which is cut at 0 and 1. */
function around({
  foreignShare,
  margin,
}: SimulatedBaseline): Pick<SavingsEstimate['baseline'], 'foreignShare' | 'low' | 'high'> {
  return { foreignShare, low: Math.max(0, foreignShare - margin), high: Math.min(1, foreignShare + margin) };
}

function tQuantile(degrees: number): number {
  return T_QUANTILES[Math.min(T_QUANTILES.length - 1, degrees - (MIN_REPLICATES - 1))]!;
}
