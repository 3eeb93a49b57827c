/**
 * The hours of a scenario: its second 0 as an instant, and when the window is open. The window is one period of
 * `billing.schedule`: the one in which the border is open and caches fill.
 */
import type { BillingPeriod } from '../selection/billing.js';
import { periodInForce } from '../selection/billing-schedule.js';
import type { Scenario } from './scenario.js';

/** A Monday, so that periods of certain days have a meaning. No zone changes its clocks in that week. */
const FIRST_DAY_MS = Date.UTC(2024, 0, 8);
/** Periods begin and end at whole minutes. */
export const MINUTE_SECONDS = 60;

/** In seconds of the simulation; the end is exclusive. */
export interface SimulatedTime {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** The instant of a second of the simulation. */
export function instantMs(scenario: Scenario, seconds: number): number {
  return FIRST_DAY_MS + scenario.startsAtMinutes * MINUTE_SECONDS * 1000 + seconds * 1000;
}

/** Which period of the schedule is in force at a second of the simulation. */
export function periodAt(scenario: Scenario, seconds: number): BillingPeriod | undefined {
  return periodInForce(scenario.billing.schedule, instantMs(scenario, seconds));
}

/** When the window is open between the start and `endSeconds`; empty without a schedule. */
export function windowTimes(scenario: Scenario): readonly SimulatedTime[] {
  const { schedule, window } = scenario.billing;
  if (schedule.length === 0) return [];
  const times: SimulatedTime[] = [];
  let openedAt: number | undefined;
  for (let at = 0; at < scenario.endSeconds; at += MINUTE_SECONDS) {
    const open = periodAt(scenario, at)?.name === window;
    if (open) openedAt ??= at;
    else if (openedAt !== undefined) {
      times.push({ fromSeconds: openedAt, toSeconds: at });
      openedAt = undefined;
    }
  }
  if (openedAt !== undefined) times.push({ fromSeconds: openedAt, toSeconds: scenario.endSeconds });
  return times;
}
