/**
 * How many foreign peers the hours allow: the limits of `selection`, those of the billing period in force, and how they change
 * at a border between periods. Pure: the time is an input, and `nextChangeAtMs` says when to ask again.
 *
 * Limits ramp rather than jump, so that the swarms do not all open or close their links across the border at once:
 *
 * - A limit that grows does so after the border. Earlier, traffic would cross in the hours that are to be free of it. An
 *   answer with more foreign peers acts within seconds.
 * - A limit that shrinks does so before the border and has arrived at it. An answer with fewer foreign peers ends no
 *   connection: what a client is given shortly before the border carries traffic after it.
 *
 * A ramp takes at most half of the time between two borders, so that opening and closing both fit in.
 */
import type { BillingPeriod, BillingPolicy } from './billing.js';
import { borderAfter, borderBefore, type PeriodBorder, periodInForce } from './billing-schedule.js';
import type { MixRules } from './cost-table.js';
import { GATEWAY_LIMIT } from './gateways.js';

/** The rules of the mix that a period may replace. */
const LIMITS = ['foreignPeersMin', 'foreignPeersMax', 'foreignPeersWhenNoInnerSeed', 'gatewaysMax'] as const;

export type ForeignLimits = Pick<MixRules, (typeof LIMITS)[number]>;

/** What the hours of the day change while the rest of the policy stays as it is: plain data for the data plane. */
export interface HoursData {
  readonly limits: ForeignLimits;
  /** Until clients should announce again because answers change; null: they do not. */
  readonly returnInMs: number | null;
}

/** What of the billing policy the limits depend on. */
export type BillingHours = Pick<BillingPolicy, 'schedule' | 'rampForMs'>;

/** On a ramp, limits change in steps of at least one peer, and not more often than this. */
export const RAMP_STEP_MS = 30_000;

export interface Ramp {
  /** Opening: limits grow. Closing: they shrink. */
  readonly direction: 'opening' | 'closing';
  readonly fromMs: number;
  readonly toMs: number;
}

export interface LimitsInForce extends ForeignLimits {
  /** The period in force. */
  readonly period: BillingPeriod | undefined;
  /** The next border between periods; `undefined`: there is none. */
  readonly border: PeriodBorder<BillingPeriod> | undefined;
  /** In progress; `undefined` while the limits stand still. */
  readonly ramp: Ramp | undefined;
  /** When a limit or the period changes next; `undefined`: never. */
  readonly nextChangeAtMs: number | undefined;
  /**
   * Clients should announce soon after this instant, because answers are different then: the next border, or the end of the
   * ramp if it opens. `undefined`: there is none.
   */
  readonly returnFromMs: number | undefined;
}

/** @param base the limits outside of all periods. @throws OperatorError on a time zone that does not exist */
export function limitsAt(hours: BillingHours, base: ForeignLimits, nowMs: number): LimitsInForce {
  const { schedule } = hours;
  const period = periodInForce(schedule, nowMs);
  const border = borderAfter(schedule, nowMs);
  // A ramp began at an earlier border only if that is not longer ago than the longest ramp; twice that tells whether it is cut.
  const last = borderBefore(schedule, nowMs, 2 * longestRampMs(hours));
  const ramps = rampsBetween(last, border, hours, base);
  const limits = limitsIn(ramps, limitsOf(period, base), nowMs);
  const ramp = ramps.find((each) => isOn(each, nowMs));
  return {
    ...limits,
    period,
    border,
    ramp: ramp && { direction: ramp.direction, fromMs: ramp.fromMs, toMs: ramp.toMs },
    nextChangeAtMs: nextStep(ramps, limits, limitsOf(period, base), nowMs) ?? border?.atMs,
    returnFromMs: ramp?.direction === 'opening' ? ramp.toMs : border?.atMs,
  };
}

/** The values alone. */
export function foreignLimits({
  foreignPeersMin,
  foreignPeersMax,
  foreignPeersWhenNoInnerSeed,
  gatewaysMax,
}: ForeignLimits): ForeignLimits {
  return { foreignPeersMin, foreignPeersMax, foreignPeersWhenNoInnerSeed, gatewaysMax };
}

/** A ramp with the values at its ends. */
interface RampOfLimits extends Ramp {
  readonly from: ForeignLimits;
  readonly to: ForeignLimits;
  /** Those that move on it. The others do so on the other side of the border. */
  readonly limits: readonly (keyof ForeignLimits)[];
}

