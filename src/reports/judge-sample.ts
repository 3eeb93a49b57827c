/**
 * Judges whether a value of a probe is credible: against what any access network can carry, against the probe's own
 * recent values, and against the mean of a day, so that many small steps cannot replace a large one. Incredible values
 * are stored and shown but change no answer.
 */
import { type DensitySample, NO_RATES, type ProbeReading, type RateHistory } from './density-report.js';
import {
  JUMP_FACTOR,
  JUMP_FLOOR_BYTES_PER_SECOND,
  JUMP_HISTORY_READINGS,
  JUMP_MIN_READINGS,
  MAX_PLAUSIBLE_BYTES_PER_USER_SECOND,
  USUAL_FOLLOWS_MS,
} from './limits.js';

/** @returns the reason for quarantine, or undefined if the value is credible */
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
  const perUser = sample.users !== undefined;
  const { recent, usual } = ratesOf(previous, perUser);
  if (recent.length < JUMP_MIN_READINGS) return undefined;
  const unit = perUser ? 'bytes per user per second' : 'bytes per second';
  return (
    comparison(rate, medianOf(recent), unit, 'the usual') ??
    (usual === null ? undefined : comparison(rate, usual, unit, 'the mean of a day of'))
  );
}

/** What the next value of a probe is compared with; null: too few values to judge by. */
export interface JudgedBy {
  /** The median of the recent values. */
  readonly usual: number | null;
  /** The mean of a day. */
  readonly meanOfDay: number | null;
}

export function judgedBy(reading: ProbeReading, perUser: boolean): JudgedBy {
  const { recent, usual } = ratesOf(reading, perUser);
  return recent.length < JUMP_MIN_READINGS
    ? { usual: null, meanOfDay: null }
    : { usual: medianOf(recent), meanOfDay: usual };
}

function comparison(rate: number, usual: number, unit: string, what: string): string | undefined {
  // A dead mirror port reports nothing, and an empty sub-domain would attract everybody.
  if (rate === 0 && usual > JUMP_FLOOR_BYTES_PER_SECOND) return `no traffic, but ${format(usual)} ${unit} is usual`;
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

/** The history by which a value with or without users is judged. */
export function ratesOf(reading: ProbeReading | undefined, perUser: boolean): RateHistory {
  if (reading === undefined) return NO_RATES;
  return reading.ratesPerUser === perUser ? reading.rates : reading.otherRates;
}

/**
 * Adds a credible value. The usual rate moves towards it in proportion to the time that the value covers. So splitting
 * a period into many small ones moves it no further, and it never moves beyond the present. While there are too few
 * values to judge by, the usual rate is their mean.
 * @param coveredMs the part of the period that was not covered before
 */
export function rememberRate(history: RateHistory, rate: number, coveredMs: number, nowMs: number): RateHistory {
  const recent = [...history.recent, rate].slice(-JUMP_HISTORY_READINGS);
  if (history.usual === null || recent.length <= JUMP_MIN_READINGS) {
    return { recent, usual: meanOfLogarithms(recent), usualUntilMs: nowMs };
  }
  const usualUntilMs = Math.max(history.usualUntilMs, Math.min(nowMs, history.usualUntilMs + Math.max(0, coveredMs)));
  const share = 1 - Math.exp((history.usualUntilMs - usualUntilMs) / USUAL_FOLLOWS_MS);
  const from = Math.log(history.usual);
  const usual = Math.exp(from + share * (Math.log(Math.max(rate, JUMP_FLOOR_BYTES_PER_SECOND)) - from));
  return { recent, usual, usualUntilMs };
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
