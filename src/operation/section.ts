/** The section `operation` of the configuration. */
import type { z } from 'zod';
import type { DeepReadonly } from '../config-kit/config-part.js';
import { duration, section } from '../config-kit/field-schemas.js';

export const schema = section({
  /** How long the log of operator actions and of past alarms is stored. */
  log: duration('1d', '3650d', '366d'),
}).prefault({});

/** The sections that the part reads. */
export interface OperationConfig {
  readonly operation: DeepReadonly<z.output<typeof schema>>;
  readonly tracker: { readonly intervalMs: number };
}