/** The ramps of the time between two borders, as far as limits move: opening after the first, closing before the second. */
function rampsBetween(
  first: PeriodBorder<BillingPeriod> | undefined,
  second: PeriodBorder<BillingPeriod> | undefined,
  hours: BillingHours,
  base: ForeignLimits,
): RampOfLimits[] {
  const longestMs = first && second ? (second.atMs - first.atMs) / 2 : Number.POSITIVE_INFINITY;
  /** That of the period in which the ramp lies; outside of all periods, that of the neighbour. */
  const durationMs = (inside: BillingPeriod | undefined, neighbour: BillingPeriod | undefined): number =>
    Math.min(longestMs, (inside ?? neighbour)?.rampForMs ?? hours.rampForMs ?? 0);
  const ramps: RampOfLimits[] = [];
  if (first !== undefined) {
    const from = limitsOf(first.before, base);
    const to = limitsOf(first.after, base);
    const limits = growing(from, to);
    const toMs = first.atMs + durationMs(first.after, first.before);
    ramps.push({ direction: 'opening', fromMs: first.atMs, toMs, from, to, limits });
  }
  if (second !== undefined) {
    const from = limitsOf(second.before, base);
    const to = limitsOf(second.after, base);
    const limits = growing(to, from);
    const fromMs = second.atMs - durationMs(second.before, second.after);
    ramps.push({ direction: 'closing', fromMs, toMs: second.atMs, from, to, limits });
  }
  return ramps.filter(({ limits }) => limits.length > 0);
}

function longestRampMs({ schedule, rampForMs = 0 }: BillingHours): number {
  return schedule.reduce((longest, period) => Math.max(longest, period.rampForMs ?? 0), rampForMs);
}

/** The limits that a period sets, without ramps. */
function limitsOf(period: BillingPeriod | undefined, base: ForeignLimits): ForeignLimits {
  return {
    foreignPeersMin: period?.foreignPeersMin ?? base.foreignPeersMin,
    foreignPeersMax: period?.foreignPeersMax ?? base.foreignPeersMax,
    foreignPeersWhenNoInnerSeed: period?.foreignPeersWhenNoInnerSeed ?? base.foreignPeersWhenNoInnerSeed,
    gatewaysMax: period?.gatewaysMax ?? base.gatewaysMax,
  };
}

/** The limits that ramp because they are more open in `more`. */
function growing(less: ForeignLimits, more: ForeignLimits): (keyof ForeignLimits)[] {
  // With nothing to give, the number of gateways does not matter.
  const ramping = isClosed(less) || isClosed(more) ? LIMITS.filter((limit) => limit !== 'gatewaysMax') : LIMITS;
  return ramping.filter((limit) => openness(limit, more) > openness(limit, less));
}

function isClosed({ foreignPeersMin, foreignPeersMax, foreignPeersWhenNoInnerSeed }: ForeignLimits): boolean {
  return foreignPeersMin + foreignPeersMax + foreignPeersWhenNoInnerSeed === 0;
}

/** Without gateways everybody is given foreign peers, so `gatewaysMax: 0` is more open than every other value. */
function openness(limit: keyof ForeignLimits, limits: ForeignLimits): number {
  return limit === 'gatewaysMax' && limits[limit] === 0 ? Number.POSITIVE_INFINITY : limits[limit];
}

function isOn({ fromMs, toMs }: Ramp, atMs: number): boolean {
  return atMs >= fromMs && atMs < toMs;
}

function limitsIn(ramps: readonly RampOfLimits[], settled: ForeignLimits, atMs: number): ForeignLimits {
  const now = (limit: keyof ForeignLimits): number => {
    const ramp = ramps.find((each) => each.limits.includes(limit) && isOn(each, atMs));
    return ramp === undefined ? settled[limit] : valueOn(ramp, limit, atMs);
  };
  return {
    foreignPeersMin: now('foreignPeersMin'),
    foreignPeersMax: now('foreignPeersMax'),
    foreignPeersWhenNoInnerSeed: now('foreignPeersWhenNoInnerSeed'),
    gatewaysMax: now('gatewaysMax'),
  };
}

/** Straight from one end to the other, in steps of time and of peers. */
function valueOn({ from, to, fromMs, toMs }: RampOfLimits, limit: keyof ForeignLimits, atMs: number): number {
  const steps = Math.floor((atMs - fromMs) / RAMP_STEP_MS);
  const share = (steps * RAMP_STEP_MS) / (toMs - fromMs);
  if (limit !== 'gatewaysMax') return Math.round(from[limit] + (to[limit] - from[limit]) * share);
  // "No gateways" follows on the largest number of them that has an effect.
  const off = Math.max(GATEWAY_LIMIT, from.gatewaysMax, to.gatewaysMax) + 1;
  const start = from.gatewaysMax || off;
  const value = Math.round(start + ((to.gatewaysMax || off) - start) * share);
  return value === off ? 0 : value;
}

/** The first step after `nowMs`, in this time between two borders, that changes a limit. */
function nextStep(
  ramps: readonly RampOfLimits[],
  limits: ForeignLimits,
  settled: ForeignLimits,
  nowMs: number,
): number | undefined {
  for (const { fromMs, toMs } of ramps) {
    const passed = Math.max(0, Math.floor((nowMs - fromMs) / RAMP_STEP_MS));
    for (let step = passed + 1; nowMs < toMs; step++) {
      const atMs = Math.min(toMs, fromMs + step * RAMP_STEP_MS);
      const then = limitsIn(ramps, settled, atMs);
      if (LIMITS.some((limit) => then[limit] !== limits[limit])) return atMs;
      if (atMs === toMs) break;
    }
  }
  return undefined;
}
