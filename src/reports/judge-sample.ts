/**
 * Whether one value of a probe is believable: against what any access network can carry, against the probe's own recent
 * values, and against what is usual over a day, so that many small steps are no way around a large one. Unbelievable values
 * are kept and shown but change no answer.
 */
import type { DensitySample, ProbeReading } from './density-report.js';
import {
  JUMP_FACTOR,
  JUMP_FLOOR_BYTES_PER_SECOND,
  JUMP_HISTORY_READINGS,
  JUMP_MIN_READINGS,
  MAX_PLAUSIBLE_BYTES_PER_USER_SECOND,
  USUAL_FOLLOWS_MS,
} from './limits.js';

/** @returns the reason for quarantine, or undefined where the value is believed */
export function judgeSample(
  sample: DensitySample,
  periodSeconds: number,
  previous: ProbeReading | undefined,
): string | undefined {
  if (sample.users === 0 && sample.bytes > 0) return `${sample.bytes} bytes but no users`;
  const rate = rateOf(sample, periodSeconds);
  if (sample.users !== undefined && rate > MAX_PLAUSIBLE_BYTES_PER_USER_SECOND) {
    return `${format(rate)} bytes per user per second is more than any line carries`;
  }
  if (previous === undefined || previous.ratesPerUser !== (sample.users !== undefined)) return undefined;
  if (previous.recentRates.length < JUMP_MIN_READINGS) return undefined;
  const unit = previous.ratesPerUser ? 'bytes per user per second' : 'bytes per second';
  return (
    comparison(rate, medianOf(previous.recentRates), unit, 'the usual') ??
    comparison(rate, previous.usualRate ?? medianOf(previous.recentRates), unit, 'the mean of a day of')
  );
}

function comparison(rate: number, usual: number, unit: string, what: string): string | undefined {
  // A mirror port that went dead reports nothing, and an empty sub-domain would attract everybody.
  if (rate === 0 && usual > JUMP_FLOOR_BYTES_PER_SECOND)
    return `nothing at all, where ${format(usual)} ${unit} is usual`;
  const a = Math.max(rate, JUMP_FLOOR_BYTES_PER_SECOND);
  const b = Math.max(usual, JUMP_FLOOR_BYTES_PER_SECOND);
  if (a > b * JUMP_FACTOR) return `${format(rate)} ${unit} is a jump from ${what} ${format(usual)}`;
  if (a * JUMP_FACTOR < b) return `${format(rate)} ${unit} is a fall from ${what} ${format(usual)}`;
  return undefined;
}

/** Bytes per second, per user where the probe counts users. */
export function rateOf(sample: DensitySample, periodSeconds: number): number {
  return sample.bytes / periodSeconds / (sample.users === undefined ? 1 : Math.max(1, sample.users));
}

/** @returns the newest rates with `rate` added; started anew where the kind of rate changed */
export function rememberRate(previous: ProbeReading | undefined, perUser: boolean, rate: number): readonly number[] {
  const kept = previous !== undefined && previous.ratesPerUser === perUser ? previous.recentRates : [];
  return [...kept, rate].slice(-JUMP_HISTORY_READINGS);
}

/**
 * Moves what is usual towards `rate` by the time that the value covers, so that a period that is cut into many small ones
 * moves it no further. As long as too little is known to judge by, it is the mean of what there is.
 * @param coveredMs from the end of the newest period before to the end of this one
 */
export function followUsualRate(
  previous: ProbeReading | undefined,
  recentRates: readonly number[],
  rate: number,
  coveredMs: number,
): number {
  if (previous?.usualRate === undefined || recentRates.length <= JUMP_MIN_READINGS)
    return meanOfLogarithms(recentRates);
  const share = 1 - Math.exp(-Math.max(0, coveredMs) / USUAL_FOLLOWS_MS);
  const from = Math.log(previous.usualRate);
  return Math.exp(from + share * (Math.log(Math.max(rate, JUMP_FLOOR_BYTES_PER_SECOND)) - from));
}

function meanOfLogarithms(rates: readonly number[]): number {
  const sum = rates.reduce((total, each) => total + Math.log(Math.max(each, JUMP_FLOOR_BYTES_PER_SECOND)), 0);
  return Math.exp(sum / rates.length);
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function format(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
