/** Reads the totals of a traffic meter in the control plane. */
import { sumOf } from '../domain/sum-of.js';
import { REPLICATES } from '../selection/household-groups.js';
import {
  ANNOUNCE_KINDS,
  type AnnounceKind,
  GROUP_MEASURES,
  type GroupMeasure,
  TRAFFIC_CLASSES,
  TRAFFIC_MEASURES,
  type TrafficClass,
  type TrafficMeasure,
} from '../selection/traffic-classes.js';
import {
  ANNOUNCES_AT,
  BY_GROUP_AT,
  GROUPS,
  MEASURES,
  SAMPLED_AT,
  SHADOW_FOREIGN,
  SHADOW_PEERS,
} from './traffic-meter.js';

/** A reading of all totals; they are since the start of the program, over restarts of the worker. */
export class TrafficReading {
  readonly #values: Float64Array;

  /** @param memories of all workers, whose totals are added up */
  constructor(...memories: readonly ArrayBufferLike[]) {
    this.#values = sumOf(memories);
  }

  /** Of one class, by replicate. */
  replicates(trafficClass: TrafficClass, measure: TrafficMeasure): number[] {
    const from = TRAFFIC_CLASSES.indexOf(trafficClass) * REPLICATES;
    const at = TRAFFIC_MEASURES.indexOf(measure);
    return Array.from({ length: REPLICATES }, (_, replicate) => this.#values[(from + replicate) * MEASURES + at]!);
  }

  /** Announces of inner clients by what they said. */
  get announces(): Readonly<Record<AnnounceKind, number>> {
    const at = (kind: AnnounceKind): number => this.#values[ANNOUNCES_AT + ANNOUNCE_KINDS.indexOf(kind)]!;
    return {
      counted: at('counted'),
      first: at('first'),
      restarted: at('restarted'),
      backward: at('backward'),
      impossible: at('impossible'),
    };
  }

  /** In shadow mode, what the answers would have been. */
  get shadow(): { readonly peers: number; readonly foreign: number } {
    return { peers: this.#values[SHADOW_PEERS]!, foreign: this.#values[SHADOW_FOREIGN]! };
  }

  sampled(trafficClass: TrafficClass): { readonly peers: number; readonly foreign: number } {
    const at = SAMPLED_AT + 2 * TRAFFIC_CLASSES.indexOf(trafficClass);
    return { peers: this.#values[at]!, foreign: this.#values[at + 1]! };
  }

  byGroup(measure: GroupMeasure): Float64Array {
    const at = BY_GROUP_AT + GROUP_MEASURES.indexOf(measure) * GROUPS;
    return this.#values.subarray(at, at + GROUPS);
  }
}
