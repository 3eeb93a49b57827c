/** The traffic of a time window as savings are estimated from it: bytes by class of household and by replicate. */
import { REPLICATES } from '../selection/household-groups.js';
import {
  TRAFFIC_CLASSES,
  TRAFFIC_MEASURES,
  type TrafficClass,
  type TrafficMeasure,
} from '../selection/traffic-classes.js';

/** [replicate] → bytes. */
export type ByReplicate = Readonly<Record<TrafficMeasure, readonly number[]>>;
export type TrafficWindow = Readonly<Record<TrafficClass, ByReplicate>>;

/** What reads totals: `TrafficReading` of the tracker. */
export interface TrafficSource {
  replicates(trafficClass: TrafficClass, measure: TrafficMeasure): readonly number[];
}

/** @param bytes of one class, measure and replicate */
export function windowOf(
  bytes: (trafficClass: TrafficClass, measure: TrafficMeasure, replicate: number) => number,
): TrafficWindow {
  const classOf = (trafficClass: TrafficClass): ByReplicate =>
    Object.fromEntries(
      TRAFFIC_MEASURES.map((measure) => [
        measure,
        Array.from({ length: REPLICATES }, (_, replicate) => bytes(trafficClass, measure, replicate)),
      ]),
    ) as unknown as ByReplicate;
  return Object.fromEntries(TRAFFIC_CLASSES.map((each) => [each, classOf(each)])) as unknown as TrafficWindow;
}

/** All that a meter has counted. */
export function windowOfTotals(source: TrafficSource): TrafficWindow {
  return windowOf((trafficClass, measure, replicate) => source.replicates(trafficClass, measure)[replicate]!);
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
