/** The section `history` of the configuration: how long the time series are kept. */
import type { z } from 'zod';
import type { DeepReadonly } from '../config-kit/config-part.js';
import { duration, section } from '../config-kit/field-schemas.js';

export const schema = section({
  minutes: duration('1h', '31d', '48h'),
  fiveMinutes: duration('1h', '366d', '30d'),
  hours: duration('1d', '3660d', '730d'),
}).prefault({});

export interface HistoryConfig {
  readonly history: DeepReadonly<z.output<typeof schema>>;
}
