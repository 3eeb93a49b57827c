/** The hours for people and scripts: which period is in force, until when, and where the limits of foreign peers are. */
import { z } from 'zod';
import type { TimePeriod } from './billing.js';
import { foreignLimits, type LimitsInForce, type Ramp } from './border-limits.js';

const time = z.iso.datetime();
const count = z.int().min(0);

/** What {@link hoursInWords} returns, for the OpenAPI document. */
export const hoursAnswer = z.strictObject({
  period: z.string().nullable().meta({ description: 'in force; null: none, the values of `selection` apply' }),
  limits: z
    .strictObject({
      foreignPeersMin: count,
      foreignPeersMax: count,
      foreignPeersWhenNoInnerSeed: count,
      gatewaysMax: count,
    })
    .meta({ description: 'now, on a ramp between those of two periods' }),
  ramp: z
    .strictObject({
      direction: z.enum(['opening', 'closing']),
      from: time,
      until: time,
      percent: z.int().min(0).max(100),
    })
    .nullable()
    .meta({ description: 'null: the limits stand still' }),
  next: z
    .strictObject({ at: time, period: z.string().nullable() })
    .nullable()
    .meta({ description: 'the next border between periods; null: there is none' }),
  summary: z.string(),
});
export type HoursInWords = Readonly<z.output<typeof hoursAnswer>>;

export function hoursInWords(hours: LimitsInForce, nowMs: number): HoursInWords {
  const { period, border, ramp } = hours;
  return {
    period: period?.name ?? null,
    limits: foreignLimits(hours),
    ramp:
      ramp === undefined
        ? null
        : {
            direction: ramp.direction,
            from: isoTime(ramp.fromMs),
            until: isoTime(ramp.toMs),
            percent: percentOf(ramp, nowMs),
          },
    next: border === undefined ? null : { at: isoTime(border.atMs), period: border.after?.name ?? null },
    summary: summaryOf(hours, nowMs),
  };
}

function summaryOf({ period, border, ramp }: LimitsInForce, nowMs: number): string {
  const now = period === undefined ? 'No period is in force' : `Period ${period.name} is in force`;
  if (border === undefined) return period === undefined ? `${now}.` : `${now}, at all times.`;
  const zone = (border.after ?? border.before)!;
  const then = border.after === undefined ? 'no period' : border.after.name;
  const change = `${now} until ${localTime(border.atMs, zone)} (${zone.timeZone}), then ${then}.`;
  if (ramp === undefined) return change;
  return `${change} The border is ${ramp.direction}: ${percentOf(ramp, nowMs)} %, complete at ${localTime(ramp.toMs, zone)}.`;
}

function percentOf({ fromMs, toMs }: Ramp, nowMs: number): number {
  return Math.min(100, Math.max(0, Math.floor(((nowMs - fromMs) / (toMs - fromMs)) * 100)));
}

function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** `Tue 07:00` */
function localTime(atMs: number, { timeZone }: TimePeriod): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  return `${parts.get('weekday')} ${parts.get('hour')}:${parts.get('minute')}`;
}
