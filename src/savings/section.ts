/** The section `rollout` of the configuration: which households get the localised answer, and which are the control group. */
import { z } from 'zod';
import type { DeepReadonly } from '../config-kit/config-part.js';
import { flag, identifier, numberFrom, section } from '../config-kit/field-schemas.js';

export const DEFAULT_CONTROL_PERCENT = 1;
/** A larger control group would cost more than it shows. */
const LARGEST_CONTROL_PERCENT = 50;

export const schema = section({
  percent: numberFrom(0, 100).prefault(100),
  controlPercent: numberFrom(0, LARGEST_CONTROL_PERCENT).prefault(DEFAULT_CONTROL_PERCENT),
  subdomains: z.array(identifier).prefault([]),
  shadow: flag.prefault(false),
}).prefault({});

export type RolloutSection = DeepReadonly<z.output<typeof schema>>;

export interface SavingsConfig {
  readonly rollout: RolloutSection;
  readonly lab: boolean;
}
