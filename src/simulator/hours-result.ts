/**
 * What a run did at which hour: foreign bytes over time, how many of them fell inside the window, how long the border
 * took to become quiet after the window closed, and how many downloads of the evening were complete when it closed.
 */
import { MINUTE_SECONDS, type SimulatedTime } from './hours.js';

const MINUTES_A_SLOT = 5;
/** A slot with less than this share of the busiest one counts as quiet. */
const QUIET_SHARE = 0.01;

export interface HoursResult {
  readonly slotSeconds: number;
  /** Bytes that entered the localised networks in each slot, from the start of the run. */
  readonly foreignBytes: readonly number[];
  /** The share of all foreign bytes that entered while the window was open. */
  readonly insideWindowShare: number;
  /** From the first closing of the window to the first quiet slot, or to the next opening, or to the end of the run. */
  readonly tail: { readonly seconds: number; readonly bytes: number; readonly bytesBySlot: readonly number[] };
  /** Downloads that started before the window first opened, and how many of them were complete when it closed. */
  readonly evening: { readonly started: number; readonly completeAtClosing: number };
}

export interface Download {
  readonly arrivalSeconds: number;
  /** NaN if it never completed. */
  readonly completedAtSeconds: number;
}

/**
 * @param foreignBytes by minute, since the start
 * @param windows when the window was open; at least one
 */
export function summariseHours(
  foreignBytes: readonly number[],
  windows: readonly SimulatedTime[],
  downloads: readonly Download[],
): HoursResult {
  const isOpen = (minute: number): boolean =>
    windows.some(({ fromSeconds, toSeconds }) => {
      const at = minute * MINUTE_SECONDS;
      return at >= fromSeconds && at < toSeconds;
    });
  const all = sum(foreignBytes);
  const inside = sum(foreignBytes.filter((_, minute) => isOpen(minute)));
  const first = windows[0]!;
  const evening = downloads.filter(({ arrivalSeconds }) => arrivalSeconds < first.fromSeconds);
  return {
    slotSeconds: MINUTES_A_SLOT * MINUTE_SECONDS,
    foreignBytes: bySlot(foreignBytes),
    insideWindowShare: all === 0 ? 0 : inside / all,
    tail: tailAfter(foreignBytes, first.toSeconds, windows[1]?.fromSeconds),
    evening: {
      started: evening.length,
      completeAtClosing: evening.filter(({ completedAtSeconds }) => completedAtSeconds <= first.toSeconds).length,
    },
  };
}

function tailAfter(foreignBytes: readonly number[], fromSeconds: number, toSeconds: number | undefined) {
  const closing = fromSeconds / MINUTE_SECONDS;
  const opening = toSeconds === undefined ? foreignBytes.length : toSeconds / MINUTE_SECONDS;
  const peak = Math.max(0, ...bySlot(foreignBytes));
  const slots = bySlot(foreignBytes.slice(closing, opening));
  const quiet = slots.findIndex((bytes) => bytes < QUIET_SHARE * peak);
  const bytesBySlot = quiet < 0 ? slots : slots.slice(0, quiet);
  return { seconds: bytesBySlot.length * MINUTES_A_SLOT * MINUTE_SECONDS, bytes: sum(bytesBySlot), bytesBySlot };
}

function bySlot(byMinute: readonly number[]): number[] {
  const slots = new Array<number>(Math.ceil(byMinute.length / MINUTES_A_SLOT)).fill(0);
  byMinute.forEach((bytes, minute) => {
    slots[Math.floor(minute / MINUTES_A_SLOT)]! += bytes;
  });
  return slots;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
