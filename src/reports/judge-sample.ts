/**
 * Whether one value of a probe is believable: against what any access network can carry, and against the probe's own
 * recent values. Unbelievable values are kept and shown but change no answer.
 */
import type { DensitySample, ProbeReading } from './density-report.js';
import {
  JUMP_FACTOR,
  JUMP_FLOOR_BYTES_PER_SECOND,
  JUMP_HISTORY_READINGS,
  JUMP_MIN_READINGS,
  MAX_PLAUSIBLE_BYTES_PER_USER_SECOND,
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
  const usual = medianOf(previous.recentRates);
  const unit = previous.ratesPerUser ? 'bytes per user per second' : 'bytes per second';
  // A mirror port that went dead reports nothing, and an empty sub-domain would attract everybody.
  if (rate === 0 && usual > JUMP_FLOOR_BYTES_PER_SECOND)
    return `nothing at all, where ${format(usual)} ${unit} is usual`;
  const a = Math.max(rate, JUMP_FLOOR_BYTES_PER_SECOND);
  const b = Math.max(usual, JUMP_FLOOR_BYTES_PER_SECOND);
  if (a > b * JUMP_FACTOR) return `${format(rate)} ${unit} is a jump from the usual ${format(usual)}`;
  if (a * JUMP_FACTOR < b) return `${format(rate)} ${unit} is a fall from the usual ${format(usual)}`;
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

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function format(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
