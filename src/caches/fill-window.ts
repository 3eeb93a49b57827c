/** When a cache may fetch: in which periods of `billing.schedule`. */
import type { BillingPeriod } from '../selection/billing.js';
import { nextChangeAtMs, periodInForce } from '../selection/billing-schedule.js';
import type { CacheSettings } from './section.js';

export interface FillWindow {
  readonly isOpen: boolean;
  /** The period in force; undefined outside all of them. */
  readonly period: string | undefined;
  /** The next instant at which the period may change; undefined without a schedule. */
  readonly nextChangeAtMs: number | undefined;
}

/** Longer than the longest time between two changes of a schedule; a window that is open for longer has no end. */
const LOOK_AHEAD_MS = 8 * 24 * 3_600_000;

/** How long it stays open from now on: 0 if it is closed, Infinity if it has no end. */
export function openForMs(
  settings: Pick<CacheSettings, 'fillWindow'>,
  schedule: readonly BillingPeriod[],
  nowMs: number,
): number {
  let atMs = nowMs;
  while (atMs < nowMs + LOOK_AHEAD_MS) {
    const { isOpen, nextChangeAtMs: nextMs } = fillWindowAt(settings, schedule, atMs);
    if (!isOpen) return atMs - nowMs;
    if (nextMs === undefined) break;
    atMs = nextMs;
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * Without `fillWindow`, the window is open in the periods with a `rateFactor` below 1. If the schedule has no such period, the
 * window is always open.
 */
export function fillWindowAt(
  { fillWindow }: Pick<CacheSettings, 'fillWindow'>,
  schedule: readonly BillingPeriod[],
  nowMs: number,
): FillWindow {
  const period = periodInForce(schedule, nowMs)?.name;
  const cheaper = schedule.filter(({ rateFactor = 1 }) => rateFactor < 1).map(({ name }) => name);
  const names = fillWindow ?? cheaper;
  return {
    isOpen: names.length === 0 || (period !== undefined && names.includes(period)),
    period,
    nextChangeAtMs: nextChangeAtMs(schedule, nowMs),
  };
}
